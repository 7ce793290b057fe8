"""The async client, for anyio: trio and asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, Generic, Literal, Self, TypeVar, Unpack, overload

from pycluster.client.address import PORT_DEFAULT, Address
from pycluster.client.async_executor import AsyncExecutor, now_ms
from pycluster.client.async_pipeline import AsyncPipeline
from pycluster.client.command_table import Access
from pycluster.client.commands import Commands
from pycluster.client.options import ClientOptions, Settings
from pycluster.client.pipeline import merged
from pycluster.client.request import AsyncTarget, Operation, Part, Request, V
from pycluster.client.resp import Argument
from pycluster.client.scan import ScanCursor
from pycluster.client.url import parse_urls

R = TypeVar("R")


class AsyncCluster(Commands[V], AsyncTarget, Generic[V]):
    """A client of a cluster, or of one server without cluster mode; tasks may share it.

    Nothing is connected before the first command, or before ``async with`` or :meth:`connect`.

    Args:
        host: name or address of any node.
        port: its port.
        seeds: further nodes to ask when the first doesn't answer.
        decode_responses: strings in replies as str instead of bytes.
        settings: see :class:`~pycluster.client.options.ClientOptions`.
    """

    @overload
    def __init__(
        self: AsyncCluster[bytes],
        host: str = ...,
        port: int = ...,
        *,
        seeds: Iterable[Address | tuple[str, int]] = ...,
        decode_responses: Literal[False] = ...,
        **settings: Unpack[Settings],
    ) -> None: ...
    @overload
    def __init__(
        self: AsyncCluster[str],
        host: str = ...,
        port: int = ...,
        *,
        seeds: Iterable[Address | tuple[str, int]] = ...,
        decode_responses: Literal[True],
        **settings: Unpack[Settings],
    ) -> None: ...
    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = PORT_DEFAULT,
        *,
        seeds: Iterable[Address | tuple[str, int]] = (),
        decode_responses: bool = False,
        **settings: Unpack[Settings],
    ) -> None:
        options = ClientOptions(decode_responses=decode_responses, **settings)
        all_seeds = tuple(dict.fromkeys([Address(host, port), *(Address(*seed) for seed in seeds)]))
        self.options = options
        self._executor = AsyncExecutor(all_seeds, options)

    @overload
    @classmethod
    def from_url(
        cls, urls: str | Iterable[str], *, decode_responses: Literal[True], **settings: Unpack[Settings]
    ) -> AsyncCluster[str]: ...
    @overload
    @classmethod
    def from_url(
        cls,
        urls: str | Iterable[str],
        *,
        decode_responses: Literal[False] = ...,
        **settings: Unpack[Settings],
    ) -> AsyncCluster[bytes]: ...
    @classmethod
    def from_url(cls, urls: str | Iterable[str], **settings: Any) -> Any:
        """A client for
        ``redis://[[user]:password@]host[:port][,host[:port]...][/database][?setting=value&...]``.

        Args:
            urls: one URL or several, all of the same cluster.
            decode_responses: here rather than in the URL, so that type checkers see it.
            settings: win over those of the URL.

        Raises:
            UsageError: the URL is malformed.
        """
        parsed = parse_urls(urls)
        first, *others = parsed.seeds
        return cls(first.host, first.port, seeds=others, **{**parsed.settings, **settings})

    async def connect(self) -> Self:
        """Fetch the slot table now rather than with the first command.

        Raises:
            NoNodeReachableError: no seed answers.
            AuthenticationError: a seed does not let us in.
        """
        await self._executor.ensure_loaded(now_ms() + self.options.timeout_ms)
        return self

    async def aclose(self) -> None:
        """Close all connections; commands that are under way in other tasks still end."""
        self._executor.close()

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def execute(
        self,
        *args: Argument,
        node: Address | tuple[str, int] | None = None,
        timeout_s: float | None = None,
        repeatable: bool | None = None,
        binary: bool = False,
    ) -> Any:
        """Execute any command and return its reply as it came.

        Args:
            args: name and arguments: bytes, str, int or float.
            node: execute it there; default: the node that serves its key, or any primary if it has none.
            timeout_s: instead of the client's; a blocking command (BLPOP, ...) needs more time than it
                blocks.
            repeatable: whether it may be sent again when its reply was lost; default: reads and idempotent
                writes.
            binary: strings of this reply as bytes, also with ``decode_responses``.

        Raises:
            ResponseError: the server's refusal.
            ClusterError: see :mod:`pycluster.client.errors`.
        """
        timeout_ms = self.options.timeout_ms if timeout_s is None else max(1, round(timeout_s * 1_000))
        access = None
        if repeatable is not None:
            access = Access.IDEMPOTENT if repeatable else Access.WRITE
        request = await self._executor.request_for(args, access=access, binary=binary)
        if node is None:
            return await self._executor.call(request, timeout_ms)
        (reply,) = await self._executor.replies([Part(request, Address(*node))], timeout_ms)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def execute_all(self, *args: Argument, replicas: bool = False) -> dict[Address, Any]:
        """Execute a command on every primary, and on every replica if asked to; replies or errors by node."""
        await self.connect()
        nodes = self.primaries + (self.replicas if replicas else ())
        request = await self._executor.request_for(args)
        replies = await self._executor.replies(
            [Part(request, node) for node in nodes], self.options.timeout_ms
        )
        return dict(zip(nodes, replies, strict=True))

    def pipeline(self, *, raise_on_error: bool = True) -> AsyncPipeline[V]:
        """A queue of commands that are sent to all their nodes at once; see :class:`AsyncPipeline`."""
        return AsyncPipeline(self._executor, raise_on_error=raise_on_error)

    async def scan_iter(
        self, match: Argument | None = None, *, count: int | None = None, type: str | None = None
    ) -> AsyncIterator[V]:
        """All keys, primary by primary, in no order.

        A key that exists from beginning to end is seen at least once, and twice at times; one that comes or
        goes meanwhile may or may not be seen, and so may keys of slots that move.

        Args:
            match: a glob pattern.
            count: about how many keys a server looks at per call.
            type: only keys of this data type.
        """
        await self.connect()
        for node in self.primaries:
            cursor = ScanCursor(match, count, type)
            while (args := cursor.next_command()) is not None:
                for key in cursor.take(await self.execute(*args, node=node)):
                    yield key

    @property
    def primaries(self) -> tuple[Address, ...]:
        """The primaries as far as known; empty before the slot table is loaded."""
        return self._executor.router.slots.primaries()

    @property
    def replicas(self) -> tuple[Address, ...]:
        """The replicas as far as known."""
        return self._executor.router.slots.replicas()

    async def run(self, operation: Operation[R]) -> R:
        """Execute an operation and return its result; what all typed commands do."""
        if isinstance(operation, Request):
            result: R = operation.result(await self._executor.call(operation, self.options.timeout_ms))
            return result
        await self._executor.ensure_loaded(now_ms() + self.options.timeout_ms)
        parts = operation.parts(self._executor.router.slots)
        replies = await self._executor.replies(parts, self.options.timeout_ms)
        outcome = merged(operation, parts, replies)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
