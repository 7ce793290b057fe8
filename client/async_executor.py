"""The async shell: connections, the slot table, and batches carried through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import attrs

from pycluster.client.address import Address
from pycluster.client.async_pool import AsyncConnectionPool
from pycluster.client.batch import Batch, Share
from pycluster.client.command_table import Access
from pycluster.client.errors import (
    ClosedError,
    ClusterError,
    DeadlineExceededError,
    NoNodeReachableError,
    ResponseError,
)
from pycluster.client.options import ClientOptions
from pycluster.client.request import Part, Request
from pycluster.client.resp import Argument, pack
from pycluster.client.router import CLUSTER_SLOTS, Router
from pycluster.runtime import clock


def now_ms() -> int:
    """The event loop's clock, which cancel scopes go by."""
    return int(anyio.current_time() * 1_000)


@attrs.define(eq=False)
class AsyncFlight:
    """One node's share on its way.

    Attributes:
        share: the commands.
        replies: what came so far.
        error: why no more will come.
        boarded: whether a connection was found, so that the commands may have been sent.
    """

    share: Share
    replies: list[Any] = attrs.field(factory=list)
    error: ClusterError | None = None
    boarded: bool = False

    def expire(self) -> None:
        """The batch's time is over: say what was being waited for, if anything."""
        if self.error is None and len(self.replies) < len(self.share.items):
            self.error = _late(self.share.address, boarded=self.boarded)


def _late(address: Address, *, boarded: bool) -> DeadlineExceededError:
    return DeadlineExceededError(
        "the reply" if boarded else "a free connection", address, maybe_executed=boarded
    )


