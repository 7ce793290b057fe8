"""Generators for transactions."""

from collections.abc import Mapping

from differential.values import Commands, command, keys
from hypothesis import strategies as st

COMMANDS: Mapping[str, Commands] = {
    "MULTI": command(b"MULTI"),
    "EXEC": command(b"EXEC"),
    "DISCARD": command(b"DISCARD"),
    "WATCH": st.one_of(command(b"WATCH", keys), command(b"WATCH", keys, keys)),
    "UNWATCH": command(b"UNWATCH"),
}
