"""Commands to all primaries together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pycluster.client.command_table import Access
from pycluster.client.request import BroadcastRequest, Command, CommandSet, V


def _all_pong(answers: Sequence[Any]) -> bool:
    return all(answer in (b"PONG", "PONG") for answer in answers)


def _nothing(answers: Sequence[Any]) -> None:
    """Every primary answered OK, or merging would not have been reached."""


class ServerCommands(CommandSet[V]):
    """The cluster as a whole."""

    @Command
    def ping(self) -> BroadcastRequest[bool]:
        """True when every primary answered."""
        return BroadcastRequest(("PING",), Access.READ, _all_pong)

    @Command
    def dbsize(self) -> BroadcastRequest[int]:
        """The number of keys of all primaries."""
        return BroadcastRequest(("DBSIZE",), Access.READ, sum)

    @Command
    def flush_all(self, *, lazily: bool = False) -> BroadcastRequest[None]:
        """Delete all keys on all primaries; ``lazily``: their memory is freed in the background."""
        return BroadcastRequest(("FLUSHALL", "ASYNC" if lazily else "SYNC"), Access.IDEMPOTENT, _nothing)
