"""Commands that were queued: handles to their results, and the queue a pipeline is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import attrs

from pycluster.client.batch import UNANSWERED, Batch, Item
from pycluster.client.errors import (
    NotExecutedError,
    PipelineError,
    PipelineFullError,
    UnexpectedReplyError,
    UsageError,
)
from pycluster.client.request import Operation, Part, Request

R = TypeVar("R")


@attrs.define(eq=False)
class Queued(Generic[R]):
    """A command in a pipeline, and the place where its result will be."""

    operation: Operation[R]
    _outcome: Any = UNANSWERED

    def result(self) -> R:
        """The result; raises the error the command ended with, or NotExecutedError before the end."""
        if self._outcome is UNANSWERED:
            raise NotExecutedError("the pipeline has not been executed")
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome  # type: ignore[no-any-return]

    def settle(self, outcome: Any) -> None:
        """Put the result there, or the exception."""
        self._outcome = outcome

    @property
    def outcome(self) -> Any:
        """The result, or the exception, as it stands in a pipeline's list of results."""
        return self._outcome

    @property
    def name(self) -> str:
        """The command's name, for messages."""
        operation = self.operation
        return str(operation.args[0]) if isinstance(operation, Request) else type(operation).__name__


@attrs.define
class PendingBatch:
    """A batch and the queued operations it carries out.

    Attributes:
        batch: what the shell drives between :meth:`add` and :meth:`finish`.
    """

    batch: Batch
    _simple: list[tuple[Queued[Any], Request[Any], Item]] = attrs.field(factory=list, init=False)
    _compound: list[tuple[Queued[Any], Sequence[Part], Sequence[Item]]] = attrs.field(
        factory=list, init=False
    )

    def add(self, queued: Iterable[Queued[Any]]) -> None:
        """Take operations in; one that cannot be encoded ends with its error here and now."""
        batch = self.batch
        for one in queued:
            operation = one.operation
            try:
                if type(operation) is Request:
                    self._simple.append((one, operation, batch.add_request(operation)))
                else:
                    parts = operation.parts(batch.router.slots)
                    self._compound.append((one, parts, batch.add(parts)))
            except UsageError as exc:
                one.settle(exc)

    def finish(self) -> None:
        """Every reply is there: make the results."""
        for one, request, item in self._simple:
            reply = item.reply
            # Nearly all commands of a pipeline are plain requests, so this loop takes the short way.
            if request.decode is not None and not isinstance(reply, Exception):
                reply = _result(request, (), (reply,))
            one.settle(reply)
        for one, parts, items in self._compound:
            one.settle(merged(one.operation, parts, [item.reply for item in items]))


def _result(operation: Operation[R], parts: Sequence[Part], replies: Sequence[Any]) -> R | Exception:
    try:
        return operation.merge(parts, replies)
    except UnexpectedReplyError as exc:  # must not take the other commands' results along
        return exc
    except (TypeError, ValueError) as exc:  # from combining the parts of one command
        return UnexpectedReplyError(type(operation).__name__, str(exc))


def merged(operation: Operation[R], parts: Sequence[Part], replies: Sequence[Any]) -> R | Exception:
    """The result of an operation, or the first error among its replies."""
    failed = [reply for reply in replies if isinstance(reply, Exception)]
    if failed:
        if len(parts) > 1:
            failed[0].add_note(
                f"{len(failed)} of the {len(parts)} parts of this command failed, the others did not"
            )
        return failed[0]
    return _result(operation, parts, replies)


@attrs.define
class CommandQueue:
    """A bounded list of commands.

    Attributes:
        depth_max: how many it may hold.
    """

    depth_max: int
    _queued: list[Queued[Any]] = attrs.field(factory=list, init=False)

    def add(self, operation: Operation[R]) -> Queued[R]:
        """Queue an operation; raises PipelineFullError."""
        if len(self._queued) >= self.depth_max:
            raise PipelineFullError(self.depth_max)
        queued = Queued(operation)
        self._queued.append(queued)
        return queued

    def take(self) -> list[Queued[Any]]:
        """All that is queued; the queue is empty afterwards."""
        queued, self._queued = self._queued, []
        return queued

    def __len__(self) -> int:
        return len(self._queued)


def results_of(queued: Sequence[Queued[Any]], *, raise_on_error: bool) -> list[Any]:
    """The results in the commands' order, errors in their places; or raises PipelineError if asked to."""
    results = [one.outcome for one in queued]
    if raise_on_error:
        for index, outcome in enumerate(results):
            if isinstance(outcome, Exception):
                raise PipelineError(index, queued[index].name, outcome, results) from outcome
    return results
