"""Commands against clusters, Valkey's and our own, and against a Valkey alone."""

from __future__ import annotations

import time
from typing import Any

import pytest
from client_servers import shells
from client_servers.valkey import ValkeyAlone, ValkeyCluster, ask

from pycluster.client import Cluster, ReadFrom, key_slot
from pycluster.client.command_table import BUILT_IN, Access
from pycluster.client.errors import (
    AuthenticationError,
    CrossSlotError,
    NoNodeReachableError,
    PipelineError,
    ResponseError,
    UnsupportedCommandError,
    WrongTypeError,
)


def test_strings_behave_as_their_docstrings_say(shell: str, address: tuple[str, int]) -> None:
    async def scenario(client: Any) -> None:
        key = f"strings:{shell}"
        await client.delete(key)
        assert await client.get(key) is None
        assert await client.set(key, "a", nx=True) is True
        assert await client.set(key, "b", nx=True) is False
        assert await client.set_and_get(key, "b") == b"a"
        assert await client.compare_and_set(key, "x", "y") is False
        assert await client.compare_and_set(key, "b", "c", ex=100) is True
        assert 0 < await client.ttl(key) <= 100
        assert await client.getex(key, persist=True) == b"c"
        assert await client.ttl(key) == -1
        assert await client.append(key, "de") == 3
        assert await client.getrange(key, 1, -1) == b"de"
        assert await client.setrange(key, 0, "C") == 3
        assert await client.strlen(key) == 3
        assert await client.compare_and_delete(key, "wrong") is False
        assert await client.compare_and_delete(key, "Cde") is True
        assert await client.incr(key) == 1
        assert await client.incr(key, 9) == 10
        assert await client.decr(key, 3) == 7
        assert await client.incr_float(key, 0.5) == 7.5
        assert await client.getdel(key) == b"7.5"

    shells.run(shell, scenario, address)


def test_keys_behave_as_their_docstrings_say(shell: str, address: tuple[str, int]) -> None:
    async def scenario(client: Any) -> None:
        key, other = f"{{keys:{shell}}}a", f"{{keys:{shell}}}b"
        await client.delete(key, other)
        assert await client.type(key) == "none"
        assert await client.object_encoding(key) is None
        assert await client.expire(key, 5) is False
        await client.set(key, 12)
        assert await client.type(key) == "string"
        assert await client.object_encoding(key) == "int"
        assert await client.expire(key, 500, "XX") is False
        assert await client.pexpire(key, 500_000) is True
        assert 499_000 < await client.pttl(key) <= 500_000
        unix_s = int(time.time()) + 900
        assert await client.expireat(key, unix_s, "GT") is True
        assert await client.expiretime(key) == unix_s
        assert await client.pexpireat(key, unix_s * 1_000 - 1_000) is True
        assert await client.pexpiretime(key) == unix_s * 1_000 - 1_000
        assert await client.persist(key) is True
        assert await client.copy(key, other) is True
        assert await client.copy(key, other) is False
        assert await client.copy(key, other, replace=True) is True
        assert await client.rename(key, other) is None
        assert await client.exists(key, other, other) == 2
        assert await client.touch(other) == 1
        assert await client.unlink(other) == 1
        with pytest.raises(ResponseError, match="no such key"):
            await client.rename(key, other)

    shells.run(shell, scenario, address)


def test_many_keys_are_spread_over_all_nodes_and_come_back_in_order(
    shell: str, address: tuple[str, int]
) -> None:
    async def scenario(client: Any) -> None:
        values = {f"many:{shell}:{number}": str(number).encode() for number in range(300)}
        assert await client.mset(values) is None
        sizes = await client.execute_all("DBSIZE")
        assert len(sizes) >= 3
        assert all(size > 20 for size in sizes.values())
        assert await client.mget([*values, "many:none"]) == [*values.values(), None]
        found = [key async for key in client.scan_iter(f"many:{shell}:*", count=50)]
        assert sorted(found) == sorted(key.encode() for key in values)
        assert await client.exists(*values) == 300
        assert await client.dbsize() >= 300
        assert await client.delete(*values, "many:none") == 300

    shells.run(shell, scenario, address)


def test_replies_are_text_when_asked_for(shell: str, address: tuple[str, int]) -> None:
    async def scenario(client: Any) -> None:
        key = f"text:{shell}"
        await client.set(key, "é")
        assert await client.get(key) == "é"
        assert await client.mget([key]) == ["é"]
        assert await client.execute("GET", key, binary=True) == "é".encode()
        assert await client.type(key) == "string"
        assert await client.ping() is True
        assert [found async for found in client.scan_iter(key)] == [key]

    shells.run(shell, scenario, address, decode_responses=True)


