"""Pipelines of the async client."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from pycluster.client.async_executor import AsyncExecutor
from pycluster.client.command_table import Access
from pycluster.client.commands import Commands
from pycluster.client.pipeline import CommandQueue, PendingBatch, Queued, results_of
from pycluster.client.request import Operation, QueueTarget, Request, V
from pycluster.client.resp import Argument

R = TypeVar("R")


class AsyncPipeline(Commands[V], QueueTarget, Generic[V]):
    """Commands that are queued, then sent to all their nodes at once. Belongs to one task.

    It saves round trips and promises no more: the commands of one slot are executed in their order, unless
    the slot moves meanwhile; others may come between them.

    Typed commands return a handle whose ``result()`` has the command's type once :meth:`execute` has run.
    """

    def __init__(self, executor: AsyncExecutor, *, raise_on_error: bool) -> None:
        self._executor = executor
        self._raise_on_error = raise_on_error
        self._queue = CommandQueue(executor.options.pipeline_depth_max)
        self._unresolved: list[tuple[Queued[Any], tuple[Argument, ...]]] = []

    def run(self, operation: Operation[R]) -> Queued[R]:
        """Queue an operation; raises PipelineFullError."""
        return self._queue.add(operation)

    def queue(self, *args: Argument) -> Queued[Any]:
        """Queue any command; its result is the reply as it comes.

        Raises:
            PipelineFullError: ``pipeline_depth_max`` commands are queued already.
            UnsupportedCommandError: it would change the state of a pooled connection.
        """
        request = self._executor.router.request_for(args)
        if request is not None:
            return self._queue.add(request)
        # Only a server can tell where its keys are, and asking has to wait until we may wait.
        queued = self._queue.add(Request[Any](args, None, Access.WRITE))
        self._unresolved.append((queued, args))
        return queued

    async def execute(
        self, *, raise_on_error: bool | None = None, timeout_s: float | None = None
    ) -> list[Any]:
        """Execute what is queued; the queue is empty afterwards.

        Args:
            raise_on_error: raise PipelineError if a command failed, rather than put its error in its place.
            timeout_s: for all commands together; default: the client's.

        Returns:
            The results, in the order of the commands.
        """
        queued = self._queue.take()
        unresolved, self._unresolved = self._unresolved, []
        for one, args in unresolved:
            one.operation = await self._executor.request_for(args)
        timeout_ms = (
            self._executor.options.timeout_ms if timeout_s is None else max(1, round(timeout_s * 1_000))
        )
        pending = PendingBatch(await self._executor.new_batch(timeout_ms))
        pending.add(queued)
        await self._executor.drive(pending.batch)
        pending.finish()
        return results_of(
            queued, raise_on_error=self._raise_on_error if raise_on_error is None else raise_on_error
        )

    def __len__(self) -> int:
        return len(self._queue)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Forget what was not executed."""
        self._queue.take()
        self._unresolved.clear()
