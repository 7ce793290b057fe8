"""Commands to bytes and bytes to replies; hiredis does both in C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import hiredis

from pycluster.client.errors import ArgumentError, error_from_reply

Argument: TypeAlias = bytes | bytearray | memoryview | str | int | float
"""What a command is made of. str is sent as UTF-8, numbers as Python writes them."""

# The stub of hiredis says a tuple of exactly one item, and nothing of the result.
_pack: Final[Callable[[tuple[Argument, ...]], bytes]] = hiredis.pack_command  # type: ignore[assignment]

INCOMPLETE: Final = object()
"""What :meth:`ReplyParser.next_reply` returns when more bytes are needed."""


def pack(args: Sequence[Argument]) -> bytes:
    """The bytes of one command on the wire.

    Raises:
        ArgumentError: an argument is of another type than :data:`Argument`; bool too, since nobody knows
            whether ``True`` should be stored as ``1`` or as ``True``.
    """
    try:
        return _pack(args if type(args) is tuple else tuple(args))
    except (TypeError, ValueError):
        # Rare types come here, and text with surrogates, which decode_responses makes of undecodable bytes.
        return _pack(tuple(encode(arg, position) for position, arg in enumerate(args)))


def encode(value: Argument, position: int = 0) -> bytes:
    """The bytes one argument is sent as; raises ArgumentError, which names ``position``."""
    if type(value) is bytes:
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value).encode("ascii")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise ArgumentError(position, value)


class ReplyParser:
    """Replies out of a byte stream, cut anywhere. Error replies come out as :class:`ResponseError` objects.

    Args:
        decode: strings as str (UTF-8; undecodable bytes become surrogates, which :func:`pack` turns back).
    """

    __slots__ = ("_decode", "_reader", "feed")

    def __init__(self, *, decode: bool) -> None:
        self._reader = hiredis.Reader(
            protocolError=hiredis.ProtocolError,
            replyError=error_from_reply,
            encoding="utf-8" if decode else None,
            errors="surrogateescape",
            notEnoughData=INCOMPLETE,
        )
        self._decode = decode
        # The stub of hiredis knows str and bytes only, but any buffer will do.
        self.feed: Final[Callable[[bytes | bytearray, int, int], None]] = self._reader.feed  # type: ignore
        """``feed(buffer, offset, length)``: append bytes off the wire; the buffer may be reused."""

    def next_reply(self, binary: bool = False) -> Any:
        """The next whole reply, or :data:`INCOMPLETE`.

        A push message comes out as ``hiredis.PushNotification``, a list.

        Args:
            binary: strings as bytes whatever the parser decodes; for replies that are no text, such as
                DUMP's.

        Raises:
            hiredis.ProtocolError: the stream is not RESP; the connection is of no more use.
        """
        # A reader without an encoding would decode with a null codec if it were told to decode.
        return self._reader.gets(self._decode and not binary)

    def has_data(self) -> bool:
        """Whether bytes are left over that no reply was made of."""
        return bool(self._reader.has_data())
