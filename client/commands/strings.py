"""Commands on string values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pycluster.client.command_table import Access
from pycluster.client.commands import replies
from pycluster.client.errors import UsageError
from pycluster.client.request import Command, CommandSet, Request, SplitRequest, V
from pycluster.client.resp import Argument


def _expiry(
    *, ex: int | None = None, px: int | None = None, exat: int | None = None, pxat: int | None = None
) -> tuple[Argument, ...]:
    given = [
        (name, value)
        for name, value in (("EX", ex), ("PX", px), ("EXAT", exat), ("PXAT", pxat))
        if value is not None
    ]
    if len(given) > 1:
        raise UsageError(f"give one expiry, not {' and '.join(name for name, _ in given)}")
    return given[0] if given else ()


class StringCommands(CommandSet[V]):
    """Strings: values, counters, conditional writes."""

    @Command
    def get(self, key: Argument) -> Request[V | None]:
        """The value of a key, None if there is no such key."""
        return Request(("GET", key), key, Access.READ)

    @Command
    def set(
        self,
        key: Argument,
        value: Argument,
        *,
        ex: int | None = None,
        px: int | None = None,
        exat: int | None = None,
        pxat: int | None = None,
        keepttl: bool = False,
        nx: bool = False,
        xx: bool = False,
    ) -> Request[bool]:
        """Set a key to a value; an expiry it had is gone unless ``keepttl``.

        Args:
            key: the key.
            value: the value.
            ex: expire after so many seconds.
            px: expire after so many milliseconds.
            exat: expire at this Unix time in seconds.
            pxat: expire at this Unix time in milliseconds.
            keepttl: keep the expiry the key has.
            nx: only if the key does not exist.
            xx: only if the key exists.

        Returns:
            True; False if ``nx`` or ``xx`` kept it from being set.
        """
        args: tuple[Argument, ...] = ("SET", key, value)
        if ex is not None or px is not None or exat is not None or pxat is not None:
            args += _expiry(ex=ex, px=px, exat=exat, pxat=pxat)
        if keepttl:
            args += ("KEEPTTL",)
        if nx:
            return Request((*args, "NX"), key, Access.WRITE, replies.done)
        if xx:
            args += ("XX",)
        return Request(args, key, Access.IDEMPOTENT, replies.done)

    @Command
    def set_and_get(
        self,
        key: Argument,
        value: Argument,
        *,
        ex: int | None = None,
        px: int | None = None,
        exat: int | None = None,
        pxat: int | None = None,
        keepttl: bool = False,
        nx: bool = False,
        xx: bool = False,
    ) -> Request[V | None]:
        """SET with GET: set a key, with the options of :meth:`set`, and return the value it had before.

        With ``nx`` a returned value means that the key was not set; with ``xx`` None means that.
        """
        args: tuple[Argument, ...] = ("SET", key, value, *_expiry(ex=ex, px=px, exat=exat, pxat=pxat))
        words = (("KEEPTTL", keepttl), ("NX", nx), ("XX", xx), ("GET", True))
        args += tuple(word for word, given in words if given)
        return Request(args, key, Access.WRITE)

    @Command
    def compare_and_set(
        self,
        key: Argument,
        expected: Argument,
        value: Argument,
        *,
        ex: int | None = None,
        px: int | None = None,
        exat: int | None = None,
        pxat: int | None = None,
        keepttl: bool = False,
    ) -> Request[bool]:
        """SET with IFEQ: set a key only if its value is ``expected``, in one step.

        Returns:
            True if it was set; False if the value was another, or there was none.
        """
        args: tuple[Argument, ...] = ("SET", key, value, "IFEQ", expected)
        args += _expiry(ex=ex, px=px, exat=exat, pxat=pxat)
        if keepttl:
            args += ("KEEPTTL",)
        return Request(args, key, Access.WRITE, replies.done)

    @Command
    def compare_and_delete(self, key: Argument, expected: Argument) -> Request[bool]:
        """DELIFEQ: delete a key only if its value is ``expected``, in one step; True if it was deleted."""
        return Request(("DELIFEQ", key, expected), key, Access.WRITE, replies.done)

    @Command
    def getdel(self, key: Argument) -> Request[V | None]:
        """The value of a key, which is deleted."""
        return Request(("GETDEL", key), key, Access.WRITE)

    @Command
    def getex(
        self,
        key: Argument,
        *,
        ex: int | None = None,
        px: int | None = None,
        exat: int | None = None,
        pxat: int | None = None,
        persist: bool = False,
    ) -> Request[V | None]:
        """The value of a key, whose expiry is set as by :meth:`set`, or taken away with ``persist``."""
        args: tuple[Argument, ...] = ("GETEX", key, *_expiry(ex=ex, px=px, exat=exat, pxat=pxat))
        if persist:
            args += ("PERSIST",)
        # A repeat returns the same value and sets the same expiry, unless that is past and the key gone.
        repeatable = exat is None and pxat is None
        return Request(args, key, Access.IDEMPOTENT if repeatable else Access.WRITE)

    @Command
    def mget(self, keys: Iterable[Argument]) -> SplitRequest[list[V | None]]:
        """The values of many keys, in their order, None where there is none.

        One MGET per hash slot, sent to all nodes at once: not atomic across slots.
        """
        return SplitRequest("MGET", [(key,) for key in keys], Access.READ, replies.in_order)

    @Command
    def mset(self, values: Mapping[str, Argument] | Mapping[bytes, Argument]) -> SplitRequest[None]:
        """Set many keys.

        One MSET per hash slot, sent to all nodes at once: not atomic across slots, and if some nodes fail,
        the keys of the others are set all the same.
        """
        return SplitRequest("MSET", list(values.items()), Access.IDEMPOTENT, replies.all_done)

    @Command
    def incr(self, key: Argument, by: int = 1) -> Request[int]:
        """Add to an integer, which starts as 0; returns the sum."""
        return Request(("INCRBY", key, by), key, Access.WRITE, replies.integer)

    @Command
    def decr(self, key: Argument, by: int = 1) -> Request[int]:
        """Subtract from an integer, which starts as 0; returns the difference."""
        return Request(("DECRBY", key, by), key, Access.WRITE, replies.integer)

    @Command
    def incr_float(self, key: Argument, by: float) -> Request[float]:
        """Add to a decimal number, which starts as 0; returns the sum."""
        return Request(("INCRBYFLOAT", key, by), key, Access.WRITE, replies.number)

    @Command
    def append(self, key: Argument, value: Argument) -> Request[int]:
        """Append to a string, which starts empty; returns its new length in bytes."""
        return Request(("APPEND", key, value), key, Access.WRITE, replies.integer)

    @Command
    def strlen(self, key: Argument) -> Request[int]:
        """The length of a string in bytes, 0 if there is no such key."""
        return Request(("STRLEN", key), key, Access.READ, replies.integer)

    @Command
    def getrange(self, key: Argument, start: int, end: int) -> Request[V]:
        """Bytes ``start`` to ``end`` of a string, both included; negative positions count from the end."""
        return Request(("GETRANGE", key, start, end), key, Access.READ)

    @Command
    def setrange(self, key: Argument, offset: int, value: Argument) -> Request[int]:
        """Overwrite a string from ``offset`` on, after NULs if it is shorter; returns its new length."""
        return Request(("SETRANGE", key, offset, value), key, Access.IDEMPOTENT, replies.integer)