def test_a_dump_stays_bytes(shell: str, valkey_cluster: ValkeyCluster) -> None:
    async def scenario(client: Any) -> None:
        key = f"dump:{shell}"
        assert await client.dump(f"{key}:none") is None
        await client.set(key, 12)
        assert isinstance(await client.dump(key), bytes)

    shells.run(shell, scenario, valkey_cluster.address, decode_responses=True)


@pytest.mark.parametrize("protocol", [2, 3])
def test_any_command_can_be_executed_by_its_words(
    shell: str, valkey_cluster: ValkeyCluster, protocol: int
) -> None:
    async def scenario(client: Any) -> None:
        key = f"words:{shell}:{protocol}"
        await client.execute("DEL", key)
        assert await client.execute("HSET", key, "f", 1) == 1
        fields = await client.execute("hgetall", key)
        assert fields == ({b"f": b"1"} if protocol == 3 else [b"f", b"1"])
        assert await client.execute("EVAL", "return redis.call('HGET', KEYS[1], 'f')", 1, key) == b"1"
        assert await client.execute("MEMORY", "USAGE", key) > 0
        assert await client.execute("OBJECT", "ENCODING", key) == b"listpack"
        with pytest.raises(WrongTypeError):
            await client.execute("GET", key)
        with pytest.raises(CrossSlotError):
            await client.execute("MGET", "a", "b")
        with pytest.raises(UnsupportedCommandError):
            await client.execute("MULTI")
        with pytest.raises(ResponseError, match="unknown command"):
            await client.execute("NOSUCHCOMMAND", key)

    shells.run(shell, scenario, valkey_cluster.address, protocol=protocol)


def test_a_command_with_keys_in_odd_places_is_routed_by_the_server(
    shell: str, valkey_cluster: ValkeyCluster
) -> None:
    async def scenario(client: Any) -> None:
        # MIGRATE is not built in, and its key stands where only the server knows to look.
        for number in range(20):
            reply = await client.execute("MIGRATE", "127.0.0.1", 1, f"odd:{number}", 0, 100)
            assert reply == b"NOKEY"

    shells.run(shell, scenario, valkey_cluster.address)


def test_a_command_can_be_sent_to_one_node_or_to_all(shell: str, valkey_cluster: ValkeyCluster) -> None:
    async def scenario(client: Any) -> None:
        await client.connect()
        for node in (*client.primaries, *client.replicas):
            assert await client.execute("CONFIG", "GET", "port", node=node) in (
                {b"port": str(node.port).encode()},
            )
        assert set(await client.execute_all("DBSIZE")) == set(client.primaries)
        everywhere = await client.execute_all("PING", replicas=True)
        assert set(everywhere) == {*client.primaries, *client.replicas}
        assert set(everywhere.values()) == {b"PONG"}
        with pytest.raises(ResponseError):
            await client.execute("GET", node=client.primaries[0])

    shells.run(shell, scenario, valkey_cluster.address)


def test_a_pipeline_returns_typed_results_in_order(shell: str, address: tuple[str, int]) -> None:
    async def scenario(client: Any) -> None:
        async with client.pipeline() as pipe:
            for number in range(100):
                pipe.set(f"pipe:{shell}:{number}", number)
            got = pipe.mget([f"pipe:{shell}:{number}" for number in range(100)])
            size = pipe.dbsize()
            pipe.queue("INCRBY", f"pipe:{shell}:0", 7)
            assert len(pipe) == 103
            results = await pipe.execute()
        assert results == [True] * 100 + [got.result(), size.result(), 7]
        assert got.result() == [str(number).encode() for number in range(100)]
        assert len(pipe) == 0
        assert await client.pipeline().execute() == []

    shells.run(shell, scenario, address)


def test_a_failing_command_of_a_pipeline_leaves_the_others_be(shell: str, address: tuple[str, int]) -> None:
    async def scenario(client: Any) -> None:
        text, number = f"pipefail:{shell}:a", f"pipefail:{shell}:b"
        await client.set(text, "text")
        await client.delete(number)
        async with client.pipeline() as pipe:
            pipe.incr(text)
            pipe.incr(number)
            with pytest.raises(PipelineError) as caught:
                await pipe.execute()
        assert (caught.value.index, caught.value.results[1]) == (0, 1)
        async with client.pipeline(raise_on_error=False) as pipe:
            pipe.incr(number)
            pipe.incr(text)
            count, error = await pipe.execute()
        assert (count, type(error)) == (2, ResponseError)

    shells.run(shell, scenario, address)


