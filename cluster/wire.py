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


@attrs.frozen
class Codec:
    """How values of one type are written and read; ``decode`` is also told what errors should call it."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any, str], Any]


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
    record: T = codec_of(typing.cast(Any, kind)).decode(plain, name)
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
    def decode(plain: object, name: str) -> object:
        # type(), not isinstance(): a bool is an int to Python but not to us.
        if type(plain) is not kind:
            raise MessageError(f"{name} has to be {kind.__name__}, not {type(plain).__name__}")
        if kind is int and not INT_MIN <= typing.cast(int, plain) <= INT_MAX:
            raise MessageError(f"{name} does not fit into 64 bits")
        return plain

    return Codec(lambda value: value, decode)


def _decode_slot_range(plain: object, name: str) -> SlotRange:
    if type(plain) is not list or len(plain) != 2 or any(type(slot) is not int for slot in plain):
        raise MessageError(f"{name} has to be two slots")
    try:
        return SlotRange(*plain)
    except ValueError as exc:
        raise MessageError(f"{name}: {exc}") from exc


def _optional(inner: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else inner.encode(value),
        lambda plain, name: None if plain is None else inner.decode(plain, name),
    )


def _sequence(inner: Codec) -> Codec:
    def decode(plain: object, name: str) -> tuple[Any, ...]:
        if type(plain) is not list:
            raise MessageError(f"{name} has to be an array, not {type(plain).__name__}")
        return tuple(inner.decode(item, f"{name}[{index}]") for index, item in enumerate(plain))

    return Codec(lambda values: [inner.encode(value) for value in values], decode)


def _mapping(inner: Codec) -> Codec:
    def decode(plain: object, name: str) -> dict[str, Any]:
        if type(plain) is not dict or not all(type(key) is str for key in plain):
            raise MessageError(f"{name} has to be a map with text keys")
        return {key: inner.decode(item, f"{name}[{key!r:.60}]") for key, item in plain.items()}

    return Codec(lambda values: {key: inner.encode(value) for key, value in values.items()}, decode)


def _enumeration(kind: type[enum.Enum]) -> Codec:
    members = {member.value: member for member in kind}

    def decode(plain: object, name: str) -> enum.Enum:
        if type(plain) is not str or plain not in members:
            raise MessageError(f"{name} is no {kind.__name__}: {plain!r:.60}")
        return members[plain]

    return Codec(lambda member: member.value, decode)


def _record(kind: type[attrs.AttrsInstance]) -> Codec:
    hints = typing.get_type_hints(kind)
    codecs = {field.name: codec_of(hints[field.name]) for field in attrs.fields(kind) if field.init}
    required = {field.name for field in attrs.fields(kind) if field.init and field.default is attrs.NOTHING}

    def encode(record: object) -> dict[str, Any]:
        return {name: codec.encode(getattr(record, name)) for name, codec in codecs.items()}

    def decode(plain: object, name: str) -> object:
        if type(plain) is not dict:
            raise MessageError(f"{name} has to be a map, not {type(plain).__name__}")
        for strange in plain.keys() - codecs.keys():
            raise MessageError(f"{name} has no field {strange!r:.60}")
        for missing in sorted(required - plain.keys()):
            raise MessageError(f"{name}.{missing} is missing")
        values = {key: codecs[key].decode(item, f"{name}.{key}") for key, item in plain.items()}
        try:
            return kind(**values)
        except (ValueError, TypeError) as exc:
            # Attrs' own validators carry field and class as further arguments; the first is the sentence.
            raise MessageError(f"{name}: {exc.args[0] if exc.args else exc}") from exc

    return Codec(encode, decode)
