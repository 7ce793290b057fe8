"""Pipelines of the blocking client."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from pycluster.client.commands import Commands
from pycluster.client.executor import Executor
from pycluster.client.pipeline import CommandQueue, PendingBatch, Queued, results_of
from pycluster.client.request import Operation, QueueTarget, V
from pycluster.client.resp import Argument

R = TypeVar("R")


class Pipeline(Commands[V], QueueTarget, Generic[V]):
    """Commands that are queued, then sent to all their nodes at once. Belongs to one thread.

    It saves round trips and promises no more: the commands of one slot are executed in their order, unless
    the slot moves meanwhile; others may come between them.

    Typed commands return a handle whose ``result()`` has the command's type once :meth:`execute` has run.
    """

    def __init__(self, executor: Executor, *, raise_on_error: bool) -> None:
        self._executor = executor
        self._raise_on_error = raise_on_error
        self._queue = CommandQueue(executor.options.pipeline_depth_max)

    def run(self, operation: Operation[R]) -> Queued[R]:
        """Queue an operation; raises PipelineFullError."""
        return self._queue.add(operation)

    def queue(self, *args: Argument) -> Queued[Any]:
        """Queue any command; its result is the reply as it comes.

        Raises:
            PipelineFullError: ``pipeline_depth_max`` commands are queued already.
            UnsupportedCommandError: it would change the state of a pooled connection.
        """
        return self._queue.add(self._executor.request_for(args))

    def execute(self, *, raise_on_error: bool | None = None, timeout_s: float | None = None) -> list[Any]:
        """Execute what is queued; the queue is empty afterwards.

        Args:
            raise_on_error: raise PipelineError if a command failed, rather than put its error in its place.
            timeout_s: for all commands together; default: the client's.

        Returns:
            The results, in the order of the commands.
        """
        queued = self._queue.take()
        timeout_ms = (
            self._executor.options.timeout_ms if timeout_s is None else max(1, round(timeout_s * 1_000))
        )
        pending = PendingBatch(self._executor.new_batch(timeout_ms))
        pending.add(queued)
        self._executor.drive(pending.batch)
        pending.finish()
        return results_of(
            queued, raise_on_error=self._raise_on_error if raise_on_error is None else raise_on_error
        )

    def __len__(self) -> int:
        return len(self._queue)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Forget what was not executed."""
        self._queue.take()
