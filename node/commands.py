"""A row of the table of control commands: what the engine leaves to Python, and how a handler is called."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import attrs

from pycluster.node.answers import Answer, CommandError


@attrs.frozen(kw_only=True)
class Call:
    """A client's command: its arguments after the name (and subcommand), and where the client came in."""

    arguments: tuple[bytes, ...] = ()
    local_address: str = ""


Handler: TypeAlias = Callable[[Call], Answer | Awaitable[Answer]]


@attrs.frozen
class Command:
    """A handler, with how many arguments it takes; ``arguments_max`` None means any number.

    A handler that has to wait returns an awaitable. What it raises as CommandError is the answer.
    """

    handler: Handler
    arguments_min: int = 0
    arguments_max: int | None = 0

    def takes(self, arguments_count: int) -> bool:
        """Whether this number of arguments (after name and subcommand) is right."""
        too_many = self.arguments_max is not None and arguments_count > self.arguments_max
        return arguments_count >= self.arguments_min and not too_many


Table: TypeAlias = Mapping[str, Command]
"""Commands by name, in upper case; a subcommand's key is ``NAME SUBCOMMAND``."""


def refusing(table: Table, text: str) -> Table:
    """The same commands, all answered with one error."""

    def refuse(_call: Call) -> Answer:
        raise CommandError(text)

    return {name: attrs.evolve(command, handler=refuse) for name, command in table.items()}
