"""The rows about hashes, lists, sets, sorted sets, streams, transactions and pub/sub."""

from pycluster.bench.work_kinds import (
    KEY_RANGE,
    AnyWork,
    ClosedLoop,
    CollectionMemory,
    Command,
    Figure,
    RequestLoad,
    Stall,
    Structure,
)

_WRITE_LIMITS = (1.0, 0.8)
_READ_LIMITS = (1.1, 0.8)


def _write(test: str, title: str) -> ClosedLoop:
    """A row of redis-benchmark's own tests: one more member, pipeline 16."""
    return ClosedLoop(
        name=f"{test}-p16",
        title=f"{title}, pipeline 16, 50 clients",
        figures=(
            Figure(name="cpu per op", unit="us", floor=_WRITE_LIMITS[0], target=_WRITE_LIMITS[1]),
            Figure(name="throughput", unit="op/s", better="higher"),
            Figure(name="p50", unit="us"),
            Figure(name="p99", unit="us"),
        ),
        command=("-t", test),
        pipeline=16,
        value_size=16,
        key_range=KEY_RANGE,
        requests=1_000_000,
        requests_quick=100_000,
        fill=False,
    )


def _request(
    name: str,
    title: str,
    *operation: Command,
    prepare: tuple[Command, ...] = (),
    pipeline: int = 16,
    operations: int = 200_000,
    subscribe: Command = (),
    subscribers: int = 0,
) -> RequestLoad:
    return RequestLoad(
        name=name,
        title=title,
        figures=(
            Figure(name="cpu per op", unit="us", floor=_READ_LIMITS[0], target=_READ_LIMITS[1]),
            Figure(name="throughput", unit="op/s", better="higher"),
        ),
        operation=operation,
        prepare=prepare,
        pipeline=pipeline,
        operations=operations,
        operations_quick=operations // 10,
        subscribe=subscribe,
        subscribers=subscribers,
    )


def _memory(
    structure: Structure,
    title: str,
    sizes: tuple[int, int],
    limits: tuple[float, float],
    *,
    per_key: bool = False,
) -> CollectionMemory:
    """A row of memory; ``sizes`` are keys and members, ``limits`` floor and target in bytes."""
    return CollectionMemory(
        name=f"memory-{structure}",
        title=f"resident bytes beyond payload, {title}",
        figures=(Figure(name="overhead", unit="B", limits="value", floor=limits[0], target=limits[1]),),
        structure=structure,
        keys=sizes[0],
        members=sizes[1],
        per_key=per_key,
    )


def _stall(structure: Structure) -> Stall:
    return Stall(
        name=f"stall-{structure}",
        title=f"longest wait of another client beside a {structure} of 10,000,000",
        figures=tuple(
            Figure(name=phase, unit="ms", limits="value", floor=5.0, target=1.0)
            for phase in ("grow", "shrink", "delete")
        ),
        structure=structure,
    )


_MEMBERS = tuple(f"member:{index:03}" for index in range(100))
_FIELDS = tuple(word for index in range(10) for word in (f"field:{index}", "x" * 16))
_SCORED = tuple(word for index, member in enumerate(_MEMBERS) for word in (str(index), member))

COLLECTION_WORKS: tuple[AnyWork, ...] = (
    _write("hset", "HSET of one of 100,000 fields"),
    _write("sadd", "SADD of one of 100,000 members"),
    _write("zadd", "ZADD of one of 100,000 members"),
    _write("lpush", "LPUSH of 16 B"),
    _write("incr", "INCR of one of 100,000 counters"),
    _request(
        "lrange-100", "LRANGE of 100 items", ("LRANGE", "k", "0", "99"), prepare=(("RPUSH", "k", *_MEMBERS),)
    ),
    _request("hgetall-10", "HGETALL of 10 fields", ("HGETALL", "k"), prepare=(("HSET", "k", *_FIELDS),)),
    _request(
        "zrange-100", "ZRANGE of 100 members", ("ZRANGE", "k", "0", "99"), prepare=(("ZADD", "k", *_SCORED),)
    ),
    _request("xadd", "XADD of one field", ("XADD", "k", "MAXLEN", "~", "100000", "*", "field", "x" * 16)),
    _request(
        "multi-5",
        "MULTI, five SETs, EXEC",
        ("MULTI",),
        *(("SET", f"key:{index}", "x" * 16) for index in range(5)),
        ("EXEC",),
        operations=50_000,
    ),
    _request(
        "publish-100",
        "PUBLISH of 64 B to 100 subscribers",
        ("PUBLISH", "news", "x" * 64),
        subscribe=("SUBSCRIBE", "news"),
        subscribers=100,
        pipeline=4,
        operations=10_000,
    ),
    _memory("hash", "hashes of 10 fields, each", (200_000, 10), (110, 60), per_key=True),
    _memory("sorted-set", "a sorted set of 1,000,000 members, each", (1, 1_000_000), (64, 40)),
    _memory("set", "a set of 1,000,000 members, each", (1, 1_000_000), (40, 20)),
    _memory("list", "a list of 1,000,000 items, each", (1, 1_000_000), (4, 3)),
    *(_stall(structure) for structure in ("hash", "set", "sorted-set", "list")),
)
