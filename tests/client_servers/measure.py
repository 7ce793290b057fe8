"""What a command costs through our clients and through redis-py's, against the same Valkey cluster.

Run from the checkout: ``PYTHONPATH=tests python -m client_servers.measure``. Prints a Markdown table of the
client's own CPU time and of elapsed time, in microseconds per command: the best of several rounds in which
all take turns, the servers on the first core and the client on the second. The first row is a loop around a
bare socket, which no client can beat.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from client_servers.valkey import ValkeyCluster
from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster
from redis.cluster import RedisCluster

from pycluster.client import AsyncCluster, Cluster, key_slot
from pycluster.client.resp import pack

ROUNDS = 5
SINGLE_COUNT = 2_000
PIPELINE_DEPTH = 1_000
PIPELINE_COUNT = 10
VALUE = "v" * 100
KEYS = [f"key:{number}" for number in range(PIPELINE_DEPTH)]

Result = tuple[float, float]
"""CPU and elapsed seconds per command."""

Best = dict[tuple[str, str], Result]


def note(best: Best, client: str, work: str, start: Result, count: int) -> None:
    """Keep the least of what a piece of work took since ``start``."""
    cpu, elapsed = (now - then for now, then in zip(clocks(), start, strict=True))
    old = best.get((client, work), (float("inf"), float("inf")))
    best[client, work] = (min(old[0], cpu / count), min(old[1], elapsed / count))


def clocks() -> Result:
    """CPU time of this process, and elapsed time."""
    return time.process_time(), time.perf_counter()


def measure_blocking(best: Best, name: str, client: Any) -> None:
    """GET, SET and a pipeline of GETs."""
    calls: dict[str, Callable[[], Any]] = {
        "GET": lambda: client.get("key:1"),
        "SET": lambda: client.set("key:1", VALUE),
    }
    for work, call in calls.items():
        start = clocks()
        for _ in range(SINGLE_COUNT):
            call()
        note(best, name, work, start, SINGLE_COUNT)
    start = clocks()
    for _ in range(PIPELINE_COUNT):
        pipeline = client.pipeline()
        for key in KEYS:
            pipeline.get(key)
        assert len(pipeline.execute()) == PIPELINE_DEPTH
    note(best, name, f"pipeline of {PIPELINE_DEPTH} GET", start, PIPELINE_COUNT * PIPELINE_DEPTH)


def measure_bare(best: Best, address: tuple[str, int]) -> None:
    """GET by nothing but a socket: send, receive."""
    command = pack(("GET", "key:1"))
    with socket.create_connection(address) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = clocks()
        for _ in range(SINGLE_COUNT):
            sock.sendall(command)
            sock.recv(65_536)
        note(best, "bare socket", "GET", start, SINGLE_COUNT)


async def measure_async(best: Best, name: str, client: Any) -> None:
    """The same, awaited."""
    start = clocks()
    for _ in range(SINGLE_COUNT):
        await client.get("key:1")
    note(best, name, "GET", start, SINGLE_COUNT)
    start = clocks()
    for _ in range(SINGLE_COUNT):
        await client.set("key:1", VALUE)
    note(best, name, "SET", start, SINGLE_COUNT)
    start = clocks()
    for _ in range(PIPELINE_COUNT):
        pipeline = client.pipeline()
        for key in KEYS:
            pipeline.get(key)
        assert len(await pipeline.execute()) == PIPELINE_DEPTH
    note(best, name, f"pipeline of {PIPELINE_DEPTH} GET", start, PIPELINE_COUNT * PIPELINE_DEPTH)


def async_round(best: Best, name: str, address: tuple[str, int]) -> Callable[[], Awaitable[None]]:
    """One round with an async client of ours."""

    async def play() -> None:
        async with AsyncCluster(*address) as client:
            await measure_async(best, name, client)

    return play


async def redis_py_round(best: Best, address: tuple[str, int]) -> None:
    """One round with redis-py's async client."""
    client: Any = AsyncRedisCluster(host=address[0], port=address[1])
    await client.initialize()
    await measure_async(best, "redis-py asyncio", client)
    await client.aclose()


def main() -> None:
    """Measure and print."""
    cluster, best = ValkeyCluster(), Best()
    try:
        for server in cluster.servers:
            os.sched_setaffinity(server.process.pid, {0})
        os.sched_setaffinity(0, {1})
        address = cluster.address
        owner = cluster.owner(key_slot(b"key:1")).address
        ours, theirs = Cluster(*address), RedisCluster(host=address[0], port=address[1])
        ours.mset(dict.fromkeys(KEYS, VALUE))
        for _ in range(ROUNDS):
            measure_bare(best, owner)
            measure_blocking(best, "pycluster Cluster", ours)
            measure_blocking(best, "redis-py RedisCluster", theirs)
            for backend in ("asyncio", "trio"):
                anyio.run(async_round(best, f"pycluster AsyncCluster, {backend}", address), backend=backend)
            asyncio.run(redis_py_round(best, address))
    finally:
        cluster.stop()
    print("| client | work | CPU us | elapsed us |\n|---|---|---|---|")
    for (client, work), (cpu, elapsed) in best.items():
        print(f"| {client} | {work} | {cpu * 1e6:.1f} | {elapsed * 1e6:.1f} |")


if __name__ == "__main__":
    main()
