"""How a handler of a control command is called: a command that the engine leaves to Python."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import attrs

from pycluster.node.answers import Answer


@attrs.frozen(kw_only=True)
class Call:
    """A client's command: its arguments after the name (and subcommand), and where the client came in.

    The engine knows the command's arity, so there are as many arguments as the command takes.
    """

    arguments: tuple[bytes, ...] = ()
    local_address: str = ""


Handler: TypeAlias = Callable[[Call], Answer | Awaitable[Answer]]
"""Answers a call; one that has to wait returns an awaitable. What it raises as CommandError is the answer."""

Table: TypeAlias = Mapping[str, Handler]
"""Handlers by the command's name, in upper case; a subcommand's key is ``NAME SUBCOMMAND``."""