class AsyncExecutor:
    """Executes requests: the straight way for one command, a :class:`Batch` otherwise. For one event loop.

    Attributes:
        options: the client's settings.
        router: slot table, command table and choices.
    """

    def __init__(self, seeds: tuple[Address, ...], options: ClientOptions) -> None:
        self.options = options
        self.router = Router(seeds, options, clock.new_rng())
        self._pools: dict[Address, AsyncConnectionPool] = {}
        self._refresh_lock: anyio.Lock | None = None  # made in the event loop that will use it
        self._closed = False

    def close(self) -> None:
        """Close all connections; commands that are under way in other tasks still end."""
        self._closed = True
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    async def call(self, request: Request[Any], timeout_ms: int) -> Any:
        """The reply to one command; raises the error it ended with."""
        payload = pack(request.args)
        start_ms = now_ms()
        deadline_ms = start_ms + timeout_ms
        router = self.router
        if not router.slots.loaded:
            await self.ensure_loaded(deadline_ms)
        address = router.address_for(router.slot_of(request), request.access)
        trouble: Exception | None = None
        if address is not None:
            try:
                reply = await self._round_trip(address, payload, request.binary, start_ms, deadline_ms)
                if not isinstance(reply, ResponseError):
                    return reply
                trouble = reply
            except ClusterError as exc:
                trouble = exc
        # Only here does the command become a batch: redirects are too rare for every call to pay for them.
        batch = Batch(router, deadline_ms)
        (item,) = batch.add([Part(request)])
        if trouble is not None:
            batch.settle_one(item, trouble, asked=address, now_ms=now_ms())
        await self.drive(batch)
        if isinstance(item.reply, Exception):
            raise item.reply
        return item.reply

    async def replies(self, parts: Sequence[Part], timeout_ms: int) -> list[Any]:
        """The replies to several commands, or the errors they ended with, in their places."""
        batch = await self.new_batch(timeout_ms)
        items = batch.add(parts)
        await self.drive(batch)
        return [item.reply for item in items]

    async def new_batch(self, timeout_ms: int) -> Batch:
        """An empty batch whose time starts now; the slot table is loaded. Raises ClosedError."""
        if self._closed:
            raise ClosedError("the client is closed")
        deadline_ms = now_ms() + timeout_ms
        await self.ensure_loaded(deadline_ms)
        return Batch(self.router, deadline_ms)

    async def drive(self, batch: Batch) -> None:
        """Carry a batch through until nothing of it is pending."""
        while batch.pending:
            if self.router.refresh.due(now_ms()):
                await self._refresh(batch.deadline_ms)
            await anyio.sleep(batch.wait_ms(now_ms()) / 1_000)
            flights = [AsyncFlight(share) for share in batch.shares(now_ms())]
            with anyio.CancelScope(deadline=batch.deadline_ms / 1_000):
                if len(flights) == 1:
                    await self._fly(flights[0])
                else:
                    async with anyio.create_task_group() as group:
                        for flight in flights:
                            group.start_soon(self._fly, flight)
            for flight in flights:
                flight.expire()
                batch.settle(flight.share, flight.replies, flight.error, now_ms=now_ms())

    async def _fly(self, flight: AsyncFlight) -> None:
        address = flight.share.address
        try:
            pool = self._pools.get(address) or self._new_pool(address)
            connection = await pool.acquire(now_ms=now_ms())
            flight.boarded = True
            try:
                await connection.exchange(flight.share, flight.replies)
            except anyio.get_cancelled_exc_class():
                pool.discard(connection)
                raise
            except BaseException:
                pool.discard(connection)
                pool.drop_idle()
                raise
            pool.release(connection)
        except ClusterError as exc:
            flight.error = exc

    async def _round_trip(
        self, address: Address, payload: bytes, binary: bool, start_ms: int, deadline_ms: int
    ) -> Any:
        """One command there, one reply back."""
        pool = self._pools.get(address) or self._new_pool(address)
        boarded = False
        with anyio.CancelScope(deadline=deadline_ms / 1_000):
            connection = await pool.acquire(now_ms=start_ms)
            boarded = True
            try:
                reply = await connection.call(payload, binary=binary)
            except anyio.get_cancelled_exc_class():
                pool.discard(connection)
                raise
            except BaseException:
                pool.discard(connection)
                # The other idle connections probably broke with it, and each would cost a command a try.
                pool.drop_idle()
                raise
            pool.release(connection)
            return reply
        pool.drop_idle()
        raise _late(address, boarded=boarded)

    def _new_pool(self, address: Address) -> AsyncConnectionPool:
        if self._closed:
            raise ClosedError("the client is closed")
        pool = self._pools[address] = AsyncConnectionPool(address, self.options)
        return pool

    async def ensure_loaded(self, deadline_ms: int) -> None:
        """Fetch the slot table if there is none yet; raises NoNodeReachableError, DeadlineExceededError."""
        if self.router.slots.loaded:
            return
        if self._closed:
            raise ClosedError("the client is closed")
        if self._refresh_lock is None:
            self._refresh_lock = anyio.Lock()
        with anyio.CancelScope(deadline=deadline_ms / 1_000):
            async with self._refresh_lock:
                if not self.router.slots.loaded:
                    await self._fetch_slots(deadline_ms)
            return
        raise DeadlineExceededError("the slot table", None, maybe_executed=False)

    async def _refresh(self, deadline_ms: int) -> None:
        """Fetch the slot table again, unless another task is at it; failing is no error yet."""
        if self._refresh_lock is None or self._refresh_lock.locked():
            return
        async with self._refresh_lock:
            try:
                await self._fetch_slots(deadline_ms)
            except (NoNodeReachableError, ClosedError):
                self.router.refresh.finish(succeeded=False, now_ms=now_ms())

    async def _fetch_slots(self, deadline_ms: int) -> None:
        steps = self.router.refreshing()
        address = next(steps)
        while True:
            start_ms = now_ms()
            until_ms = min(deadline_ms, start_ms + self.options.connect_timeout_ms)
            answer: Any
            try:
                answer = await self._round_trip(address, CLUSTER_SLOTS, True, start_ms, until_ms)
            except ClosedError:
                raise
            except ClusterError as exc:
                answer = exc
            try:
                address = steps.send(answer)
            except StopIteration:
                break
        self.router.refresh.finish(succeeded=True, now_ms=now_ms())
        self._forget_pools()

    def _forget_pools(self) -> None:
        """Close the pools of nodes that are no more."""
        known = self.router.known_addresses()
        for address in [address for address in self._pools if address not in known]:
            self._pools.pop(address).close()

    async def request_for(
        self, args: tuple[Argument, ...], *, access: Access | None = None, binary: bool = False
    ) -> Request[Any]:
        """The request for a command given by its words; a server is asked about one that is not built in.

        Raises:
            UnsupportedCommandError: it would change the state of a pooled connection.
        """
        request = self.router.request_for(args, access=access, binary=binary)
        if request is not None:
            return request
        steps = self.router.asking_for(args, access=access, binary=binary)
        question = next(steps)
        while True:
            answer: Any
            try:
                answer = await self.call(question, self.options.timeout_ms)
            except ResponseError as exc:
                answer = exc
            try:
                question = steps.send(answer)
            except StopIteration as stop:
                resolved: Request[Any] = stop.value
                return resolved
