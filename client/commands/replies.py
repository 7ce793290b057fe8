"""What replies mean: functions from a reply, or several, to a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

Answered: TypeAlias = Sequence[tuple[Sequence[int], Any]]
"""Per part of a split command: the positions of its items, and its reply."""


def done(reply: Any) -> bool:
    """True for a command that answered OK or 1, False for null or 0: a condition was not met."""
    return bool(reply)


def nothing(reply: Any) -> None:
    """For a command that can only answer OK."""


def integer(reply: Any) -> int:
    """An integer."""
    return int(reply)


def number(reply: Any) -> float:
    """A number that RESP2 sends as text."""
    return float(reply)


def text(reply: Any) -> str:
    """A word of the protocol, which is str to every client."""
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def text_or_none(reply: Any) -> str | None:
    """A word of the protocol, or None where there is no such key."""
    return None if reply is None else text(reply)


def in_order(count: int, answered: Answered) -> list[Any]:
    """The lists that the parts answered, put back into the order of the items."""
    values: list[Any] = [None] * count
    for positions, reply in answered:
        for position, value in zip(positions, reply, strict=True):
            values[position] = value
    return values


def total(count: int, answered: Answered) -> int:
    """The sum of the integers that the parts answered."""
    return sum(reply for _, reply in answered)


def all_done(count: int, answered: Answered) -> None:
    """For a split command whose parts can only answer OK."""
