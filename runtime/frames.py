"""Length-prefixed CBOR frames: what supervisor, bus, nodes and the command line say to each other.

A frame is four bytes of length (big endian) and then one CBOR map of that many bytes. Only plain CBOR is
spoken: 64-bit integers, floats, text, bytes, booleans, null, arrays and maps with text or byte keys. Tags,
indefinite lengths and repeated keys are refused, so a peer costs memory in proportion to the bytes it sends.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import cbor2
import trio

HEADER_BYTES = 4
FRAME_BYTES_MAX = 16 * 1024 * 1024
NESTING_MAX = 32
RECEIVE_BYTES = 64 * 1024


class FrameError(Exception):
    """A peer's bytes are no frame, or a message of ours is too long; the stream is of no further use."""


class FrameDecoder:
    """Cuts a stream of bytes into frames, however the bytes are split; does no I/O."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def buffered_bytes(self) -> int:
        """Bytes of a frame that is not yet whole (or not yet taken)."""
        return len(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes as they came from the peer, in pieces of any size."""
        self._buffer += data

    def next_frame(self) -> dict[str, Any] | None:
        """The next whole frame's map, or None when more bytes are needed.

        Raises:
            FrameError: the declared length is over ``FRAME_BYTES_MAX``, or the body is no plain CBOR map.
        """
        if len(self._buffer) < HEADER_BYTES:
            return None
        length = int.from_bytes(self._buffer[:HEADER_BYTES], "big")
        if length > FRAME_BYTES_MAX:
            raise FrameError(f"frame of {length} bytes is longer than {FRAME_BYTES_MAX}")
        end = HEADER_BYTES + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[HEADER_BYTES:end])
        del self._buffer[:end]
        return decode_body(body)


class FrameStream:
    """Sends and receives frames over a trio stream; one task may send while another receives.

    Raises ``trio.BrokenResourceError`` and ``trio.ClosedResourceError`` as the stream below does.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._decoder = FrameDecoder()
        self._send_lock = trio.Lock()

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send one frame whole; tasks that send at the same time wait for each other.

        A send that is cancelled half-way leaves half a frame behind: the stream must then be closed.

        Raises:
            FrameError: the message is longer than ``FRAME_BYTES_MAX`` or has a value that CBOR does not know.
        """
        data = encode_frame(message)
        async with self._send_lock:
            await self._stream.send_all(data)

    async def receive(self) -> dict[str, Any] | None:
        """The next frame, or None when the peer has closed the stream between two frames.

        Raises:
            FrameError: the peer sent something that is no frame, or closed in the middle of one.
        """
        while (message := self._decoder.next_frame()) is None:
            data = await self._stream.receive_some(RECEIVE_BYTES)
            if not data:
                if self._decoder.buffered_bytes:
                    raise FrameError(f"stream ended {self._decoder.buffered_bytes} bytes into a frame")
                return None
            self._decoder.feed(data)
        return message

    async def aclose(self) -> None:
        """Close the stream below; safe to call twice."""
        await self._stream.aclose()

    async def __aenter__(self) -> "FrameStream":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def encode_frame(message: Mapping[str, Any]) -> bytes:
    """Header and body of one frame; raises FrameError if it is too long or has values CBOR does not know."""
    try:
        body = cbor2.dumps(message)
    except cbor2.CBOREncodeError as exc:
        raise FrameError(f"message cannot be sent: {exc}") from exc
    if len(body) > FRAME_BYTES_MAX:
        raise FrameError(f"message of {len(body)} bytes is longer than {FRAME_BYTES_MAX}")
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def decode_body(body: bytes) -> dict[str, Any]:
    """The map in a frame's body or in a state file; raises FrameError if it is not one plain CBOR map."""
    source = io.BytesIO(body)
    try:
        message = cbor2.CBORDecoder(
            source,
            semantic_decoders=_NO_TAGS,
            max_depth=NESTING_MAX,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        ).decode()
    except cbor2.CBORError as exc:
        raise FrameError(f"malformed frame: {exc}") from exc
    if source.tell() != len(body):
        raise FrameError(f"{len(body) - source.tell()} bytes follow the frame's map")
    if type(message) is not dict or not all(type(key) is str for key in message):
        raise FrameError("a frame has to be one map with text keys")
    return message


def _refuse_tag(*_args: object) -> NoReturn:
    raise ValueError("tags are not spoken here")


class _EveryTagRefused(Mapping[int, Any]):
    """Stands for decoders of all tags, so that none of the library's own (dates, regexes, ...) ever runs."""

    def __getitem__(self, tag: int) -> Any:
        return _refuse_tag

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0


_NO_TAGS = _EveryTagRefused()
