"""The connections to one node, shared by threads."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from pycluster.client.address import Address
from pycluster.client.connection import Connection
from pycluster.client.errors import ConnectionFailedError, DeadlineExceededError
from pycluster.client.options import ClientOptions
from pycluster.runtime import clock

IDLE_TRUSTED_MS: Final = 50
"""A connection that was idle for longer is looked at before it is used again."""


class ConnectionPool:
    """At most ``pool_size_max`` connections; the last one used is the first one reused.

    Thread-safe. Taking an idle connection and giving it back needs no lock: a deque's ends are atomic, and
    only those who find it empty meet at the lock.
    """

    def __init__(self, address: Address, options: ClientOptions) -> None:
        self.address = address
        self._options = options
        self._idle: deque[Connection] = deque()
        self._condition = threading.Condition()
        self._open_count = 0
        self._waiting = 0
        self._closed = False

    def acquire(self, *, now_ms: int, deadline_ms: int) -> Connection:
        """A connection for the caller alone, until :meth:`release` or :meth:`discard`.

        Raises:
            DeadlineExceededError: all are in use and none was given back in time.
            ConnectionFailedError: also when the pool is closed, because its node has left the cluster.
            AuthenticationError, LoadingError: see :meth:`Connection.open`.
        """
        while True:
            connection = self._take_idle()
            if connection is None:
                if self._reserve(deadline_ms):
                    return self._open(now_ms, deadline_ms)
                continue
            if now_ms - connection.used_at_ms <= IDLE_TRUSTED_MS or connection.is_usable():
                connection.used_at_ms = now_ms
                return connection
            self.discard(connection)

    def _take_idle(self) -> Connection | None:
        try:
            return self._idle.pop()
        except IndexError:  # asking first would be a race
            return None

    def _reserve(self, deadline_ms: int) -> bool:
        """True: the caller may open one. False: there may be an idle one by now."""
        with self._condition:
            if self._closed:
                raise ConnectionFailedError(self.address, "its pool is closed")
            if self._idle:
                return False
            if self._open_count < self._options.pool_size_max:
                self._open_count += 1
                return True
            # Counted before looking again: whoever gives one back now either is seen here or sees us waiting.
            self._waiting += 1
            try:
                timeout_s = (deadline_ms - clock.monotonic_ms()) / 1_000
                if not self._idle and (timeout_s <= 0 or not self._condition.wait(timeout_s)):
                    raise DeadlineExceededError("a free connection", self.address, maybe_executed=False)
            finally:
                self._waiting -= 1
            return False

    def _open(self, now_ms: int, deadline_ms: int) -> Connection:
        try:
            connection = Connection.open(self.address, self._options, deadline_ms=deadline_ms)
        except BaseException:
            self._forget_one()
            raise
        connection.used_at_ms = now_ms
        return connection

    def release(self, connection: Connection) -> None:
        """Give a connection back whose replies have all been read."""
        if self._closed:
            self.discard(connection)
            return
        self._idle.append(connection)
        if self._waiting:
            with self._condition:
                self._condition.notify()
        if self._closed:  # closed between the look and the append: nobody else would close this one
            self._drain()

    def discard(self, connection: Connection) -> None:
        """Close a connection that may not be used again."""
        connection.close()
        self._forget_one()

    def _forget_one(self) -> None:
        with self._condition:
            self._open_count -= 1
            self._condition.notify()

    def drop_idle(self) -> None:
        """Close what is idle: one connection to the node broke, so the others probably did too."""
        self._drain()

    def _drain(self) -> None:
        while (connection := self._take_idle()) is not None:
            self.discard(connection)

    def close(self) -> None:
        """Close idle connections now and the others when they come back; waiting callers get an error."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._drain()

    def abandon(self) -> None:
        """In a forked child: close our copies of the sockets, without locks, which a lost thread may hold."""
        while self._idle:
            self._idle.pop().close()
