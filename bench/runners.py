"""Carrying out the rows of ``works.py``: one function a kind of work, one number a figure of the row."""

import contextlib
import functools
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import attrs

from pycluster.bench import _loadgen, processes, redis_benchmark
from pycluster.bench.collection_runners import fill_collections, request_load, stall
from pycluster.bench.servers import (
    BenchError,
    Server,
    ServerKind,
    ask,
    free_ports,
    pinned,
    pycluster_command,
    running,
    stop,
    wait_until,
)
from pycluster.bench.work_kinds import (
    AnyWork,
    ClosedLoop,
    ClusterStart,
    CollectionMemory,
    IdleNode,
    MemoryPerKey,
    OpenLoop,
    RequestLoad,
    Stall,
)
from pycluster.runtime import clock

Numbers: TypeAlias = dict[str, float]
"""Figure name to value."""

FILL_CONNECTIONS = 4
FILL_PIPELINE = 64
SETTLE_INTERVAL_S = 0.2
SETTLE_CHECKS_MAX = 50
# A fresh server is left alone this long before it counts as idle.
IDLE_SETTLE_S = 1.0
MEGABYTE = 1_000_000


@attrs.frozen(kw_only=True)
class Cores:
    """Which core the servers get and which the load; None: not pinned."""

    server: int | None
    load: int | None


def measure(
    work: AnyWork, kinds: tuple[ServerKind, ...], *, rounds: int, quick: bool, cores: Cores
) -> list[list[Numbers]]:
    """Carry out a row ``rounds`` times for each server, by turns (A B A B ...); one list of rounds a server.

    Raises:
        BenchError: A server or a tool failed, or the load met errors.
    """
    results: list[list[Numbers]] = [[] for _ in kinds]
    if isinstance(work, ClosedLoop | OpenLoop | RequestLoad):
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(running(kind, core=cores.server)) for kind in kinds]
            with pinned(cores.load):
                for server in servers:
                    _fill_for(work, server)
                    _load(work, server, quick=True)  # warms caches, tables and connections; not counted
                for _ in range(rounds):
                    for result, server in zip(results, servers, strict=True):
                        result.append(_load(work, server, quick=quick))
        return results
    for _ in range(rounds):
        for result, kind in zip(results, kinds, strict=True):
            result.append(_measure_fresh(work, kind, quick=quick, cores=cores))
    return results


def _measure_fresh(
    work: MemoryPerKey | ClusterStart | IdleNode | CollectionMemory | Stall,
    kind: ServerKind,
    *,
    quick: bool,
    cores: Cores,
) -> Numbers:
    match work:
        case MemoryPerKey():
            return _memory_per_key(work, kind, quick=quick, cores=cores)
        case CollectionMemory():
            return _collection_memory(work, kind, quick=quick, cores=cores)
        case Stall():
            with running(kind, core=cores.server) as server, pinned(cores.load):
                return stall(work, server, quick=quick)
        case ClusterStart():
            return _cluster_start(work, quick=quick)
        case IdleNode():
            return _idle_node(work, kind, quick=quick, cores=cores)


def _fill_for(work: ClosedLoop | OpenLoop | RequestLoad, server: Server) -> None:
    """Give reads something to find."""
    match work:
        case RequestLoad() | ClosedLoop(fill=False):
            return
        case ClosedLoop(key_range=None):
            redis_benchmark.run(
                server.port,
                command=("-t", "set"),
                requests=1,
                clients=1,
                pipeline=1,
                value_size=work.value_size,
                key_range=None,
            )
        case ClosedLoop(key_range=int(keys)):
            # Keys of 16 bytes are those of redis-benchmark -r.
            _fill(server.port, keys=keys, key_size=16, value_size=work.value_size)
        case OpenLoop():
            _fill(server.port, keys=work.keys, key_size=work.key_size, value_size=work.value_size)


def _fill(port: int, *, keys: int, key_size: int, value_size: int, expire_s: int | None = None) -> None:
    """Write every key once.

    Raises:
        BenchError: A write failed.
    """
    report = _loadgen.run(
        "127.0.0.1",
        port,
        ops=keys,
        keys=keys,
        key_size=key_size,
        value_size=value_size,
        expire_s=expire_s,
        reads=0,
        writes=1,
        distribution="sequential",
        connections=FILL_CONNECTIONS,
        pipeline=FILL_PIPELINE,
        cluster=False,
    )
    if report["ops_done"] != keys:
        raise BenchError(f"filling wrote {report['ops_done']} of {keys} keys: {report['errors']}")


def _load(work: ClosedLoop | OpenLoop | RequestLoad, server: Server, *, quick: bool) -> Numbers:
    """One round against a running server, with the CPU it took there."""
    if isinstance(work, RequestLoad):
        return request_load(work, server, quick=quick)
    before_ns = processes.cpu_ns(server.pid)
    match work:
        case ClosedLoop():
            ops = work.requests_quick if quick else work.requests
            closed = redis_benchmark.run(
                server.port,
                command=work.command,
                requests=ops,
                clients=work.clients,
                pipeline=work.pipeline,
                value_size=work.value_size,
                key_range=work.key_range,
            )
            numbers = {"throughput": closed.throughput_per_s, "p50": closed.p50_us, "p99": closed.p99_us}
        case OpenLoop():
            report = _loadgen.run(
                "127.0.0.1",
                server.port,
                rate=work.rate,
                connections=work.connections,
                keys=work.keys,
                duration_s=work.duration_quick_s if quick else work.duration_s,
                key_size=work.key_size,
                value_size=work.value_size,
                reads=work.reads,
                writes=work.writes,
                spin=True,
                cluster=False,
            )
            if report["errors"] or report["saturated"]:
                raise BenchError(
                    f"{server.kind.name} did not keep up at {work.rate:,.0f}/s:"
                    f" {report['ops_shed']} operations shed, errors {report['errors']}"
                )
            ops = report["ops_done"]
            latency = report["latency"]
            numbers = {
                "p50": latency["p50_us"],
                "p99": latency["p99_us"],
                "p99.9": latency["p999_us"],
                "p99.99": latency["p9999_us"],
                "rate reached": report["rate_per_s"],
                "generator late p99": report["lateness"]["p99_us"],
            }
    numbers["cpu per op"] = (processes.cpu_ns(server.pid) - before_ns) / ops / 1000
    return numbers


