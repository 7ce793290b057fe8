"""The bus over real sockets and a real state file: who is told what, and what survives it."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs
import pytest
import trio
from unit.cluster.plans import CLUSTER_ID, hello, node_id, plan, run_id

from pycluster.cluster import bus
from pycluster.cluster.bus import STATE_NAME, BusError, load_state, save_state, serve
from pycluster.cluster.bus_spec import BusSpec
from pycluster.cluster.messages import (
    BusStatus,
    BusStatusRequest,
    HelloRefused,
    NodeExited,
    NodePublished,
    NodeStatus,
    NodeSubscriptions,
    NodeWelcome,
    PublishedMessage,
    RemotePublished,
    RemoteSubscriptions,
    SubscriptionChange,
    Topic,
    TopologyUpdate,
    decode,
    encode,
)
from pycluster.cluster.state_file import SavedState
from pycluster.cluster.view import ClusterView, Health, LinkState
from pycluster.runtime.frames import FrameStream

M = TypeVar("M")

FIGURES = NodeStatus(keys_count=1, memory_used_bytes=2, clients_count=3)


@pytest.fixture
def spec(tmp_path: Path) -> BusSpec:
    return BusSpec(cluster_id=CLUSTER_ID, directory=tmp_path, nodes=plan(), node_timeout_ms=60_000)


@asynccontextmanager
async def running(spec: BusSpec) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        with trio.fail_after(10):
            await nursery.start(partial(serve, spec))
            yield
        nursery.cancel_scope.cancel()


async def connect(spec: BusSpec) -> FrameStream:
    return FrameStream(await trio.open_unix_socket(spec.directory / "bus.sock"))


async def receive(frames: FrameStream) -> object:
    frame = await frames.receive()
    return None if frame is None else decode(frame)


async def join(spec: BusSpec, index: int, run: int = 1) -> tuple[FrameStream, ClusterView]:
    """Say hello as a node; returns its connection and the view it was welcomed with."""
    frames = await connect(spec)
    await frames.send(encode(hello(index, run)))
    welcome = await receive(frames)
    assert isinstance(welcome, NodeWelcome)
    return frames, welcome.view


async def next_of(frames: FrameStream, kind: type[M]) -> M:
    """The next message of a class; the others are passed over."""
    while not isinstance(message := await receive(frames), kind):
        assert message is not None
    return message


async def next_view(frames: FrameStream) -> ClusterView:
    return (await next_of(frames, TopologyUpdate)).view


async def test_a_node_is_welcomed_with_a_view_in_which_it_is_online(spec: BusSpec) -> None:
    async with running(spec):
        _, view = await join(spec, 0)
        assert view.node(node_id(0)).health is Health.ONLINE
        assert view.slots_assigned_count == 16_384


async def test_every_node_hears_of_every_change(spec: BusSpec) -> None:
    async with running(spec):
        first, view = await join(spec, 0)
        await join(spec, 1)
        later = await next_view(first)
        assert later.version > view.version
        assert later.node(node_id(1)).health is Health.ONLINE


async def test_a_death_the_supervisor_reports_reaches_the_nodes_at_once(spec: BusSpec) -> None:
    async with running(spec):
        node, _ = await join(spec, 0)
        supervisor = await connect(spec)
        await supervisor.send(encode(NodeExited(node_id=node_id(1), run_id=run_id(1), exit_status=-9)))
        assert (await next_view(node)).node(node_id(1)).health is Health.FAIL


async def test_a_lost_connection_shows_in_the_view(spec: BusSpec) -> None:
    async with running(spec):
        node, _ = await join(spec, 0)
        other, _ = await join(spec, 1)
        assert (await next_view(node)).node(node_id(1)).link is LinkState.CONNECTED
        await other.aclose()
        record = (await next_view(node)).node(node_id(1))
        assert (record.link, record.health) == (LinkState.DISCONNECTED, Health.ONLINE)


async def test_silence_becomes_a_suspicion_after_the_node_timeout(spec: BusSpec) -> None:
    async with running(attrs.evolve(spec, node_timeout_ms=50)):
        node, view = await join(spec, 0)
        while view.node(node_id(1)).health is not Health.PFAIL:
            view = await next_view(node)
        assert view.node(node_id(0)).health is Health.ONLINE


async def test_a_newer_run_takes_the_place_of_an_older_connection(spec: BusSpec) -> None:
    async with running(spec):
        older, _ = await join(spec, 0)
        newer, view = await join(spec, 0, run=2)
        assert view.node(node_id(0)).run_id == run_id(0, 2)
        while await receive(older) is not None:
            pass
        await newer.send(encode(FIGURES))
        assert (await status(spec)).nodes[0].record.link is LinkState.CONNECTED


async def status(spec: BusSpec) -> BusStatus:
    async with await connect(spec) as frames:
        await frames.send(encode(BusStatusRequest()))
        answer = await receive(frames)
        assert isinstance(answer, BusStatus)
        return answer


async def test_the_status_has_what_the_nodes_say_of_themselves(spec: BusSpec) -> None:
    async with running(spec):
        frames, _ = await join(spec, 2)
        await frames.send(encode(FIGURES))
        while (report := (await status(spec)).nodes[2]).status is None:
            pass
        assert (report.status, report.pid) == (FIGURES, 1002)
        assert (await status(spec)).pid == os.getpid()


async def test_a_stranger_is_told_why_and_hung_up_on(spec: BusSpec) -> None:
    async with running(spec), await connect(spec) as frames:
        await frames.send(encode(attrs.evolve(hello(0), node_id="f" * 40)))
        refusal = await receive(frames)
        assert isinstance(refusal, HelloRefused)
        assert "not a member" in refusal.reason
        assert await receive(frames) is None


@pytest.mark.parametrize(
    "frame",
    [
        {"v": 1, "t": "NodeFarewell"},
        {"v": 2, "t": "BusStatusRequest"},
        {**encode(hello(0)), "port": "7000"},
        encode(FIGURES),
        encode(NodeExited(node_id="f" * 40, run_id=run_id(1))),
    ],
)
async def test_who_says_something_wrong_is_hung_up_on_and_the_others_are_served(
    spec: BusSpec, frame: dict[str, object]
) -> None:
    async with running(spec):
        async with await connect(spec) as frames:
            await frames.send(frame)
            assert await receive(frames) is None
        await join(spec, 0)


async def test_a_node_that_says_something_else_than_its_status_is_hung_up_on(spec: BusSpec) -> None:
    async with running(spec):
        frames, _ = await join(spec, 0)
        await frames.send(encode(BusStatusRequest()))
        assert await receive(frames) is None


async def test_what_is_published_goes_to_the_nodes_that_want_it(spec: BusSpec) -> None:
    wanted = SubscriptionChange(topic=Topic.CHANNEL, channel=b"news", subscribed=True)
    message = PublishedMessage(topic=Topic.CHANNEL, channel=b"news", payload=b"hello")
    async with running(spec):
        publisher, _ = await join(spec, 0)
        subscriber, _ = await join(spec, 1)
        await subscriber.send(encode(NodeSubscriptions(changes=(wanted,))))
        assert (await next_of(publisher, RemoteSubscriptions)).changes == (wanted,)
        await publisher.send(encode(NodePublished(messages=(message,))))
        assert (await next_of(subscriber, RemotePublished)).messages == (message,)
        await subscriber.aclose()
        gone = attrs.evolve(wanted, subscribed=False)
        assert (await next_of(publisher, RemoteSubscriptions)).changes == (gone,)


async def test_a_restarted_bus_knows_its_cluster_and_numbers_its_views_above(spec: BusSpec) -> None:
    async with running(spec):
        _, before = await join(spec, 0)
    async with running(attrs.evolve(spec, nodes=())):
        _, after = await join(spec, 0)
    assert after.version > before.version
    assert [node.shard_id for node in after.nodes] == [node.shard_id for node in before.nodes]
    assert after.owners[1].slots == before.owners[1].slots


async def test_a_node_on_another_port_is_on_disk_before_anyone_hears_of_it(spec: BusSpec) -> None:
    async with running(spec):
        frames = await connect(spec)
        await frames.send(encode(attrs.evolve(hello(0), port=7999)))
        await receive(frames)
        saved = load_state(spec.directory / STATE_NAME)
        assert saved is not None
        assert saved.view.node(node_id(0)).port == 7999


async def test_a_view_that_cannot_be_saved_is_not_shown_until_it_can(
    spec: BusSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "SAVE_RETRY_MS", 1)
    failures = iter([OSError("disk full"), OSError("disk full")])

    def failing_twice(path: Path, state: SavedState) -> None:
        for failure in failures:
            raise failure
        save_state(path, state)

    async with running(spec):
        node, _ = await join(spec, 1)
        monkeypatch.setattr(bus, "save_state", failing_twice)
        mover = await connect(spec)
        await mover.send(encode(attrs.evolve(hello(0), port=7999)))
        assert (await next_view(node)).node(node_id(0)).port == 7999
        assert list(failures) == []
        saved = load_state(spec.directory / STATE_NAME)
        assert saved is not None
        assert saved.view.node(node_id(0)).port == 7999


async def test_the_state_of_another_cluster_is_refused(spec: BusSpec) -> None:
    async with running(spec):
        pass
    with pytest.raises(BusError, match=f"belongs to cluster {CLUSTER_ID}"):
        await serve(attrs.evolve(spec, cluster_id="d" * 40))


async def test_a_damaged_state_is_refused_by_name(spec: BusSpec) -> None:
    (spec.directory / STATE_NAME).write_bytes(b"PYCLBUS\n")
    with pytest.raises(BusError, match=r"bus\.state: 8 bytes are too few"):
        await serve(spec)


async def test_a_plan_of_no_cluster_is_refused(spec: BusSpec) -> None:
    with pytest.raises(BusError, match="needs a primary"):
        await serve(attrs.evolve(spec, nodes=()))


async def test_a_second_bus_in_the_same_directory_is_refused(spec: BusSpec) -> None:
    async with running(spec):
        with pytest.raises(BusError, match="another bus listens"):
            await serve(spec)


async def test_the_socket_of_a_killed_bus_is_no_obstacle(spec: BusSpec) -> None:
    dead = bus._bound(spec.directory / "bus.sock")
    dead.close()
    async with running(spec):
        await join(spec, 0)


async def test_sigterm_ends_the_bus_and_takes_its_socket_away(spec: BusSpec) -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            await nursery.start(partial(serve, spec))
            os.kill(os.getpid(), signal.SIGTERM)
    assert not (spec.directory / "bus.sock").exists()


def test_a_bus_that_cannot_start_leaves_one_line(spec: BusSpec, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        bus.run(attrs.evolve(spec, nodes=()))
    assert capsys.readouterr().err.count("\n") == 1
