"""What a client does when servers fall silent, break connections, send nonsense or disagree."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from typing import Any

import anyio
import pytest
from client_servers import shells
from client_servers.scripted import HOST, OK, ScriptedServer, in_turn, slots_of
from client_servers.valkey import free_port
from support.waiting import wait_until

from pycluster.client import Address, AsyncCluster, Cluster, key_slot
from pycluster.client.errors import (
    ClosedError,
    ClusterDownError,
    ConnectionFailedError,
    ConnectionLostError,
    DeadlineExceededError,
    NoNodeReachableError,
    PipelineFullError,
    ProtocolError,
    TooManyRedirectsError,
)
from pycluster.client.slot_cache import REFRESH_INTERVAL_MS

SHORT_S = 0.3


def test_a_silent_server_costs_no_more_than_the_time_allowed(shell: str) -> None:
    async def scenario(client: Any) -> None:
        start_s = time.monotonic()
        with pytest.raises(DeadlineExceededError) as caught:
            await client.incr("k")
        assert SHORT_S <= time.monotonic() - start_s < SHORT_S + 1
        assert caught.value.maybe_executed
        with pytest.raises(DeadlineExceededError):
            await client.execute("INCR", "k", timeout_s=0.05)
        async with client.pipeline(raise_on_error=False) as pipe:
            pipe.incr("k")
            pipe.get("k")
            assert [type(one) for one in await pipe.execute(timeout_s=0.05)] == [DeadlineExceededError] * 2

    with ScriptedServer(lambda _: b"") as server:
        shells.run(shell, scenario, server.address, timeout_s=SHORT_S)


def test_a_reply_that_comes_in_drops_does_not_stretch_the_deadline(shell: str) -> None:
    async def scenario(client: Any) -> None:
        start_s = time.monotonic()
        with pytest.raises(DeadlineExceededError):
            await client.get("k")
        assert time.monotonic() - start_s < SHORT_S + 1

    over = threading.Event()

    def drip() -> None:
        with contextlib.suppress(OSError):  # the client hangs up
            while not over.wait(0.02):
                server.say(b"x")

    def begin(_: list[bytes]) -> bytes:
        threading.Thread(target=drip, daemon=True).start()
        return b"$100000\r\n"

    with ScriptedServer(begin) as server:
        shells.run(shell, scenario, server.address, timeout_s=SHORT_S)
        over.set()


def test_a_connection_that_breaks_before_the_reply_repeats_reads_but_not_writes(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.get("k") == b"v"
        server.script = in_turn(None, b"$1\r\nv\r\n")
        assert await client.get("k") == b"v"
        server.script = in_turn(None, OK)
        assert await client.set("k", "v") is True
        server.script = in_turn(None, b":1\r\n")
        with pytest.raises(ConnectionLostError):
            await client.incr("k")
        assert server.count(b"INCRBY", b"k", b"1") == 1
        server.script = in_turn(None, b":1\r\n")
        assert await client.execute("INCR", "k", repeatable=True) == 1
        assert server.count(b"INCR", b"k") == 2

    with ScriptedServer(in_turn(b"$1\r\nv\r\n")) as server:
        shells.run(shell, scenario, server.address)


def test_lost_writes_are_repeated_when_the_caller_says_so(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.incr("k") == 7

    with ScriptedServer(in_turn(None, None, b":7\r\n")) as server:
        shells.run(shell, scenario, server.address, retry_lost_writes=True)
        assert len(server.seen) == 3


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.incr("k") == 1
        server.break_connections()
        await anyio.sleep(0.06)  # longer than an idle connection is trusted unseen
        assert await client.incr("k") == 1

    with ScriptedServer(in_turn(b":1\r\n")) as server:
        shells.run(shell, scenario, server.address)
        assert len(server.seen) == 2


def test_in_a_pipeline_the_replies_before_a_break_count(shell: str) -> None:
    async def scenario(client: Any) -> None:
        async with client.pipeline(raise_on_error=False) as pipe:
            for _ in range(3):
                pipe.incr("k")
            pipe.get("k")
            one, *lost, value = await pipe.execute()
        assert one == 1
        assert [type(error) for error in lost] == [ConnectionLostError] * 2
        assert value == b"v"

    with ScriptedServer(in_turn(b":1\r\n", None, b"$1\r\nv\r\n")) as server:
        shells.run(shell, scenario, server.address)


def test_a_push_between_replies_is_no_reply(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert [await client.get("k") for _ in range(3)] == [b"1", b"2", b"3"]

    push = b">2\r\n+invalidate\r\n*1\r\n+k\r\n"
    with ScriptedServer(in_turn(push + b"+1\r\n", b"+2\r\n", push * 3 + b"+3\r\n")) as server:
        shells.run(shell, scenario, server.address)


def test_a_reply_that_nobody_asked_for_spoils_only_its_connection(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.get("k") == b"1"
        await anyio.sleep(0.06)  # longer than an idle connection is trusted unseen
        assert await client.get("k") == b"3"

    with ScriptedServer(in_turn(b"+1\r\n+2\r\n", b"+3\r\n")) as server:
        shells.run(shell, scenario, server.address)


def test_a_server_of_another_kind_is_reported(shell: str) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(ProtocolError):
            await client.get("k")

    with ScriptedServer(in_turn(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        shells.run(shell, scenario, server.address)


def test_nodes_that_send_each_other_the_client_are_left_after_a_few_hops(shell: str) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(TooManyRedirectsError) as caught:
            await client.get("foo")
        assert caught.value.slot == 12_182
        assert set(caught.value.hops) == {str(one.address), str(two.address)}

    with ScriptedServer(in_turn(b"")) as one, ScriptedServer(in_turn(b"")) as two:
        one.script = in_turn(b"-MOVED 12182 %s\r\n" % str(two.address).encode())
        two.script = in_turn(b"-MOVED 12182 %s\r\n" % str(one.address).encode())
        one.slots = two.slots = slots_of(one.address, two.address)
        shells.run(shell, scenario, one.address)
        assert len(one.seen) + len(two.seen) == 9


def test_a_redirect_without_a_host_leads_to_the_same_host(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.get("foo") == b"there"

    with ScriptedServer(in_turn(b"")) as one, ScriptedServer(in_turn(b"+there\r\n")) as two:
        one.slots = slots_of(one.address)
        two.slots = slots_of(two.address)
        one.script = in_turn(b"-MOVED 12182 :%d\r\n" % two.address.port)
        shells.run(shell, scenario, one.address)


def test_a_cluster_that_is_down_is_waited_for(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.incr("k") == 1
        server.script = in_turn(b"-CLUSTERDOWN The cluster is down\r\n")
        with pytest.raises(ClusterDownError) as caught:
            await client.execute("INCR", "k", timeout_s=SHORT_S)
        assert caught.value.__notes__

    with ScriptedServer(in_turn(*[b"-CLUSTERDOWN The cluster is down\r\n"] * 4, b":1\r\n")) as server:
        shells.run(shell, scenario, server.address)


def test_a_crowd_of_redirects_does_not_flood_the_cluster_with_questions(shell: str) -> None:
    async def scenario(client: Any) -> None:
        start_s = time.monotonic()
        for number in range(200):
            assert await client.get(f"k{number}") == b"v"
        intervals = (time.monotonic() - start_s) * 1_000 / REFRESH_INTERVAL_MS
        assert wrong.count(b"GET", b"k199") == 1
        assert wrong.tables_asked + right.tables_asked <= 2 + intervals

    with ScriptedServer(in_turn(b"+v\r\n")) as right, ScriptedServer(in_turn(b"")) as wrong:
        wrong.script = lambda command: (
            b"-MOVED %d %s\r\n" % (key_slot(command[1]), str(right.address).encode())
        )
        wrong.slots = right.slots = slots_of(wrong.address)  # a table that stays wrong
        shells.run(shell, scenario, wrong.address)


def test_a_node_that_is_gone_is_looked_for_in_a_new_table(shell: str) -> None:
    async def scenario(client: Any) -> None:
        await client.connect()
        assert client.primaries == (gone,)
        server.slots = slots_of(server.address)
        assert await client.incr("foo") == 1
        assert client.primaries == (server.address,)

    gone = Address(HOST, free_port())
    with ScriptedServer(in_turn(b":1\r\n")) as server:
        server.slots = slots_of(gone)
        shells.run(shell, scenario, server.address)


def test_a_seed_that_does_not_answer_is_passed_over(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.get("k") == b"v"

    with ScriptedServer(in_turn(b"$1\r\nv\r\n")) as server, ScriptedServer(in_turn(b"")) as mute:
        mute.greetings = dict.fromkeys(mute.greetings, b"")
        seeds = [(HOST, free_port()), server.address]
        shells.run(shell, scenario, mute.address, seeds=seeds, connect_timeout_s=SHORT_S)


def test_without_any_node_the_first_command_fails_at_once_and_says_why(shell: str) -> None:
    async def scenario(client: Any) -> None:
        start_s = time.monotonic()
        with pytest.raises(NoNodeReachableError) as caught:
            await client.get("k")
        assert time.monotonic() - start_s < 1
        ((address, cause),) = caught.value.causes
        assert address == nobody
        assert isinstance(cause, ConnectionFailedError)
        assert cause.reason == os.strerror(errno.ECONNREFUSED)

    nobody = (HOST, free_port())
    shells.run(shell, scenario, nobody)


def test_a_name_without_an_address_is_no_node(shell: str) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(NoNodeReachableError, match="nowhere"):
            await client.get("k")

    shells.run(shell, scenario, ("nowhere.invalid", 7000))


def test_a_closed_client_says_so(shell: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.ping() is True
        await (client.close() if shell == "blocking" else client.aclose())
        with pytest.raises(ClosedError):
            await client.get("k")
        async with client.pipeline(raise_on_error=False) as pipe:
            pipe.get("k")
            with pytest.raises(ClosedError):
                await pipe.execute()

    with ScriptedServer(in_turn(b"+PONG\r\n")) as server:
        shells.run(shell, scenario, server.address)


def test_a_pipeline_has_a_bound(shell: str) -> None:
    async def scenario(client: Any) -> None:
        async with client.pipeline() as pipe:
            for _ in range(3):
                pipe.get("k")
            with pytest.raises(PipelineFullError):
                pipe.get("k")
            assert await pipe.execute() == [b"v"] * 3

    with ScriptedServer(in_turn(b"+v\r\n")) as server:
        shells.run(shell, scenario, server.address, pipeline_depth_max=3)


def test_what_a_pipeline_was_not_told_to_execute_is_forgotten(shell: str) -> None:
    async def scenario(client: Any) -> None:
        async with client.pipeline() as pipe:
            pipe.get("k")
        assert await pipe.execute() == []

    with ScriptedServer(in_turn(b"+v\r\n")) as server:
        shells.run(shell, scenario, server.address)
        assert server.seen == []


def test_threads_share_a_bounded_number_of_connections() -> None:
    with ScriptedServer(in_turn(b"+v\r\n")) as server, Cluster(*server.address, pool_size_max=2) as client:
        threads = [threading.Thread(target=lambda: [client.get("k") for _ in range(50)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.seen) == 400
        assert server.connections <= 2


def test_a_thread_that_finds_no_free_connection_waits_no_longer_than_allowed() -> None:
    with ScriptedServer(in_turn(b"")) as server, Cluster(*server.address, pool_size_max=1) as client:
        holder = threading.Thread(target=_take_the_only_connection, args=(client,))
        holder.start()
        wait_until(lambda: len(server.seen) == 1, "the first command")
        with pytest.raises(DeadlineExceededError, match="free connection") as caught:
            client.execute("GET", "k", timeout_s=0.1)
        assert not caught.value.maybe_executed
        server.say(b"+v\r\n")
        holder.join()


def _take_the_only_connection(client: Cluster[bytes]) -> None:
    assert client.execute("GET", "first") == b"v"


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_tasks_share_a_bounded_number_of_connections(backend: str) -> None:
    async def main() -> None:
        async def work() -> None:
            for _ in range(25):
                assert await client.get("k") == b"v"

        client = AsyncCluster(*server.address, pool_size_max=2)
        async with client, anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(work)

    with ScriptedServer(in_turn(b"+v\r\n")) as server:
        anyio.run(main, backend=backend)
        assert len(server.seen) == 200
        assert server.connections <= 2


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_a_cancelled_command_does_not_leave_its_reply_to_the_next(backend: str) -> None:
    async def main() -> None:
        async with AsyncCluster(*server.address) as client:
            with anyio.move_on_after(0.1) as scope:
                await client.get("late")
            assert scope.cancelled_caught
            server.script = in_turn(b"+mine\r\n")
            assert await client.get("k") == b"mine"

    with ScriptedServer(in_turn(b"")) as server:
        anyio.run(main, backend=backend)
        assert server.connections == 2


def test_a_forked_child_uses_connections_of_its_own() -> None:
    with ScriptedServer(in_turn(b"+v\r\n")) as server, Cluster(*server.address) as client:
        assert client.get("k") == b"v"
        child = os.fork()
        if child == 0:
            # No pytest in the child, whatever happens: it only tells by its status how it went.
            status = 1
            with contextlib.suppress(BaseException):
                status = 0 if client.get("k") == b"v" else 2
            os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert client.get("k") == b"v"
        assert server.connections == 2