def _memory_per_key(work: MemoryPerKey, kind: ServerKind, *, quick: bool, cores: Cores) -> Numbers:
    keys = work.keys_quick if quick else work.keys
    with running(kind, core=cores.server) as server, pinned(cores.load):
        before_bytes = _settled_rss_bytes(server.pid)
        _fill(
            server.port, keys=keys, key_size=work.key_size, value_size=work.value_size, expire_s=work.expire_s
        )
        grown_bytes = _settled_rss_bytes(server.pid) - before_bytes
    return {"overhead per key": grown_bytes / keys - work.key_size - work.value_size}


def _collection_memory(work: CollectionMemory, kind: ServerKind, *, quick: bool, cores: Cores) -> Numbers:
    with running(kind, core=cores.server) as server, pinned(cores.load):
        before_bytes = _settled_rss_bytes(server.pid)
        count, payload_bytes = fill_collections(work, server, quick=quick)
        grown_bytes = _settled_rss_bytes(server.pid) - before_bytes
    return {"overhead": (grown_bytes - payload_bytes) / count}


def _settled_rss_bytes(pid: int) -> int:
    """Resident bytes once they no longer change: tables may still be growing or buffers be given back."""
    last_bytes = -1
    for _ in range(SETTLE_CHECKS_MAX):
        rss_bytes = processes.memory_use(pid).rss_bytes
        if rss_bytes == last_bytes:
            break
        last_bytes = rss_bytes
        time.sleep(SETTLE_INTERVAL_S)
    return last_bytes


def _idle_node(work: IdleNode, kind: ServerKind, *, quick: bool, cores: Cores) -> Numbers:
    with running(kind, core=cores.server) as server:
        return _idle_cost([server.pid], idle_s=work.idle_quick_s if quick else work.idle_s)


def _idle_cost(pids: list[int], *, idle_s: float) -> Numbers:
    """Mean memory and CPU of processes that nobody talks to, over ``idle_s``."""
    time.sleep(IDLE_SETTLE_S)
    before_ns, start_ns = sum(map(processes.cpu_ns, pids)), time.monotonic_ns()
    time.sleep(idle_s)
    used_ns, elapsed_ns = sum(map(processes.cpu_ns, pids)) - before_ns, time.monotonic_ns() - start_ns
    memory = [processes.memory_use(pid) for pid in pids]
    return {
        "RSS": sum(use.rss_bytes for use in memory) / len(pids) / MEGABYTE,
        "PSS": sum(use.pss_bytes for use in memory) / len(pids) / MEGABYTE,
        "CPU": 100 * used_ns / elapsed_ns / len(pids),
    }


def _cluster_start(work: ClusterStart, *, quick: bool) -> Numbers:
    base = free_ports(work.nodes)
    ports = range(base, base + work.nodes)
    with tempfile.TemporaryDirectory(prefix="pycluster-bench-") as parent:
        directory, log = Path(parent) / "cluster", Path(parent) / "output"
        argv = [
            *pycluster_command(),
            "up",
            "--nodes",
            str(work.nodes),
            "--replicas",
            str(work.replicas),
            "--port",
            str(base),
            "--dir",
            str(directory),
        ]
        start_ms = clock.monotonic_ms()
        with _background(argv, log) as process:
            for port in ports:
                wait_until(functools.partial(_serves, port), what=f"node {port}", process=process, log=log)
            started_s = (clock.monotonic_ms() - start_ms) / 1000
            pids = [_node_pid(directory, port) for port in ports]
            idle = _idle_cost(pids, idle_s=work.idle_quick_s if quick else work.idle_s)
    return {
        "until all serve": started_s,
        "idle node PSS": idle["PSS"],
        "idle node RSS": idle["RSS"],
        "idle node CPU": idle["CPU"],
    }


@contextlib.contextmanager
def _background(argv: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output)
    try:
        yield process
    finally:
        stop(process)


def _serves(port: int) -> bool:
    return b"cluster_state:ok" in ask(port, b"CLUSTER", b"INFO")


def _node_pid(directory: Path, port: int) -> int:
    """The process of a node, from the file it writes (see docs/architecture.md)."""
    path = directory / "nodes" / str(port) / "node.json"
    try:
        pid = int(json.loads(path.read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise BenchError(f"{path} does not name the node's process") from exc
    return pid


def choose_cores(server: int | None, load: int | None) -> Cores:
    """The cores asked for, by default the first two that this process may use; unpinned if there is but one.

    Raises:
        BenchError: A core is not available to this process.
    """
    available = sorted(os.sched_getaffinity(0))
    for core in (server, load):
        if core is not None and core not in available:
            raise BenchError(f"core {core} is not available; there are {available}")
    if len(available) < 2:
        return Cores(server=server, load=load)
    return Cores(
        server=available[0] if server is None else server,
        load=available[1] if load is None else load,
    )
