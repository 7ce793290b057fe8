"""The work that the benchmarks do: a table of rows, and what each row's figures should reach.

A later row is one more entry in :data:`WORKS`, or in the table of its noun; a new kind of work is a class in
``work_kinds.py`` and a runner beside the others.
"""

from typing import Literal

from pycluster.bench.collection_works import COLLECTION_WORKS
from pycluster.bench.work_kinds import (
    KEY_RANGE,
    AnyWork,
    ClosedLoop,
    ClusterStart,
    Figure,
    IdleNode,
    MemoryPerKey,
    OpenLoop,
)


def _closed(
    verb: Literal["get", "set"],
    value: tuple[int, str],
    pipeline: int,
    *,
    cpu: tuple[float, float] | None = None,
    throughput: tuple[float, float] | None = None,
    one_key: bool = False,
) -> ClosedLoop:
    """A row of GET or SET; ``cpu`` and ``throughput`` are (floor, target) of the ratio."""
    value_size, size_name = value
    requests = 2_000_000 if pipeline > 1 else 250_000
    return ClosedLoop(
        name=f"{verb}-{size_name}-p{pipeline}" + ("-one-key" if one_key else ""),
        title=f"{verb.upper()} {value_size} B, pipeline {pipeline}, 50 clients, "
        + ("one key" if one_key else f"{KEY_RANGE:,} random keys"),
        figures=(
            Figure(name="cpu per op", unit="us", floor=cpu and cpu[0], target=cpu and cpu[1]),
            Figure(
                name="throughput",
                unit="op/s",
                better="higher",
                floor=throughput and throughput[0],
                target=throughput and throughput[1],
            ),
            Figure(name="p50", unit="us"),
            Figure(name="p99", unit="us"),
        ),
        extra=one_key,
        command=("-t", verb),
        pipeline=pipeline,
        value_size=value_size,
        key_range=None if one_key else KEY_RANGE,
        requests=requests,
        requests_quick=requests // 10,
    )


def _open(rate: int) -> OpenLoop:
    return OpenLoop(
        name=f"open-{rate // 1000}k",
        title=f"open loop {rate:,}/s, 50 connections, 50 B keys, 1 KiB values, 10 reads to a write",
        figures=(
            Figure(name="p50", unit="us", floor=1.0, target=0.5),
            Figure(name="p99", unit="us", floor=1.0, target=0.5),
            Figure(name="p99.9", unit="us"),
            Figure(name="p99.99", unit="us"),
            Figure(name="cpu per op", unit="us"),
            Figure(name="rate reached", unit="op/s", better="higher"),
            Figure(name="generator late p99", unit="us"),
        ),
        rate=rate,
        key_size=50,
        value_size=1024,
    )


def _memory(
    name: str,
    title: str,
    keys: int,
    sizes: tuple[int, int],
    limits: tuple[int, int],
    *,
    expire_s: int | None = None,
) -> MemoryPerKey:
    return MemoryPerKey(
        name=f"memory-{name}",
        title=f"resident bytes beyond key and value, {title}, {keys:,} keys",
        figures=(
            Figure(name="overhead per key", unit="B", limits="value", floor=limits[0], target=limits[1]),
        ),
        keys=keys,
        key_size=sizes[0],
        value_size=sizes[1],
        expire_s=expire_s,
    )


_SMALL, _LARGE = (100, "100"), (1024, "1k")
# Idle cost of one node: 40 MB and 1 % of a core at most, half and a third of it better.
_MEMORY_MB_LIMITS = (40.0, 20.0)
_CPU_PERCENT_LIMITS = (1.0, 0.3)

WORKS: tuple[AnyWork, ...] = (
    *(_closed(verb, _SMALL, 16, cpu=(1.0, 0.65), throughput=(1.0, 1.3)) for verb in ("get", "set")),
    *(_closed(verb, _SMALL, 1, cpu=(1.05, 0.9)) for verb in ("get", "set")),
    *(_closed(verb, _LARGE, 16, throughput=(1.0, 1.2)) for verb in ("get", "set")),
    *(_closed(verb, _SMALL, 16, one_key=True) for verb in ("get", "set")),
    *(_closed(verb, _SMALL, 1, one_key=True) for verb in ("get", "set")),
    *(_closed(verb, _LARGE, 16, one_key=True) for verb in ("get", "set")),
    *(_open(rate) for rate in (20_000, 40_000, 60_000)),
    _memory("50-1k", "50 B + 1 KiB", 500_000, (50, 1024), (64, 32)),
    _memory("16-8", "16 B + 8 B", 1_000_000, (16, 8), (40, 24)),
    _memory("32-100-expiry", "32 B + 100 B with expiry", 1_000_000, (32, 100), (64, 36), expire_s=86_400),
    ClusterStart(
        name="up-6",
        title="pycluster up --nodes 6 --replicas 1",
        figures=(
            Figure(name="until all serve", unit="s", limits="value", floor=3.0, target=1.0),
            Figure(
                name="idle node PSS",
                unit="MB",
                limits="value",
                floor=_MEMORY_MB_LIMITS[0],
                target=_MEMORY_MB_LIMITS[1],
            ),
            Figure(name="idle node RSS", unit="MB"),
            Figure(
                name="idle node CPU",
                unit="%",
                limits="value",
                floor=_CPU_PERCENT_LIMITS[0],
                target=_CPU_PERCENT_LIMITS[1],
            ),
        ),
        nodes=6,
        replicas=1,
    ),
    IdleNode(
        name="idle",
        title="an idle server alone",
        figures=(
            Figure(
                name="RSS", unit="MB", limits="value", floor=_MEMORY_MB_LIMITS[0], target=_MEMORY_MB_LIMITS[1]
            ),
            Figure(name="PSS", unit="MB"),
            Figure(
                name="CPU",
                unit="%",
                limits="value",
                floor=_CPU_PERCENT_LIMITS[0],
                target=_CPU_PERCENT_LIMITS[1],
            ),
        ),
    ),
    *COLLECTION_WORKS,
)


def choose(names: tuple[str, ...], *, extra: bool = False) -> tuple[AnyWork, ...]:
    """The rows with these names, or whose names begin with one; all but the extra rows when none is given.

    Raises:
        ValueError: A name fits no row.
    """
    for name in names:
        if not any(work.name.startswith(name) for work in WORKS):
            raise ValueError(f"no row is called {name}; there are {', '.join(work.name for work in WORKS)}")
    if not names:
        return tuple(work for work in WORKS if extra or not work.extra)
    return tuple(
        work
        for work in WORKS
        if work.name in names or (any(map(work.name.startswith, names)) and (extra or not work.extra))
    )
