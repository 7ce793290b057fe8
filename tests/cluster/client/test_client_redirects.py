"""Slots that move and nodes that change their roles, in a real Valkey cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from client_servers import shells
from client_servers.valkey import Server, ValkeyAlone, ValkeyCluster, ask
from support.waiting import wait_until

from pycluster.client import Cluster, key_slot
from pycluster.client.errors import ConnectionLostError


@contextmanager
def moving(cluster: ValkeyCluster, slot: int) -> Iterator[tuple[Server, Server]]:
    """Source and target of a slot that is on the move; it ends up at home again."""
    source = cluster.owner(slot)
    target = cluster.other_primary(source)
    cluster.begin_move(slot, source, target)
    try:
        yield source, target
    finally:
        if cluster.owner(slot) is source:
            cluster.move_keys(slot, source, target)
            cluster.end_move(slot, source, target)
        cluster.begin_move(slot, target, source)
        cluster.move_keys(slot, target, source)
        cluster.end_move(slot, target, source)


def test_a_slot_on_the_move_is_served_from_both_ends(shell: str, valkey_cluster: ValkeyCluster) -> None:
    async def scenario(client: Any) -> None:
        tag = f"{{ask:{shell}}}"
        slot = key_slot(tag.encode())
        await client.set(f"{tag}old", "at the source")
        with moving(valkey_cluster, slot) as (source, target):
            await client.set(f"{tag}new", "at the target")
            assert ask(target.address, "CLUSTER", "COUNTKEYSINSLOT", slot) == 1
            assert ask(source.address, "CLUSTER", "COUNTKEYSINSLOT", slot) == 1
            assert await client.get(f"{tag}old") == b"at the source"
            assert await client.get(f"{tag}new") == b"at the target"
            async with client.pipeline() as pipe:
                pipe.get(f"{tag}old")
                pipe.get(f"{tag}new")
                pipe.set(f"{tag}newer", 1)
                pipe.get("elsewhere")
                assert (await pipe.execute())[:3] == [b"at the source", b"at the target", True]
            valkey_cluster.move_keys(slot, source, target)
            assert await client.get(f"{tag}old") == b"at the source"
            valkey_cluster.end_move(slot, source, target)
            assert await client.get(f"{tag}old") == b"at the source"
            async with client.pipeline() as pipe:
                pipe.incr(f"{tag}newer")
                pipe.incr(f"{tag}newer")
                assert await pipe.execute() == [2, 3]
        assert await client.delete(f"{tag}old", f"{tag}new", f"{tag}newer") == 3

    shells.run(shell, scenario, valkey_cluster.address)


def test_a_command_on_keys_at_both_ends_waits_until_they_are_together(
    shell: str, valkey_cluster: ValkeyCluster
) -> None:
    async def scenario(client: Any) -> None:
        tag = f"{{tryagain:{shell}}}"
        slot = key_slot(tag.encode())
        await client.set(f"{tag}a", 1)
        with moving(valkey_cluster, slot) as (source, target):
            await client.set(f"{tag}b", 2)

            def finish() -> None:
                valkey_cluster.move_keys(slot, source, target)
                valkey_cluster.end_move(slot, source, target)

            # The server answers TRYAGAIN until the timer's thread has moved the rest.
            timer = threading.Timer(0.1, finish)
            timer.start()
            assert await client.execute("MGET", f"{tag}a", f"{tag}b") == [b"1", b"2"]
            timer.join()
        await client.delete(f"{tag}a", f"{tag}b")

    shells.run(shell, scenario, valkey_cluster.address)


def test_a_replica_that_takes_over_is_followed(shell: str, valkey_cluster: ValkeyCluster) -> None:
    async def scenario(client: Any) -> None:
        await client.connect()
        (replica,) = client.replicas
        # Only the first third of the slots has a replica.
        key = next(f"failover:{number}" for number in range(100) if key_slot(b"failover:%d" % number) < 5_000)
        slot = key_slot(key.encode())
        await client.set(key, "before")
        wait_until(lambda: ask(replica, "CLUSTER", "FAILOVER") == b"OK", "asking for the failover")
        wait_until(lambda: valkey_cluster.owner(slot).address == replica, "the failover")
        assert await client.get(key) == b"before"
        assert await client.incr(f"{{{key}}}n") >= 1
        assert replica in client.primaries

    shells.run(shell, scenario, valkey_cluster.address)
    valkey_cluster.wait_until_agreed()


def test_a_restarted_server_is_found_again_without_an_error_for_reads(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.incr("n") == 1
        alone.restart()
        assert await client.get("n") is None
        assert await client.incr("n") == 1

    with ValkeyAlone() as alone:
        shells.run(shell, scenario, alone.address)


def test_a_server_that_is_away_for_a_moment_is_waited_for(shell: str) -> None:
    async def scenario(client: Any) -> None:
        await client.set("k", "v")
        alone.server.stop()
        timer = threading.Timer(0.3, alone.restart)
        timer.start()
        assert await client.set("k", "w") is True
        timer.join()

    with ValkeyAlone() as alone:
        shells.run(shell, scenario, alone.address)


def test_many_threads_share_a_client_while_a_slot_moves(valkey_cluster: ValkeyCluster) -> None:
    tag = "{threads}"
    slot, counts = key_slot(b"threads"), [0] * 8
    with Cluster(*valkey_cluster.address, pool_size_max=3, timeout_s=20) as client:
        client.delete(f"{tag}n")
        stop = threading.Event()

        def work(number: int) -> None:
            while not stop.is_set():
                client.incr(f"{tag}n")
                counts[number] += 1

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        try:
            with moving(valkey_cluster, slot):
                pass
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert client.getdel(f"{tag}n") == str(sum(counts)).encode()
    assert min(counts) > 0


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_many_tasks_share_a_client_while_a_slot_moves(valkey_cluster: ValkeyCluster, backend: str) -> None:
    from pycluster.client import AsyncCluster

    async def main() -> None:
        key, done = "{tasks}n", 0

        async def work() -> None:
            nonlocal done
            for _ in range(60):
                await client.incr(key)
                done += 1

        async with AsyncCluster(*valkey_cluster.address, pool_size_max=3, timeout_s=20) as client:
            await client.delete(key)
            async with anyio.create_task_group() as group:
                for _ in range(8):
                    group.start_soon(work)
                with moving(valkey_cluster, key_slot(b"tasks")):
                    await anyio.lowlevel.checkpoint()
            assert await client.getdel(key) == str(done).encode() == b"480"

    anyio.run(main, backend=backend)


def test_a_write_to_a_server_that_dies_is_reported_not_repeated() -> None:
    with ValkeyAlone() as alone, Cluster(*alone.address) as client:
        client.set("k", 1)
        failed: list[Exception] = []

        def block() -> None:
            try:
                client.execute("BLPOP", "list", 0, timeout_s=10)
            except Exception as exc:
                failed.append(exc)

        thread = threading.Thread(target=block)
        thread.start()
        wait_until(lambda: b"blocked_clients:1" in ask(alone.address, "INFO", "clients"), "blocking")
        alone.restart()
        thread.join()
        assert [type(exc) for exc in failed] == [ConnectionLostError]
