"""RESP replies as the bytes that came over the wire, so that two servers compare byte for byte."""

import select
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import attrs

Argv: TypeAlias = tuple[bytes, ...]

RECEIVE_BYTES_MAX = 1 << 20
REPLY_TIMEOUT_S = 10.0
_AGGREGATES = frozenset(b"*~%>|")
_BULKS = frozenset(b"$!=")


class WireError(Exception):
    """The server broke the protocol or did not answer within ``REPLY_TIMEOUT_S``."""


@attrs.frozen
class Frame:
    """One RESP value: its first line and its payload, both with their CRLF, and the values it holds."""

    head: bytes
    payload: bytes = b""
    items: "tuple[Frame, ...]" = ()

    @property
    def kind(self) -> bytes:
        """The type byte."""
        return self.head[:1]

    @property
    def raw(self) -> bytes:
        """The bytes as they were received."""
        return b"".join([self.head, self.payload, *(item.raw for item in self.items)])

    @property
    def is_error(self) -> bool:
        """True for the simple error and the bulk error."""
        return self.kind in (b"-", b"!")

    @property
    def is_null(self) -> bool:
        """True for RESP3's null and RESP2's null bulk string and null array."""
        return self.head in (b"_\r\n", b"$-1\r\n", b"*-1\r\n")

    @property
    def text(self) -> bytes:
        """What a scalar says, without its framing."""
        return (self.payload or self.head[1:])[:-2]

    def __iter__(self) -> "Iterator[Frame]":
        return iter(self.items)


CLOSED = Frame(b"<connection closed>\r\n")
"""Stands for every reply that a closed connection did not give."""


class _IncompleteError(Exception):
    """More bytes are needed."""


@attrs.define
class FrameReader:
    """Cuts a stream of bytes into frames; knows every RESP2 and RESP3 type."""

    _buffer: bytearray = attrs.field(factory=bytearray, init=False)

    def feed(self, received: bytes) -> None:
        """Append bytes in chunks of any size."""
        self._buffer += received

    def next_frame(self) -> Frame | None:
        """The next whole frame, None when more bytes are needed; raises WireError on what is no RESP."""
        try:
            frame, end = self._frame_at(0)
        except _IncompleteError:
            return None
        del self._buffer[:end]
        return frame

    @property
    def pending(self) -> bytes:
        """Received bytes that make no whole frame yet."""
        return bytes(self._buffer)

    def _frame_at(self, start: int) -> tuple[Frame, int]:
        line_end = self._buffer.find(b"\r\n", start)
        if line_end < 0:
            raise _IncompleteError
        head = bytes(self._buffer[start : line_end + 2])
        position = line_end + 2
        kind = head[0]
        if kind in _BULKS:
            length = _length(head)
            if length < 0:
                return Frame(head), position
            end = position + length + 2
            if len(self._buffer) < end:
                raise _IncompleteError
            return Frame(head, bytes(self._buffer[position:end])), end
        if kind in _AGGREGATES:
            count = _length(head) * (2 if kind in b"%|" else 1)
            items = []
            for _ in range(count):
                item, position = self._frame_at(position)
                items.append(item)
            return Frame(head, b"", tuple(items)), position
        if kind not in b"+-:_#,(":
            raise WireError(f"no RESP type: {head[:80]!r}")
        return Frame(head), position


def _length(head: bytes) -> int:
    try:
        return int(head[1:-2])
    except ValueError as exc:
        raise WireError(f"no length: {head[:80]!r}") from exc


def encode(argv: Iterable[bytes]) -> bytes:
    """A command as an array of bulk strings."""
    parts = list(argv)
    return b"".join([b"*%d\r\n" % len(parts), *(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)])


class Wire:
    """One client connection; sends while it receives, so neither side can block the other for ever."""

    def __init__(self, port: int, *, resp: int = 2) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=REPLY_TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._reader = FrameReader()
        self.closed = False
        self.pushes: list[Frame] = []
        if resp != 2:
            self.call(b"HELLO", b"%d" % resp)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self.closed = True
        self._socket.close()

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def call(self, *argv: bytes) -> Frame:
        """Send one command and wait for its reply; ``CLOSED`` when the server hung up instead."""
        return self.exchange([argv])[0]

    def exchange(self, commands: Sequence[Argv]) -> list[Frame]:
        """Pipeline commands; as many frames as commands, ``CLOSED`` in place of those that never came.

        RESP3 pushes are collected in ``pushes`` and are no replies.
        """
        return self.exchange_raw(b"".join(map(encode, commands)), len(commands))

    def exchange_raw(self, request: bytes, reply_count: int) -> list[Frame]:
        """The same for bytes that need not be a well-formed request."""
        frames: list[Frame] = []
        unsent = memoryview(request)
        deadline_s = time.monotonic() + REPLY_TIMEOUT_S
        while True:
            while len(frames) < reply_count and (frame := self._reader.next_frame()) is not None:
                (self.pushes if frame.kind == b">" else frames).append(frame)
            if len(frames) == reply_count or self.closed:
                break
            unsent = self._transfer(unsent, deadline_s)
        return frames + [CLOSED] * (reply_count - len(frames))

    def frames(self, count: int) -> list[Frame]:
        """The next frames as they come, RESP3 pushes among them; ``CLOSED`` for those that never came."""
        frames: list[Frame] = []
        deadline_s = time.monotonic() + REPLY_TIMEOUT_S
        while len(frames) < count:
            if (frame := self._reader.next_frame()) is not None:
                frames.append(frame)
            elif self.closed:
                frames.append(CLOSED)
            else:
                self._transfer(memoryview(b""), deadline_s)
        return frames

    def send_raw(self, request: bytes) -> None:
        """Send bytes without waiting for an answer."""
        unsent = memoryview(request)
        deadline_s = time.monotonic() + REPLY_TIMEOUT_S
        while unsent and not self.closed:
            unsent = self._transfer(unsent, deadline_s)

    def read_to_end(self) -> bytes:
        """Everything the server still sends until it closes the connection."""
        deadline_s = time.monotonic() + REPLY_TIMEOUT_S
        while not self.closed:
            self._transfer(memoryview(b""), deadline_s)
        return self._reader.pending

    def _transfer(self, unsent: memoryview, deadline_s: float) -> memoryview:
        """Wait until something can be sent or received, do it, and return what is still unsent."""
        poller = select.poll()
        poller.register(self._socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        ready = poller.poll(max(0.0, deadline_s - time.monotonic()) * 1000)
        if not ready:
            raise WireError(
                f"no reply within {REPLY_TIMEOUT_S} s; received so far {self._reader.pending[:200]!r}"
            )
        events = ready[0][1]
        try:
            if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                received = self._socket.recv(RECEIVE_BYTES_MAX)
                self._reader.feed(received)
                self.closed = not received
            if events & select.POLLOUT and not self.closed:
                unsent = unsent[self._socket.send(unsent) :]
        except (ConnectionResetError, BrokenPipeError):
            self.closed = True
        return unsent
