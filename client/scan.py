"""Walking through the keys of one node."""

from __future__ import annotations

from typing import Any

import attrs

from pycluster.client.resp import Argument


@attrs.define
class ScanCursor:
    """Where a walk by SCAN stands.

    Attributes:
        match: only keys that match this glob pattern.
        count: about how many keys the server looks at per call.
        type: only keys of this data type.
    """

    match: Argument | None = None
    count: int | None = None
    type: str | None = None
    _cursor: Argument | None = attrs.field(default="0", init=False)

    def next_command(self) -> tuple[Argument, ...] | None:
        """The next command to send to the node; None: all keys were seen."""
        if self._cursor is None:
            return None
        args: tuple[Argument, ...] = ("SCAN", self._cursor)
        for word, value in (("MATCH", self.match), ("COUNT", self.count), ("TYPE", self.type)):
            if value is not None:
                args += (word, value)
        return args

    def take(self, reply: Any) -> list[Any]:
        """Take the reply to it; returns its keys."""
        cursor, keys = reply
        self._cursor = None if cursor in (b"0", "0") else cursor
        return list(keys)
