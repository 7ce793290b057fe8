"""What command handlers answer: plain Python values, and these few where RESP knows more kinds than Python.

They keep handlers free of the engine, so those are tested without one; ``control.py`` translates.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import attrs


class CommandError(Exception):
    """The command is answered with an error: its text begins with the error code, such as ``ERR``."""


@attrs.frozen
class Simple:
    """A simple string, such as ``OK``."""

    text: str


@attrs.frozen
class Verbatim:
    """A text for people: a verbatim string in RESP3, a bulk string in RESP2."""

    text: str


@attrs.frozen
class Silence:
    """No answer: the process ends, and the connection with it."""


OK: Final = Simple("OK")
SILENCE: Final = Silence()

Plain: TypeAlias = str | bytes | int | Sequence["Plain"] | Mapping[str, "Plain"] | None
Answer: TypeAlias = Simple | Verbatim | Silence | Plain
