"""One connection to one node, blocking."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from collections.abc import Sequence
from typing import Any, Final

import hiredis

from pycluster.client.address import Address
from pycluster.client.batch import Item
from pycluster.client.errors import (
    ConnectionFailedError,
    ConnectionLostError,
    DeadlineExceededError,
    ProtocolError,
)
from pycluster.client.handshake import greet
from pycluster.client.options import ClientOptions
from pycluster.client.resp import INCOMPLETE, ReplyParser, pack
from pycluster.runtime import clock

RECEIVE_BYTES: Final = 65_536
"""Size of a connection's receive buffer."""

_PUSH: Final = hiredis.PushNotification


def is_quiet(descriptor: int) -> bool:
    """Whether nothing has come on a socket: an idle connection on which something came is of no more use."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return not poller.poll(0)


class Connection:
    """A socket that has introduced itself. Belongs to one thread at a time.

    The socket blocks, and the kernel ends a receive that lasts as long as a command may (SO_RCVTIMEO).
    Python's own time-outs would put a poll before each send and each receive, which costs a fifth of a
    command's time.

    Attributes:
        address: the node.
        protocol: RESP version, 2 or 3.
        used_at_ms: when it was last taken from its pool.
    """

    __slots__ = ("_buffer", "_parser", "_patience_ms", "_socket", "address", "protocol", "used_at_ms")

    def __init__(self, sock: socket.socket, address: Address, options: ClientOptions) -> None:
        self.address = address
        self.protocol = 2
        self.used_at_ms = 0
        self._socket = sock
        self._parser = ReplyParser(decode=options.decode_responses)
        self._buffer = bytearray(RECEIVE_BYTES)
        self._patience_ms = options.timeout_ms
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
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
        # Nothing can have been received before: with a full command's time left, the kernel keeps the
        # deadline.
        if deadline_ms - now_ms >= self._patience_ms:
            self._receive()
        return self.read(binary=binary, deadline_ms=deadline_ms)

    def write(self, payload: bytes | memoryview, *, deadline_ms: int) -> None:
        """Send all of ``payload``; raises ConnectionFailedError and DeadlineExceededError."""
        sent = self.write_some(payload)
        if sent == len(payload):
            return
        view = memoryview(payload)
        while sent < len(view):
            if not self._wait(select.POLLOUT, deadline_ms):
                raise DeadlineExceededError("the command to be sent", self.address, maybe_executed=False)
            sent += self.write_some(view[sent:])

    def write_some(self, payload: bytes | memoryview) -> int:
        """Send what the socket takes without waiting; returns the number of bytes."""
        try:
            return self._socket.send(payload, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise ConnectionFailedError(self.address, exc.strerror or str(exc)) from exc

    def read(self, *, binary: bool, deadline_ms: int) -> Any:
        """The next reply; pushes that come before it are dropped. Raises as :meth:`call`."""
        next_reply = self._parser.next_reply
        while True:
            try:
                reply = next_reply(binary=binary)
            except hiredis.ProtocolError as exc:
                raise ProtocolError(self.address, str(exc)) from exc
            if reply is INCOMPLETE:
                if not self._wait(select.POLLIN, deadline_ms):
                    raise DeadlineExceededError("the reply", self.address, maybe_executed=True)
                self._receive()
            elif type(reply) is not _PUSH:
                return reply

    def read_replies(self, items: Sequence[Item | None], replies: list[Any], *, deadline_ms: int) -> None:
        """Append the replies to ``items`` to ``replies``; raises as :meth:`call`, keeping those before."""
        for item in items:
            replies.append(self.read(binary=item is not None and item.binary, deadline_ms=deadline_ms))

    def read_available(self) -> None:
        """Take in what has come, without waiting; :meth:`read` then finds it. Raises ConnectionLostError."""
        self._receive(socket.MSG_DONTWAIT)

    def _receive(self, flags: int = 0) -> None:
        try:
            count = self._socket.recv_into(self._buffer, 0, flags)
        except BlockingIOError:
            return  # the kernel's time-out, or nothing there; whoever waits for more looks at the clock
        except OSError as exc:
            raise ConnectionLostError(self.address, exc.strerror or str(exc)) from exc
        if not count:
            raise ConnectionLostError(self.address, "closed by the server")
        self._parser.feed(self._buffer, 0, count)

    def _wait(self, events: int, deadline_ms: int) -> bool:
        """Whether the socket became ready before the deadline."""
        poller = select.poll()
        poller.register(self._socket, events)
        return bool(poller.poll(max(deadline_ms - clock.monotonic_ms(), 0)))

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def is_usable(self) -> bool:
        """Whether an idle connection is still whole: nothing came on it, not even its end."""
        return not self._parser.has_data() and is_quiet(self._socket.fileno())

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self._socket.close()
