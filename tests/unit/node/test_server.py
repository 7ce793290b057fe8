"""Whole nodes on the real engine, with a real bus where they need one: serving, losing the bus, stopping."""

import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path

import attrs
import hiredis
import pytest
import trio
from differential.wire import encode
from unit.cluster.plans import CLUSTER_ID, node_id, plan
from unit.node.specs import node_spec

from pycluster.cluster import bus
from pycluster.cluster.bus_spec import BusSpec
from pycluster.node import server
from pycluster.node._engine import EngineError, key_slot
from pycluster.node.server import serve_member, serve_standalone
from pycluster.node.spec import NodeSpec

HOST = "127.0.0.1"


class Client:
    """A connection that sends commands and hands out replies, errors as values."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._reader = hiredis.Reader()

    @classmethod
    async def connect(cls, port: int) -> "Client":
        return cls(await trio.open_tcp_stream(HOST, port))

    async def send(self, *words: str) -> None:
        await self.stream.send_all(encode(word.encode() for word in words))

    async def receive(self) -> object:
        """The next reply; raises EOFError when the node has closed the connection."""
        while (reply := self._reader.gets()) is False:
            data = await self.stream.receive_some()
            if not data:
                raise EOFError
            self._reader.feed(data)
        return reply

    async def ask(self, *words: str) -> object:
        await self.send(*words)
        return await self.receive()


@pytest.fixture
def ports() -> list[int]:
    """Three ports that were free a moment ago."""
    with socket.socket() as first, socket.socket() as second, socket.socket() as third:
        for each in (first, second, third):
            each.bind((HOST, 0))
        found = [each.getsockname()[1] for each in (first, second, third)]
    return found


@pytest.fixture
def specs(tmp_path: Path, ports: list[int]) -> list[NodeSpec]:
    """Nodes 0 and 1, primaries, and 2, a replica of 0."""
    return [node_spec(index, tmp_path, port=port) for index, port in enumerate(ports)]


@pytest.fixture
def bus_spec(tmp_path: Path, ports: list[int]) -> BusSpec:
    first, second, *_ = plan(2, 0)
    replica = attrs.evolve(first, node_id=node_id(2), replica_of=node_id(0))
    nodes = [
        attrs.evolve(node, port=port) for node, port in zip((first, second, replica), ports, strict=True)
    ]
    return BusSpec(cluster_id=CLUSTER_ID, directory=tmp_path, nodes=nodes)


@asynccontextmanager
async def background() -> AsyncIterator[trio.Nursery]:
    """Tasks that end with the block; the block itself has ten seconds."""
    async with trio.open_nursery() as nursery:
        with trio.fail_after(10):
            yield nursery
        nursery.cancel_scope.cancel()


async def serving(spec: NodeSpec, nursery: trio.Nursery) -> Client:
    """Start a member, and return a connection once it serves."""
    await nursery.start(serve_member, spec)
    client = await Client.connect(spec.port)
    while b"cluster_state:ok" not in await info(client):
        await trio.lowlevel.checkpoint()
    return client


async def info(client: Client) -> bytes:
    reply = await client.ask("CLUSTER", "INFO")
    assert isinstance(reply, bytes)
    return reply


def key_of(low: bool) -> str:
    """A key in the lower half of the slots, node 0's, or in the upper, node 1's."""
    return next(name for name in map(str, range(100)) if (key_slot(name.encode()) < 8192) is low)


async def test_a_member_that_has_not_heard_from_a_bus_is_down_and_says_why(specs: list[NodeSpec]) -> None:
    async with background() as nursery:
        await nursery.start(serve_member, specs[0])
        client = await Client.connect(specs[0].port)
        refusal = await client.ask("GET", "x")
        assert str(refusal).startswith("CLUSTERDOWN The cluster is down: this node has not heard")
        assert b"cluster_state:fail" in await info(client)
        assert await client.ask("CLUSTER", "MYID") == node_id(0).encode()


async def test_members_serve_their_slots_and_point_to_the_others(
    specs: list[NodeSpec], bus_spec: BusSpec
) -> None:
    async with background() as nursery:
        await nursery.start(bus.serve, bus_spec)
        first, second, replica = [await serving(spec, nursery) for spec in specs]
        low, high = key_of(low=True), key_of(low=False)
        assert await first.ask("SET", low, "1") == b"OK"
        assert await second.ask("SET", high, "2") == b"OK"
        moved = await second.ask("GET", low)
        assert str(moved) == f"MOVED {key_slot(low.encode())} {HOST}:{specs[0].port}"
        assert str(await replica.ask("GET", low)) == str(moved)
        assert await replica.ask("READONLY") == b"OK"
        assert await replica.ask("GET", low) is None
        assert str(await replica.ask("SET", low, "3")) == str(moved)


async def test_a_member_serves_on_while_the_bus_is_away(specs: list[NodeSpec], bus_spec: BusSpec) -> None:
    async with background() as nursery:
        async with background() as buses:
            await buses.start(bus.serve, bus_spec)
            client = await serving(specs[0], nursery)
        assert await client.ask("SET", key_of(low=True), "1") == b"OK"
        assert b"cluster_state:ok" in await info(client)
        await nursery.start(bus.serve, bus_spec)
        await serving(specs[1], nursery)
        while b"master - 0" not in str(await client.ask("CLUSTER", "NODES")).encode():
            await trio.lowlevel.checkpoint()


async def test_shutdown_answers_what_came_before_it_and_closes(specs: list[NodeSpec]) -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            port = await nursery.start(partial(serve_standalone, host=HOST, port=0, settings={}))
            client, other = await Client.connect(port), await Client.connect(port)
            assert await other.ask("PING") == b"PONG"
            for number in range(100):
                await client.send("SET", f"key-{number}", "value")
            await client.send("SHUTDOWN", "NOSAVE")
            assert [await client.receive() for _ in range(100)] == [b"OK"] * 100
            for connection in (client, other):
                with pytest.raises(EOFError):
                    await connection.receive()
    with pytest.raises(OSError, match="failed"):
        await Client.connect(port)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_a_node_gracefully(signum: signal.Signals) -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            port = await nursery.start(partial(serve_standalone, host=HOST, port=0, settings={}))
            client = await Client.connect(port)
            assert await client.ask("PING") == b"PONG"
            await client.send("SET", "a", "1")
            os.kill(os.getpid(), signum)
            assert await client.receive() == b"OK"
            with pytest.raises(EOFError):
                await client.receive()


async def test_a_client_that_never_stops_sending_does_not_hold_up_the_stop() -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            port = await nursery.start(partial(serve_standalone, host=HOST, port=0, settings={}))
            client = await Client.connect(port)

            async def flood() -> None:
                with suppress(trio.BrokenResourceError):
                    while True:
                        await client.stream.send_all(encode([b"PING"]) * 1000)

            async def read() -> None:
                with suppress(EOFError, trio.BrokenResourceError):
                    while True:
                        await client.receive()

            nursery.start_soon(flood)
            nursery.start_soon(read)
            assert await (await Client.connect(port)).ask("PING") == b"PONG"
            os.kill(os.getpid(), signal.SIGTERM)


async def test_a_node_alone_has_no_cluster() -> None:
    async with background() as nursery:
        port = await nursery.start(partial(serve_standalone, host=HOST, port=0, settings={}))
        client = await Client.connect(port)
        refusal = await client.ask("CLUSTER", "SLOTS")
        assert str(refusal) == "ERR This instance has cluster support disabled"


async def test_a_node_alone_with_a_bad_setting_does_not_start() -> None:
    with pytest.raises(EngineError, match="no-such-option"):
        await serve_standalone(host=HOST, port=0, settings={"no-such-option": "1"})


def test_a_member_that_cannot_start_leaves_one_line(
    specs: list[NodeSpec], capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.socket()) as other:
        other.bind((HOST, specs[0].port))
        other.listen()
        with pytest.raises(SystemExit, match="1"):
            server.run_member(specs[0])
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "in use" in errors
