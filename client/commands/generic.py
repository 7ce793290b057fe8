"""Commands on keys of any type."""

from __future__ import annotations

from typing import Literal

from pycluster.client.command_table import Access
from pycluster.client.commands import replies
from pycluster.client.request import Command, CommandSet, Request, SplitRequest, V
from pycluster.client.resp import Argument

ExpireCondition = Literal["NX", "XX", "GT", "LT"]
"""Set the expiry only if the key has none (NX), has one (XX), or the new one is later (GT) or sooner (LT)."""


def _expire(name: str, key: Argument, when: int, condition: ExpireCondition | None) -> Request[bool]:
    if condition is None:
        # An expiry in the past deletes the key, and a repeat would then find none.
        access = Access.IDEMPOTENT if when > 0 and not name.endswith("AT") else Access.WRITE
        return Request((name, key, when), key, access, replies.done)
    return Request((name, key, when, condition), key, Access.WRITE, replies.done)


class GenericCommands(CommandSet[V]):
    """Keys: existence, expiry, names."""

    @Command
    def delete(self, *keys: Argument) -> SplitRequest[int]:
        """Delete keys, one DEL per hash slot; returns how many there were."""
        return SplitRequest("DEL", [(key,) for key in keys], Access.WRITE, replies.total)

    @Command
    def unlink(self, *keys: Argument) -> SplitRequest[int]:
        """As :meth:`delete`; large values are freed later."""
        return SplitRequest("UNLINK", [(key,) for key in keys], Access.WRITE, replies.total)

    @Command
    def exists(self, *keys: Argument) -> SplitRequest[int]:
        """How many of the keys exist; a key given twice counts twice."""
        return SplitRequest("EXISTS", [(key,) for key in keys], Access.READ, replies.total)

    @Command
    def touch(self, *keys: Argument) -> SplitRequest[int]:
        """Mark keys as used just now; returns how many there are."""
        return SplitRequest("TOUCH", [(key,) for key in keys], Access.READ, replies.total)

    @Command
    def expire(self, key: Argument, seconds: int, condition: ExpireCondition | None = None) -> Request[bool]:
        """Let a key expire after so many seconds; False if there is no such key or the condition fails."""
        return _expire("EXPIRE", key, seconds, condition)

    @Command
    def pexpire(
        self, key: Argument, milliseconds: int, condition: ExpireCondition | None = None
    ) -> Request[bool]:
        """As :meth:`expire`, in milliseconds."""
        return _expire("PEXPIRE", key, milliseconds, condition)

    @Command
    def expireat(self, key: Argument, unix_s: int, condition: ExpireCondition | None = None) -> Request[bool]:
        """Let a key expire at a Unix time in seconds; returns as :meth:`expire`."""
        return _expire("EXPIREAT", key, unix_s, condition)

    @Command
    def pexpireat(
        self, key: Argument, unix_ms: int, condition: ExpireCondition | None = None
    ) -> Request[bool]:
        """As :meth:`expireat`, in milliseconds."""
        return _expire("PEXPIREAT", key, unix_ms, condition)

    @Command
    def persist(self, key: Argument) -> Request[bool]:
        """Take a key's expiry away; False if it had none."""
        return Request(("PERSIST", key), key, Access.WRITE, replies.done)

    @Command
    def ttl(self, key: Argument) -> Request[int]:
        """Seconds until a key expires, rounded; -1: never; -2: there is no such key."""
        return Request(("TTL", key), key, Access.READ, replies.integer)

    @Command
    def pttl(self, key: Argument) -> Request[int]:
        """Milliseconds until a key expires; -1: never; -2: there is no such key."""
        return Request(("PTTL", key), key, Access.READ, replies.integer)

    @Command
    def expiretime(self, key: Argument) -> Request[int]:
        """Unix time in seconds at which a key expires; -1: never; -2: there is no such key."""
        return Request(("EXPIRETIME", key), key, Access.READ, replies.integer)

    @Command
    def pexpiretime(self, key: Argument) -> Request[int]:
        """As :meth:`expiretime`, in milliseconds."""
        return Request(("PEXPIRETIME", key), key, Access.READ, replies.integer)

    @Command
    def type(self, key: Argument) -> Request[str]:
        """The data type of a key, such as ``string``; ``none``: there is no such key."""
        return Request(("TYPE", key), key, Access.READ, replies.text)

    @Command
    def rename(self, key: Argument, new_key: Argument) -> Request[None]:
        """Rename a key within its hash slot, over what had that name; raises ResponseError without a key."""
        return Request(("RENAME", key, new_key), key, Access.WRITE, replies.nothing)

    @Command
    def copy(self, source: Argument, destination: Argument, *, replace: bool = False) -> Request[bool]:
        """Copy a key within its hash slot; False if there is no source, or a destination to keep."""
        args = ("COPY", source, destination, "REPLACE") if replace else ("COPY", source, destination)
        return Request(args, source, Access.WRITE, replies.done)

    @Command
    def object_encoding(self, key: Argument) -> Request[str | None]:
        """How a key's value is laid out in memory, such as ``embstr``; None: there is no such key."""
        return Request(("OBJECT", "ENCODING", key), key, Access.READ, replies.text_or_none)

    @Command
    def dump(self, key: Argument) -> Request[bytes | None]:
        """A key's value as RESTORE takes it, always bytes; None: there is no such key."""
        return Request(("DUMP", key), key, Access.READ, binary=True)