def test_a_pipeline_larger_than_all_socket_buffers_gets_through(shell: str, address: tuple[str, int]) -> None:
    async def scenario(client: Any) -> None:
        value = bytes(2_000_000)
        keys = [f"large:{shell}:{number}" for number in range(12)]
        async with client.pipeline() as pipe:
            for key in keys:
                pipe.set(key, value)
                pipe.get(key)
            results = await pipe.execute(timeout_s=30)
        assert results == [True, value] * 12
        await client.delete(*keys)

    shells.run(shell, scenario, address)


def test_reads_go_to_a_replica_when_asked_to(shell: str, valkey_cluster: ValkeyCluster) -> None:
    async def scenario(client: Any) -> None:
        await client.connect()
        (replica,) = client.replicas
        # Only the first third of the slots has a replica.
        key = next(f"replica:{number}" for number in range(100) if key_slot(b"replica:%d" % number) < 5_000)
        before = _reads(replica)
        await client.set(key, "v")
        for _ in range(5):
            await client.get(key)
        assert _reads(replica) - before == 5

    shells.run(shell, scenario, valkey_cluster.address, read_from=ReadFrom.REPLICA)


def _reads(address: Any) -> int:
    stats = ask(address, "INFO", "commandstats").decode()
    for line in stats.splitlines():
        if line.startswith("cmdstat_get:"):
            return int(line.split("calls=")[1].split(",")[0])
    return 0


def test_a_server_without_cluster_mode_is_a_cluster_of_one(shell: str) -> None:
    async def scenario(client: Any) -> None:
        values = {f"alone:{number}": str(number).encode() for number in range(20)}
        await client.mset(values)
        assert await client.mget(list(values)) == list(values.values())
        assert await client.execute("MGET", "alone:1", "alone:2") == [b"1", b"2"]
        assert await client.dbsize() == 20
        assert len([key async for key in client.scan_iter()]) == 20
        assert await client.flush_all() is None
        assert await client.dbsize() == 0
        assert len(client.primaries) == 1

    with ValkeyAlone() as alone:
        shells.run(shell, scenario, alone.address, database=3, client_name="somebody", read_from="any")
        assert ask(alone.address, "DBSIZE") == 0


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_password_lets_us_in_and_a_wrong_one_does_not(shell: str, protocol: int) -> None:
    async def right(client: Any) -> None:
        assert await client.ping() is True

    async def wrong(client: Any) -> None:
        with pytest.raises(NoNodeReachableError) as caught:
            await client.get("k")
        ((_, cause),) = caught.value.causes
        assert isinstance(cause, AuthenticationError)

    with ValkeyAlone("--requirepass", "secret") as alone:
        shells.run(shell, right, alone.address, password="secret", protocol=protocol)
        shells.run(shell, wrong, alone.address, password="wrong", protocol=protocol)
        shells.run(shell, wrong, alone.address, protocol=protocol)


def test_a_url_says_where_and_how(valkey_cluster: ValkeyCluster) -> None:
    host, port = valkey_cluster.address
    with Cluster.from_url(
        f"redis://{host}:1,{host}:{port}?client_name=urlish", decode_responses=True
    ) as client:
        client.set("url", "é")
        assert client.get("url") == "é"
        assert client.execute("CLIENT", "GETNAME") == "urlish"


def test_the_built_in_table_says_what_the_server_says(valkey_cluster: ValkeyCluster) -> None:
    told: dict[str, tuple[frozenset[bytes], int]] = {}
    for entry in ask(valkey_cluster.address, "COMMAND"):
        for name, _, flags, first, *_ in (entry, *entry[9]):
            told[name.decode().upper()] = (
                frozenset(flag.encode() if isinstance(flag, str) else flag for flag in flags),
                first,
            )
    for name, spec in BUILT_IN.items():
        flags, first = told[name]
        assert spec.stateful or not spec.key_at or spec.key_at == first, name
        assert bool(spec.count_at or spec.key_after) <= (b"movablekeys" in flags), name
        assert (spec.access is Access.READ) == (b"readonly" in flags) or not (spec.key_at or spec.count_at), (
            name
        )


@pytest.mark.parametrize("key", [b"", b"{}", b"{a}b", b"a{b}{c}", b"\x00\xff\r\n{\x01}", "é{ü}".encode()])
def test_slots_are_those_of_the_server(valkey_cluster: ValkeyCluster, key: bytes) -> None:
    with Cluster(*valkey_cluster.address) as client:
        assert client.execute("CLUSTER", "KEYSLOT", key) == key_slot(key)
