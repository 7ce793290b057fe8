"""What a connection is apart from waiting: a socket, a parser and a buffer."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import Any, Final

import hiredis

from pycluster.client.address import Address
from pycluster.client.errors import ConnectionFailedError, ConnectionLostError, ProtocolError
from pycluster.client.options import ClientOptions
from pycluster.client.resp import ReplyParser

RECEIVE_BYTES: Final = 65_536
"""Size of a connection's receive buffer."""

_PUSH: Final = hiredis.PushNotification


class Channel:
    """A connected socket and the replies that come out of it. No method waits, except as ``receive`` is told
    to.

    Attributes:
        address: the node.
        protocol: RESP version, 2 or 3; set once the greeting is over.
        used_at_ms: when it was last taken from its pool.
    """

    __slots__ = ("_buffer", "_parser", "_socket", "address", "protocol", "used_at_ms")

    def __init__(self, sock: socket.socket, address: Address, options: ClientOptions) -> None:
        self.address = address
        self.protocol = 2
        self.used_at_ms = 0
        self._socket = sock
        self._parser = ReplyParser(decode=options.decode_responses)
        self._buffer = bytearray(RECEIVE_BYTES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def send_some(self, payload: bytes | memoryview) -> int:
        """Send what the socket takes now; returns the number of bytes. Raises ConnectionFailedError."""
        try:
            return self._socket.send(payload, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise ConnectionFailedError(self.address, exc.strerror or str(exc)) from exc

    def receive(self, flags: int = socket.MSG_DONTWAIT) -> None:
        """Take in what has come, perhaps nothing; :meth:`next_reply` then finds it.

        Args:
            flags: 0: wait for it, as long as the socket's own time-out allows.

        Raises:
            ConnectionLostError: the connection broke, or the server closed it.
        """
        try:
            count = self._socket.recv_into(self._buffer, 0, flags)
        except BlockingIOError:
            return
        except OSError as exc:
            raise ConnectionLostError(self.address, exc.strerror or str(exc)) from exc
        if not count:
            raise ConnectionLostError(self.address, "closed by the server")
        self._parser.feed(self._buffer, 0, count)

    def next_reply(self, binary: bool) -> Any:
        """The next reply among what was received, or ``resp.INCOMPLETE``; pushes before it are dropped.

        Raises:
            ProtocolError: what came is no RESP.
        """
        try:
            reply = self._parser.next_reply(binary)
            while type(reply) is _PUSH:
                reply = self._parser.next_reply(binary)
        except hiredis.ProtocolError as exc:
            raise ProtocolError(self.address, str(exc)) from exc
        return reply

    def is_usable(self) -> bool:
        """Whether an idle connection is still whole: nothing came on it, not even its end."""
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        return not self._parser.has_data() and not poller.poll(0)

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self._socket.close()
