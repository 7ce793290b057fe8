"""The kinds of work that the benchmarks do, and the figures that a row of each has."""

from typing import Literal, TypeAlias

import attrs

Better: TypeAlias = Literal["lower", "higher"]
Limits: TypeAlias = Literal["ratio", "value"]
Command: TypeAlias = tuple[str, ...]
Structure: TypeAlias = Literal["hash", "set", "sorted-set", "list"]

# Random keys of the closed-loop rows: enough that the keyspace doesn't fit the inner caches, quick to fill.
KEY_RANGE = 100_000


@attrs.frozen(kw_only=True)
class Figure:
    """One number of a row.

    ``floor`` and ``target`` bound the subject's median itself (``limits="value"``) or its ratio to the peer's
    median (``limits="ratio"``); None: the number is only shown.
    """

    name: str
    unit: str
    better: Better = "lower"
    limits: Limits = "ratio"
    floor: float | None = None
    target: float | None = None


@attrs.frozen(kw_only=True)
class Work:
    """What all rows have. ``extra`` rows run only when they are named, or with ``--all``."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    extra: bool = False


@attrs.frozen(kw_only=True)
class ClosedLoop(Work):
    """redis-benchmark against a server that runs alone.

    ``command`` is what follows redis-benchmark's options: ``("-t", "get")``, or a command in words, with
    ``__rand_int__`` where a random number goes. ``key_range`` is its ``-r``; None: it is left out, and all
    operations hit one key. ``fill`` stores every string key first, so that reads find something.
    """

    command: tuple[str, ...]
    pipeline: int
    value_size: int
    clients: int = 50
    key_range: int | None = KEY_RANGE
    requests: int = 2_000_000
    requests_quick: int = 200_000
    fill: bool = True


@attrs.frozen(kw_only=True)
class OpenLoop(Work):
    """Our own generator at a fixed rate against a server alone; ``reads`` and ``writes`` are proportions."""

    rate: float
    key_size: int
    value_size: int
    connections: int = 50
    keys: int = KEY_RANGE
    reads: int = 10
    writes: int = 1
    duration_s: float = 5.0
    duration_quick_s: float = 1.0


@attrs.frozen(kw_only=True)
class MemoryPerKey(Work):
    """Fill a freshly started server with distinct keys; its resident growth by key, less key and value."""

    keys: int
    key_size: int
    value_size: int
    expire_s: int | None = None
    keys_quick: int = 100_000


@attrs.frozen(kw_only=True)
class ClusterStart(Work):
    """``pycluster up`` in a new directory until every node serves; then its nodes' idle cost. No peer."""

    nodes: int
    replicas: int
    idle_s: float = 5.0
    idle_quick_s: float = 1.0


@attrs.frozen(kw_only=True)
class IdleNode(Work):
    """A freshly started server alone that nobody talks to."""

    idle_s: float = 5.0
    idle_quick_s: float = 1.0


@attrs.frozen(kw_only=True)
class RequestLoad(Work):
    """One operation of one or more commands, ``pipeline`` operations at a time on one connection.

    ``prepare`` runs once before; ``subscribe`` on each of ``subscribers`` connections, which read on.
    """

    operation: tuple[Command, ...]
    prepare: tuple[Command, ...] = ()
    pipeline: int = 16
    subscribe: Command = ()
    subscribers: int = 0
    operations: int = 200_000
    operations_quick: int = 20_000


@attrs.frozen(kw_only=True)
class CollectionMemory(Work):
    """Fill a freshly started server with collections; its resident growth by member, less the payload.

    ``keys`` collections of ``members`` members; payload are key and members (of a hash: fields of 7 bytes and
    values of 16; otherwise members of 16 bytes, in a sorted set with 8 bytes of score). ``per_key``: by key
    instead.
    """

    structure: Structure
    keys: int
    members: int
    per_key: bool = False
    shrink_quick: int = 10


@attrs.frozen(kw_only=True)
class Stall(Work):
    """The longest wait of another client while one grows, shrinks and deletes a collection of ``members``."""

    structure: Structure
    members: int = 10_000_000
    members_quick: int = 200_000


AnyWork: TypeAlias = (
    ClosedLoop | OpenLoop | MemoryPerKey | ClusterStart | IdleNode | RequestLoad | CollectionMemory | Stall
)
