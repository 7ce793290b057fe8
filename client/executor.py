"""The blocking shell: connections, the slot table, and batches carried through."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from typing import Any

from pycluster.client.address import Address
from pycluster.client.batch import Batch
from pycluster.client.command_table import Access
from pycluster.client.errors import (
    ClosedError,
    ClusterError,
    DeadlineExceededError,
    NoNodeReachableError,
    ResponseError,
)
from pycluster.client.exchange import Flight, exchange
from pycluster.client.options import ClientOptions
from pycluster.client.pool import ConnectionPool
from pycluster.client.request import Part, Request
from pycluster.client.resp import Argument, pack
from pycluster.client.router import CLUSTER_SLOTS, Router
from pycluster.runtime import clock


class Executor:
    """Executes requests: the straight way for one command, a :class:`Batch` otherwise. Thread-safe.

    Attributes:
        options: the client's settings.
        router: slot table, command table and choices.
    """

    def __init__(self, seeds: tuple[Address, ...], options: ClientOptions) -> None:
        self.options = options
        self.router = Router(seeds, options, clock.new_rng())
        self._pools: dict[Address, ConnectionPool] = {}
        self._pools_lock = threading.Lock()
        self._refresh_lock = threading.Lock()
        self._closing = threading.Event()
        _executors.add(self)

    def reset_after_fork(self) -> None:
        """In a forked child: the parent goes on using the connections, and its threads may hold our locks."""
        for pool in self._pools.values():
            pool.abandon()
        self._pools = {}
        self._pools_lock = threading.Lock()
        self._refresh_lock = threading.Lock()
        was_closed, self._closing = self._closing.is_set(), threading.Event()
        if was_closed:
            self._closing.set()

    def close(self) -> None:
        """Close all connections; commands that are under way in other threads still end."""
        self._closing.set()
        with self._pools_lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    def call(self, request: Request[Any], timeout_ms: int) -> Any:
        """The reply to one command; raises the error it ended with."""
        payload = pack(request.args)
        now_ms = clock.monotonic_ms()
        deadline_ms = now_ms + timeout_ms
        router = self.router
        if not router.slots.loaded:
            self.ensure_loaded(deadline_ms)
        address = router.address_for(router.slot_of(request), request.access)
        trouble: Exception | None = None
        if address is not None:
            try:
                reply = self._round_trip(address, payload, request.binary, now_ms, deadline_ms)
                if not isinstance(reply, ResponseError):
                    return reply
                trouble = reply
            except ClusterError as exc:
                trouble = exc
        # Only here does the command become a batch: redirects are too rare for every call to pay for them.
        batch = Batch(router, deadline_ms)
        (item,) = batch.add([Part(request)])
        if trouble is not None:
            batch.settle_one(item, trouble, asked=address, now_ms=clock.monotonic_ms())
        self.drive(batch)
        if isinstance(item.reply, Exception):
            raise item.reply
        return item.reply

    def replies(self, parts: Sequence[Part], timeout_ms: int) -> list[Any]:
        """The replies to several commands, or the errors they ended with, in their places."""
        batch = self.new_batch(timeout_ms)
        items = batch.add(parts)
        self.drive(batch)
        return [item.reply for item in items]

    def new_batch(self, timeout_ms: int) -> Batch:
        """An empty batch whose time starts now; the slot table is loaded. Raises ClosedError."""
        if self._closing.is_set():
            raise ClosedError("the client is closed")
        deadline_ms = clock.monotonic_ms() + timeout_ms
        self.ensure_loaded(deadline_ms)
        return Batch(self.router, deadline_ms)

    def drive(self, batch: Batch) -> None:
        """Carry a batch through until nothing of it is pending."""
        while batch.pending:
            if self.router.refresh.due(clock.monotonic_ms()):
                self._refresh(batch.deadline_ms)
            wait_ms = batch.wait_ms(clock.monotonic_ms())
            if wait_ms:
                self._closing.wait(wait_ms / 1_000)
            flights = [Flight(share) for share in batch.shares(clock.monotonic_ms())]
            boarded: list[tuple[ConnectionPool, Flight]] = []
            try:
                for flight in flights:
                    self._board(flight, boarded, batch.deadline_ms)
                exchange(flights, deadline_ms=batch.deadline_ms)
            finally:
                for pool, flight in boarded:
                    _land(pool, flight)
            now_ms = clock.monotonic_ms()
            for flight in flights:
                batch.settle(flight.share, flight.replies, flight.error, now_ms=now_ms)

    def _board(self, flight: Flight, boarded: list[tuple[ConnectionPool, Flight]], deadline_ms: int) -> None:
        address = flight.share.address
        try:
            pool = self._pools.get(address) or self._new_pool(address)
            flight.connection = pool.acquire(now_ms=clock.monotonic_ms(), deadline_ms=deadline_ms)
            boarded.append((pool, flight))
        except ClusterError as exc:
            flight.error = exc

    def _round_trip(
        self, address: Address, payload: bytes, binary: bool, now_ms: int, deadline_ms: int
    ) -> Any:
        """One command there, one reply back."""
        pool = self._pools.get(address) or self._new_pool(address)
        connection = pool.acquire(now_ms=now_ms, deadline_ms=deadline_ms)
        try:
            reply = connection.call(payload, binary=binary, now_ms=now_ms, deadline_ms=deadline_ms)
        except BaseException:
            pool.discard(connection)
            # The other idle connections probably broke with it, and each would cost a command a try.
            pool.drop_idle()
            raise
        pool.release(connection)
        return reply

    def _new_pool(self, address: Address) -> ConnectionPool:
        with self._pools_lock:
            if self._closing.is_set():
                raise ClosedError("the client is closed")
            return self._pools.setdefault(address, ConnectionPool(address, self.options))

    def ensure_loaded(self, deadline_ms: int) -> None:
        """Fetch the slot table if there is none yet; raises NoNodeReachableError, DeadlineExceededError."""
        if not self.router.slots.loaded:
            self._load(deadline_ms)

    def _load(self, deadline_ms: int) -> None:
        """Fetch the first slot table; one thread does, the others wait for it."""
        if self._closing.is_set():
            raise ClosedError("the client is closed")
        timeout_s = max(deadline_ms - clock.monotonic_ms(), 0) / 1_000
        if not self._refresh_lock.acquire(timeout=timeout_s):
            raise DeadlineExceededError("the slot table", None, maybe_executed=False)
        try:
            if not self.router.slots.loaded:
                self._fetch_slots(deadline_ms)
        finally:
            self._refresh_lock.release()

    def _refresh(self, deadline_ms: int) -> None:
        """Fetch the slot table again, unless another thread is at it; failing is no error yet."""
        if not self._refresh_lock.acquire(blocking=False):
            return
        try:
            self._fetch_slots(deadline_ms)
        except (NoNodeReachableError, ClosedError):
            self.router.refresh.finish(succeeded=False, now_ms=clock.monotonic_ms())
        finally:
            self._refresh_lock.release()

    def _fetch_slots(self, deadline_ms: int) -> None:
        steps = self.router.refreshing()
        address = next(steps)
        while True:
            start_ms = clock.monotonic_ms()
            until_ms = min(deadline_ms, start_ms + self.options.connect_timeout_ms)
            answer: Any
            try:
                answer = self._round_trip(address, CLUSTER_SLOTS, True, start_ms, until_ms)
            except ClosedError:
                raise
            except ClusterError as exc:
                answer = exc
            try:
                address = steps.send(answer)
            except StopIteration:
                break
        self.router.refresh.finish(succeeded=True, now_ms=clock.monotonic_ms())
        self._forget_pools()

    def _forget_pools(self) -> None:
        """Close the pools of nodes that are no more."""
        known = self.router.known_addresses()
        with self._pools_lock:
            gone = [self._pools.pop(address) for address in list(self._pools) if address not in known]
        for pool in gone:
            pool.close()

    def request_for(
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
                answer = self.call(question, self.options.timeout_ms)
            except ResponseError as exc:
                answer = exc
            try:
                question = steps.send(answer)
            except StopIteration as stop:
                resolved: Request[Any] = stop.value
                return resolved


def _land(pool: ConnectionPool, flight: Flight) -> None:
    """Give a connection back; one whose replies were not all read is of no more use."""
    connection, flight.connection = flight.connection, None
    if connection is None:
        return
    if len(flight.replies) == len(flight.share.items):
        pool.release(connection)
    else:
        pool.discard(connection)
        pool.drop_idle()


_executors: weakref.WeakSet[Executor] = weakref.WeakSet()


def _reset_all() -> None:
    for executor in list(_executors):
        executor.reset_after_fork()


# A server that forks its workers after the first command would otherwise have them share sockets.
os.register_at_fork(after_in_child=_reset_all)
