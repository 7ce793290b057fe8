"""The connections to one node, shared by tasks."""

from __future__ import annotations

from collections import deque

import anyio

from pycluster.client.address import Address
from pycluster.client.async_connection import AsyncConnection
from pycluster.client.errors import ConnectionFailedError
from pycluster.client.options import ClientOptions
from pycluster.client.pool import IDLE_TRUSTED_MS


class AsyncConnectionPool:
    """At most ``pool_size_max`` connections, the last one used reused first. For one event loop."""

    def __init__(self, address: Address, options: ClientOptions) -> None:
        self.address = address
        self._options = options
        self._idle: deque[AsyncConnection] = deque()
        self._room = anyio.Semaphore(options.pool_size_max)
        self._closed = False

    async def acquire(self, *, now_ms: int) -> AsyncConnection:
        """A connection for the caller alone, until :meth:`release` or :meth:`discard`; the caller limits the
        time.

        Raises:
            ConnectionFailedError: also when the pool is closed, because its node has left the cluster.
            AuthenticationError, LoadingError: see :meth:`AsyncConnection.open`.
        """
        try:
            self._room.acquire_nowait()
        except anyio.WouldBlock:
            await self._room.acquire()
        try:
            if self._closed:
                raise ConnectionFailedError(self.address, "its pool is closed")
            connection = self._take_idle(now_ms) or await AsyncConnection.open(self.address, self._options)
        except BaseException:
            self._room.release()
            raise
        connection.used_at_ms = now_ms
        return connection

    def _take_idle(self, now_ms: int) -> AsyncConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if now_ms - connection.used_at_ms <= IDLE_TRUSTED_MS or connection.is_usable():
                return connection
            connection.close()
        return None

    def release(self, connection: AsyncConnection) -> None:
        """Give a connection back whose replies have all been read."""
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)
        self._room.release()

    def discard(self, connection: AsyncConnection) -> None:
        """Close a connection that may not be used again."""
        connection.close()
        self._room.release()

    def drop_idle(self) -> None:
        """Close what is idle: one connection to the node broke, so the others probably did too."""
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Close idle connections now and the others when they come back; waiting callers get an error."""
        self._closed = True
        self.drop_idle()
