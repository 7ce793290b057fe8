"""Attrs classes to plain CBOR values and back, by their annotations: the one place that trusts no peer.

A field may be ``bool``, ``int`` (64 bits, signed), ``str``, ``bytes``, an enum (its value), a slot range
(``[start, end]``), an attrs class (a map of its fields), ``X | None``, ``tuple[X, ...]`` (an array) or
``Mapping[str, X]``. Values of the wrong type, fields that are missing or unknown, and what a class's own
validators refuse all end in :class:`MessageError`, which names the field.
"""

import enum
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import attrs

from pycluster.cluster.slots import SlotRange

INT_MIN, INT_MAX = -(2**63), 2**63 - 1

T = TypeVar("T")


class MessageError(ValueError):
    """A peer's message, or the body of a state file, does not have the shape that was agreed on."""


class _MismatchError(Exception):
    """A value is not what it should be; on its way out it collects where in the message that is."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text, self.path = text, ""

    def step_out(self, part: str) -> None:
        """Note one level further out which part of it holds the value."""
        self.path = part + self.path


@attrs.frozen
class Codec:
    """How values of one type are written and read; ``decode`` raises :class:`_MismatchError`."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def to_plain(record: object) -> dict[str, Any]:
    """The map of an attrs object's fields, of plain CBOR values only."""
    plain: dict[str, Any] = codec_of(typing.cast(Any, type(record))).encode(record)
    return plain


def from_plain(kind: type[T], plain: object, name: str) -> T:
    """An object of an attrs class from the map of its fields.

    Args:
        kind: The attrs class.
        plain: What came off the wire; anything at all.
        name: What errors call it.
    Raises:
        MessageError: ``plain`` is no such map.
    """
    try:
        record: T = codec_of(typing.cast(Any, kind)).decode(plain)
    except _MismatchError as exc:
        raise MessageError(f"{name}{exc.path} {exc.text}") from exc
    return record


@cache
def codec_of(kind: Any) -> Codec:
    """The codec of a type; raises TypeError for one that messages cannot have."""
    if kind in _SCALARS:
        return _scalar(kind)
    if kind is SlotRange:
        return Codec(lambda slots: [slots.start, slots.end], _decode_slot_range)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType) and len(arguments) == 2 and types.NoneType in arguments:
        return _optional(codec_of(next(part for part in arguments if part is not types.NoneType)))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _sequence(codec_of(arguments[0]))
    if origin is Mapping and arguments[0] is str:
        return _mapping(codec_of(arguments[1]))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _enumeration(kind)
    if isinstance(kind, type) and attrs.has(kind):
        return _record(kind)
    raise TypeError(f"{kind!r} cannot be part of a message")


_SCALARS = (bool, int, str, bytes)


def _scalar(kind: type) -> Codec:
    def decode(plain: object) -> object:
        # type(), not isinstance(): a bool is an int to Python but not to us.
        if type(plain) is not kind:
            raise _MismatchError(f"has to be {kind.__name__}, not {type(plain).__name__}")
        return plain

    def decode_int(plain: object) -> object:
        number = typing.cast(int, decode(plain))
        if not INT_MIN <= number <= INT_MAX:
            raise _MismatchError("does not fit into 64 bits")
        return number

    return Codec(lambda value: value, decode_int if kind is int else decode)


def _decode_slot_range(plain: object) -> SlotRange:
    if type(plain) is not list or len(plain) != 2 or any(type(slot) is not int for slot in plain):
        raise _MismatchError("has to be two slots")
    try:
        return SlotRange(*plain)
    except ValueError as exc:
        raise _MismatchError(f"is wrong: {exc}") from exc


def _optional(inner: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else inner.encode(value),
        lambda plain: None if plain is None else inner.decode(plain),
    )


def _sequence(inner: Codec) -> Codec:
    def decode(plain: object) -> tuple[Any, ...]:
        if type(plain) is not list:
            raise _MismatchError(f"has to be an array, not {type(plain).__name__}")
        values: list[Any] = []
        try:
            for item in plain:
                values.append(inner.decode(item))
        except _MismatchError as exc:
            exc.step_out(f"[{len(values)}]")
            raise
        return tuple(values)

    return Codec(lambda values: [inner.encode(value) for value in values], decode)


def _mapping(inner: Codec) -> Codec:
    def decode(plain: object) -> dict[str, Any]:
        if type(plain) is not dict or not all(type(key) is str for key in plain):
            raise _MismatchError("has to be a map with text keys")
        return _decode_items(plain, dict.fromkeys(plain, inner), "[{!r:.60}]")

    return Codec(lambda values: {key: inner.encode(value) for key, value in values.items()}, decode)


def _enumeration(kind: type[enum.Enum]) -> Codec:
    members = {member.value: member for member in kind}

    def decode(plain: object) -> enum.Enum:
        if type(plain) is not str or plain not in members:
            raise _MismatchError(f"is no {kind.__name__}: {plain!r:.60}")
        return members[plain]

    return Codec(lambda member: member.value, decode)


def _record(kind: type[attrs.AttrsInstance]) -> Codec:
    hints = typing.get_type_hints(kind)
    codecs = {field.name: codec_of(hints[field.name]) for field in attrs.fields(kind) if field.init}
    required = {field.name for field in attrs.fields(kind) if field.init and field.default is attrs.NOTHING}

    def encode(record: object) -> dict[str, Any]:
        return {name: codec.encode(getattr(record, name)) for name, codec in codecs.items()}

    def decode(plain: object) -> object:
        if type(plain) is not dict:
            raise _MismatchError(f"has to be a map, not {type(plain).__name__}")
        if not plain.keys() <= codecs.keys():
            raise _MismatchError(f"has no field {next(key for key in plain if key not in codecs)!r:.60}")
        if not required <= plain.keys():
            raise _MismatchError(f"lacks the field {min(required - plain.keys())!r}")
        values = _decode_items(plain, codecs, ".{}")
        try:
            return kind(**values)
        except (ValueError, TypeError) as exc:
            # Attrs' own validators carry field and class as further arguments; the first is the sentence.
            raise _MismatchError(f"is wrong: {exc.args[0] if exc.args else exc}") from exc

    return Codec(encode, decode)


def _decode_items(plain: dict[str, Any], codecs: Mapping[str, Codec], place: str) -> dict[str, Any]:
    # A loop rather than a comprehension that tells each decoder its name: making thousands of names that no
    # error will ever show is what took longest in reading a large view.
    values: dict[str, Any] = {}
    key = ""
    try:
        for key, item in plain.items():
            values[key] = codecs[key].decode(item)
    except _MismatchError as exc:
        exc.step_out(place.format(key))
        raise
    return values
