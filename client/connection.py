"""One connection to one node, blocking."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Sequence
from typing import Any

from pycluster.client.address import Address
from pycluster.client.batch import Item
from pycluster.client.channel import Channel
from pycluster.client.errors import ConnectionFailedError, ConnectionLostError, DeadlineExceededError
from pycluster.client.handshake import greet
from pycluster.client.options import ClientOptions
from pycluster.client.resp import INCOMPLETE, pack
from pycluster.runtime import clock


class Connection(Channel):
    """A connection that has introduced itself. Belongs to one thread at a time.

    The socket blocks, and the kernel ends a receive that lasts as long as a command may (SO_RCVTIMEO).
    Python's own time-outs would put a poll before each send and each receive, which costs a fifth of a
    command's time.
    """

    __slots__ = ("_patience_ms",)

    def __init__(self, sock: socket.socket, address: Address, options: ClientOptions) -> None:
        super().__init__(sock, address, options)
        self._patience_ms = options.timeout_ms
        sock.settimeout(None)
        seconds, rest_ms = divmod(self._patience_ms, 1_000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", seconds, rest_ms * 1_000))

    @classmethod
    def open(cls, address: Address, options: ClientOptions, *, deadline_ms: int) -> Connection:
        """Connect and introduce ourselves, within ``connect_timeout_s`` and before ``deadline_ms``.

        Raises:
            ConnectionFailedError: nobody listens, answers in time, or lets us in.
            AuthenticationError, LoadingError: see :func:`~pycluster.client.handshake.greet`.
        """
        now_ms = clock.monotonic_ms()
        deadline_ms = min(deadline_ms, now_ms + options.connect_timeout_ms)
        try:
            sock = socket.create_connection(address, timeout=max(deadline_ms - now_ms, 1) / 1_000)
        except OSError as exc:
            raise ConnectionFailedError(address, exc.strerror or str(exc)) from exc
        try:
            connection = cls(sock, address, options)
            connection._greet(options, deadline_ms)
        except (ConnectionLostError, DeadlineExceededError) as exc:
            sock.close()
            raise ConnectionFailedError(address, f"no greeting: {exc}") from exc
        except BaseException:
            sock.close()
            raise
        return connection

    def _greet(self, options: ClientOptions, deadline_ms: int) -> None:
        greeting = greet(options, self.address)
        commands = next(greeting)
        while True:
            self.write(b"".join(map(pack, commands)), deadline_ms=deadline_ms)
            replies = [self.read(binary=False, deadline_ms=deadline_ms) for _ in commands]
            try:
                commands = greeting.send(replies)
            except StopIteration as stop:
                self.protocol = stop.value
                return

    def call(self, payload: bytes, *, binary: bool, now_ms: int, deadline_ms: int) -> Any:
        """Send one packed command and wait for its reply; an error reply is returned, not raised.

        Raises:
            ConnectionFailedError: it broke before the command was sent whole.
            ConnectionLostError: it broke afterwards.
            DeadlineExceededError: the reply did not come in time.
            ProtocolError: what came is no reply.
        """
        self.write(payload, deadline_ms=deadline_ms)
        if deadline_ms - now_ms >= self._patience_ms:
            self.receive(0)  # with a full command's time left, the kernel keeps the deadline
        return self.read(binary=binary, deadline_ms=deadline_ms)

    def write(self, payload: bytes, *, deadline_ms: int) -> None:
        """Send all of ``payload``; raises ConnectionFailedError and DeadlineExceededError."""
        sent = self.send_some(payload)
        if sent == len(payload):
            return
        view = memoryview(payload)
        while sent < len(view):
            if not self._wait(select.POLLOUT, deadline_ms):
                raise DeadlineExceededError("the command to be sent", self.address, maybe_executed=False)
            sent += self.send_some(view[sent:])

    def read(self, *, binary: bool, deadline_ms: int) -> Any:
        """The next reply; raises as :meth:`call`."""
        while (reply := self.next_reply(binary)) is INCOMPLETE:
            if not self._wait(select.POLLIN, deadline_ms):
                raise DeadlineExceededError("the reply", self.address, maybe_executed=True)
            self.receive()
        return reply

    def read_replies(self, items: Sequence[Item | None], replies: list[Any], *, deadline_ms: int) -> None:
        """Append the replies to ``items`` to ``replies``; raises as :meth:`call`, keeping those before."""
        for item in items:
            replies.append(self.read(binary=item is not None and item.binary, deadline_ms=deadline_ms))

    def _wait(self, events: int, deadline_ms: int) -> bool:
        """Whether the socket became ready before the deadline."""
        poller = select.poll()
        poller.register(self._socket, events)
        return bool(poller.poll(max(deadline_ms - clock.monotonic_ms(), 0)))
