"""Who serves which slot, as far as the client knows."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import attrs
from attrs.validators import in_

from pycluster.client.address import Address
from pycluster.client.options import ReadFrom
from pycluster.client.slots import SLOT_COUNT


@attrs.frozen
class Shard:
    """The nodes that hold the same slots."""

    primary: Address
    replicas: tuple[Address, ...] = ()


@attrs.frozen
class SlotRange:
    """Slots ``start`` to ``end``, both included, as ``CLUSTER SLOTS`` reports them."""

    start: int = attrs.field(validator=in_(range(SLOT_COUNT)))
    end: int = attrs.field(validator=in_(range(SLOT_COUNT)))
    shard: Shard


def parse_cluster_slots(reply: Any, *, asked: Address) -> tuple[SlotRange, ...]:
    """Read a ``CLUSTER SLOTS`` reply, strings as bytes.

    Args:
        reply: lists of start, end, primary and replicas; a node is a list of host, port and more.
        asked: the node that answered; it stands in for a host that is null, empty or ``?``.

    Raises:
        ValueError: the reply has another shape.
    """

    def address(node: Any) -> Address:
        host = (node[0] or b"").decode()
        return Address(asked.host if host in ("", "?") else host, int(node[1]))

    try:
        shards: dict[Shard, Shard] = {}  # one object for all ranges of a shard
        ranges = []
        for start, end, primary, *replicas in reply:
            shard = Shard(address(primary), tuple(address(node) for node in replicas))
            ranges.append(SlotRange(int(start), int(end), shards.setdefault(shard, shard)))
    except (TypeError, ValueError, IndexError, AttributeError, UnicodeDecodeError) as exc:
        raise ValueError(f"malformed CLUSTER SLOTS reply: {exc}") from exc
    return tuple(ranges)


@attrs.define
class SlotCache:
    """The slot table. Reading one slot is one list index; threads may read while one replaces it.

    Attributes:
        loaded: whether the table has been filled at all.
        sharded: False for one server without cluster mode, where any keys may be used together.
    """

    loaded: bool = False
    sharded: bool = True
    _shards: list[Shard | None] = attrs.field(factory=lambda: [None] * SLOT_COUNT, init=False)
    _by_primary: dict[Address, Shard] = attrs.field(factory=dict, init=False)

    def replace(self, ranges: Iterable[SlotRange]) -> None:
        """Put a new table in the place of the old one, whole."""
        shards: list[Shard | None] = [None] * SLOT_COUNT
        by_primary: dict[Address, Shard] = {}
        for one in ranges:
            shards[one.start : one.end + 1] = [one.shard] * (one.end + 1 - one.start)
            by_primary[one.shard.primary] = one.shard
        self._shards, self._by_primary, self.sharded, self.loaded = shards, by_primary, True, True

    def replace_with_single(self, address: Address) -> None:
        """All slots belong to one server that has no cluster mode."""
        shard = Shard(address)
        self._shards, self._by_primary, self.sharded = [shard] * SLOT_COUNT, {address: shard}, False
        self.loaded = True

    def move(self, slot: int, primary: Address) -> None:
        """Take what MOVED says of one slot; the other slots stay as they are until the table is refreshed."""
        shard = self._by_primary.get(primary)
        if shard is None:
            shard = Shard(primary)
            # A new dict, since another thread may be walking through the old one.
            self._by_primary = {**self._by_primary, primary: shard}
        self._shards[slot] = shard

    def primary(self, slot: int) -> Address | None:
        """The node that takes a slot's writes; None when nobody is known to serve it."""
        shard = self._shards[slot]
        return None if shard is None else shard.primary

    def reader(self, slot: int, read_from: ReadFrom, rng: random.Random) -> Address | None:
        """A node to read a slot's keys from; None when nobody is known to serve it."""
        shard = self._shards[slot]
        if shard is None:
            return None
        if read_from is ReadFrom.PRIMARY or not shard.replicas:
            return shard.primary
        return rng.choice(
            shard.replicas if read_from is ReadFrom.REPLICA else (shard.primary, *shard.replicas)
        )

    def primaries(self) -> tuple[Address, ...]:
        """All primaries that own slots, in the order of their first slots."""
        return tuple(self._by_primary)

    def replicas(self) -> tuple[Address, ...]:
        """All replicas, shard by shard."""
        return tuple(dict.fromkeys(node for shard in self._by_primary.values() for node in shard.replicas))


REFRESH_INTERVAL_MS = 200
"""Time between two refreshes of the slot table at least."""
REFRESH_INTERVAL_FAILING_MS_MAX = 3_200
"""The same while refreshing fails: it doubles with every failure up to this."""
REFRESH_KNOWN_MAX = 4
"""Known nodes that one refresh asks at most before it turns to the seeds."""
REFRESH_SEEDS_MAX = 16
"""Seeds that one refresh asks at most."""


@attrs.define
class RefreshPolicy:
    """When to fetch the slot table again: on demand, but never more often than an interval allows.

    Redirects come in crowds while slots move, so each only asks for a refresh, and the interval decides.
    """

    _wanted: bool = attrs.field(default=False, init=False)
    _preferred: Address | None = attrs.field(default=None, init=False)
    _interval_ms: int = attrs.field(default=REFRESH_INTERVAL_MS, init=False)
    _next_ms: int | None = attrs.field(default=None, init=False)

    def request(self, preferred: Address | None = None) -> None:
        """The table is probably stale; ``preferred`` is a node that should know better."""
        self._wanted = True
        self._preferred = preferred or self._preferred

    def due(self, now_ms: int) -> bool:
        """Whether a refresh is asked for and the interval since the last one is over."""
        return self._wanted and (self._next_ms is None or now_ms >= self._next_ms)

    def finish(self, *, succeeded: bool, now_ms: int) -> None:
        """A refresh has ended; one that failed stays asked for."""
        self._wanted = not succeeded
        doubled_ms = min(2 * self._interval_ms, REFRESH_INTERVAL_FAILING_MS_MAX)
        self._interval_ms = REFRESH_INTERVAL_MS if succeeded else doubled_ms
        self._next_ms = now_ms + self._interval_ms

    def candidates(
        self, known: Iterable[Address], seeds: Iterable[Address], rng: random.Random
    ) -> list[Address]:
        """Whom to ask, best first: the preferred node, a few known nodes at random, a few seeds."""
        shuffled = sorted(set(known))
        rng.shuffle(shuffled)
        first = [] if self._preferred is None else [self._preferred]
        self._preferred = None
        return list(dict.fromkeys([*first, *shuffled[:REFRESH_KNOWN_MAX], *list(seeds)[:REFRESH_SEEDS_MAX]]))
