"""One connection to one node, for anyio: trio and asyncio."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

import anyio

from pycluster.client.address import Address
from pycluster.client.batch import Share
from pycluster.client.channel import Channel
from pycluster.client.errors import ClusterError, ConnectionFailedError, ConnectionLostError
from pycluster.client.handshake import greet
from pycluster.client.options import ClientOptions
from pycluster.client.resp import INCOMPLETE, pack


class AsyncConnection(Channel):
    """A connection that has introduced itself. Belongs to one task at a time; deadlines are cancel scopes.

    Waiting for the bare socket rather than using anyio's streams halves the work of a command.
    """

    __slots__ = ()

    @classmethod
    async def open(cls, address: Address, options: ClientOptions) -> AsyncConnection:
        """Connect and introduce ourselves, within ``connect_timeout_s``.

        Raises:
            ConnectionFailedError: nobody listens, answers in time, or lets us in.
            AuthenticationError, LoadingError: see :func:`~pycluster.client.handshake.greet`.
        """
        with anyio.move_on_after(options.connect_timeout_s):
            sock = await _connect(address)
            try:
                connection = cls(sock, address, options)
                await connection._greet(options)
            except ConnectionLostError as exc:
                sock.close()
                raise ConnectionFailedError(address, f"no greeting: {exc}") from exc
            except BaseException:
                sock.close()
                raise
            return connection
        raise ConnectionFailedError(address, f"no connection within {options.connect_timeout_s} s")

    async def _greet(self, options: ClientOptions) -> None:
        greeting = greet(options, self.address)
        commands = next(greeting)
        while True:
            await self.write(b"".join(map(pack, commands)))
            replies = [await self.read(binary=False) for _ in commands]
            try:
                commands = greeting.send(replies)
            except StopIteration as stop:
                self.protocol = stop.value
                return

    async def call(self, payload: bytes, *, binary: bool) -> Any:
        """Send one packed command and wait for its reply; an error reply is returned, not raised.

        Raises:
            ConnectionFailedError: it broke before the command was sent whole.
            ConnectionLostError: it broke afterwards.
            ProtocolError: what came is no reply.
        """
        await self.write(payload)
        return await self.read(binary=binary)

    async def exchange(self, share: Share, replies: list[Any]) -> None:
        """Send a node's share and append the replies to ``replies``; raises as :meth:`call`.

        What the socket does not take at once is sent while replies are read: a server that holds back its
        replies because nobody reads them would not read our commands either. Replies before an error stay.
        """
        payload = b"".join(share.payloads)
        try:
            sent = self.send_some(payload)
            if sent == len(payload):
                await self._read_replies(share, replies)
                return
            async with anyio.create_task_group() as group:
                failed: list[ClusterError] = []
                group.start_soon(self._write_rest, memoryview(payload)[sent:], failed)
                try:
                    await self._read_replies(share, replies)
                except ClusterError as exc:
                    failed.append(exc)
                    group.cancel_scope.cancel()
            if failed:
                raise failed[0]
        except ConnectionFailedError as exc:
            if len(share.payloads) == 1:
                raise
            # Of several commands the first may have been sent whole.
            raise ConnectionLostError(exc.address, exc.reason) from exc

    async def _write_rest(self, payload: memoryview, failed: list[ClusterError]) -> None:
        try:
            await self.write(payload)
        except ConnectionFailedError as exc:
            failed.append(exc)  # the reader meets the same end, after the replies that did come

    async def write(self, payload: bytes | memoryview) -> None:
        """Send all of ``payload``; raises ConnectionFailedError."""
        sent = self.send_some(payload)
        view = memoryview(payload)
        while sent < len(view):
            await anyio.wait_writable(self._socket)
            sent += self.send_some(view[sent:])

    async def read(self, *, binary: bool) -> Any:
        """The next reply; raises ConnectionLostError and ProtocolError."""
        while (reply := self.next_reply(binary)) is INCOMPLETE:
            await anyio.wait_readable(self._socket)
            self.receive()
        return reply

    async def _read_replies(self, share: Share, replies: list[Any]) -> None:
        for item in share.items:
            replies.append(await self.read(binary=item is not None and item.binary))


async def _connect(address: Address) -> socket.socket:
    """A connected, non-blocking socket to the first of a name's addresses that answers."""
    reason = "the name has no address"
    try:
        found = await anyio.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise ConnectionFailedError(address, exc.strerror or str(exc)) from exc
    for family, kind, protocol, _, target in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            code = sock.connect_ex(target)
            if code == errno.EINPROGRESS:
                await anyio.wait_writable(sock)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        except BaseException:
            sock.close()
            raise
        if code == 0:
            return sock
        sock.close()
        reason = os.strerror(code)
    raise ConnectionFailedError(address, reason)
