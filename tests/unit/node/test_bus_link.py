"""The link with the bus, over a real socket: the first words, the views, and coming back after every loss."""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import attrs
import pytest
import trio
from unit.cluster.plans import hello, planned_view

from pycluster.cluster.messages import (
    HelloRefused,
    NodeHello,
    NodeStatus,
    NodeWelcome,
    RemotePublished,
    RemoteSubscriptions,
    TopologyUpdate,
    decode,
    encode,
)
from pycluster.cluster.view import ClusterView
from pycluster.node import bus_link
from pycluster.node.bus_link import BusLink
from pycluster.runtime.frames import FrameStream

VIEW = planned_view()
NEWER = attrs.evolve(VIEW, version=VIEW.version + 1)
FIGURES = NodeStatus(keys_count=1, memory_used_bytes=2, clients_count=3)

Talk = Callable[[FrameStream], Awaitable[None]]


class RecordingMember:
    """A member that keeps the views it is given for the test to receive."""

    def __init__(self) -> None:
        self.hello: NodeHello = hello(0)
        self.status: NodeStatus = FIGURES
        self._send, self.views = trio.open_memory_channel[ClusterView](100)

    def apply(self, view: ClusterView) -> None:
        self._send.send_nowait(view)


async def receive(frames: FrameStream) -> object:
    frame = await frames.receive()
    return None if frame is None else decode(frame)


async def listen(path: Path, nursery: trio.Nursery, talk: Talk) -> None:
    """A bus that talks as the test says, and hangs up when the talk is over."""
    server = trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM)
    await server.bind(str(path))
    server.listen()

    async def serve(stream: trio.SocketStream) -> None:
        async with FrameStream(stream) as frames:
            with suppress(trio.BrokenResourceError):
                await talk(frames)

    await nursery.start(partial(trio.serve_listeners, serve, [trio.SocketListener(server)]))


@pytest.fixture
def socket_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bus_link, "RECONNECT_FIRST_MS", 1)
    monkeypatch.setattr(bus_link, "RECONNECT_MAX_MS", 4)
    monkeypatch.setattr(bus_link, "STATUS_INTERVAL_MS", 1)
    return tmp_path / "bus.sock"


@pytest.fixture
def member() -> RecordingMember:
    return RecordingMember()


class SilentPubSub:
    """Has nothing to say, and keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[RemoteSubscriptions | RemotePublished] = []

    async def send(self, send: Callable[[object], Awaitable[None]]) -> None:
        await trio.sleep_forever()

    def handle(self, message: RemoteSubscriptions | RemotePublished) -> None:
        self.heard.append(message)


def start(
    nursery: trio.Nursery, path: Path, member: RecordingMember, pubsub: SilentPubSub | None = None
) -> BusLink:
    link = BusLink(path, member, random.Random(1), pubsub or SilentPubSub())
    nursery.start_soon(link.run)
    return link


async def test_a_hello_is_answered_by_a_welcome_and_then_by_updates(
    socket_path: Path, member: RecordingMember, nursery: trio.Nursery
) -> None:
    async def bus(frames: FrameStream) -> None:
        assert await receive(frames) == hello(0)
        await frames.send(encode(NodeWelcome(view=VIEW)))
        await frames.send(encode(TopologyUpdate(view=NEWER)))
        await trio.sleep_forever()

    with trio.fail_after(5):
        await listen(socket_path, nursery, bus)
        link = start(nursery, socket_path, member)
        assert await member.views.receive() == VIEW
        assert await member.views.receive() == NEWER
        assert link.counters.received_count == 2
        nursery.cancel_scope.cancel()


async def test_a_node_tells_how_it_is_doing_again_and_again(
    socket_path: Path, member: RecordingMember, nursery: trio.Nursery
) -> None:
    told, statuses = trio.open_memory_channel[object](0)

    async def bus(frames: FrameStream) -> None:
        await receive(frames)
        await frames.send(encode(NodeWelcome(view=VIEW)))
        while True:
            await told.send(await receive(frames))

    with trio.fail_after(5):
        await listen(socket_path, nursery, bus)
        start(nursery, socket_path, member)
        assert [await statuses.receive() for _ in range(3)] == [FIGURES] * 3
        nursery.cancel_scope.cancel()


async def test_the_link_waits_for_a_bus_that_is_not_there_yet(
    socket_path: Path, member: RecordingMember, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    async def bus(frames: FrameStream) -> None:
        await receive(frames)
        await frames.send(encode(NodeWelcome(view=VIEW)))
        await trio.sleep_forever()

    caplog.set_level("INFO")
    with trio.fail_after(5):
        start(nursery, socket_path, member)
        while "waiting for the bus" not in caplog.text:
            await trio.lowlevel.checkpoint()
        await listen(socket_path, nursery, bus)
        assert await member.views.receive() == VIEW
        nursery.cancel_scope.cancel()


async def end_at_once(frames: FrameStream) -> None:
    """A bus that is killed."""


async def refuse(frames: FrameStream) -> None:
    await frames.send(encode(HelloRefused(reason="run is over")))


async def talk_nonsense(frames: FrameStream) -> None:
    await frames.send({"v": 1, "t": "Nonsense"})


async def answer_something_else(frames: FrameStream) -> None:
    await frames.send(encode(TopologyUpdate(view=VIEW)))


async def send_no_frame(frames: FrameStream) -> None:
    await frames._stream.send_all(b"\xff\xff\xff\xff")


async def welcome_and_talk_nonsense(frames: FrameStream) -> None:
    await frames.send(encode(NodeWelcome(view=VIEW)))
    await frames.send(encode(HelloRefused(reason="too late")))


@pytest.mark.parametrize(
    "fault",
    [end_at_once, refuse, talk_nonsense, answer_something_else, send_no_frame, welcome_and_talk_nonsense],
)
async def test_the_link_comes_back_after_every_kind_of_loss(
    fault: Talk, socket_path: Path, member: RecordingMember, nursery: trio.Nursery
) -> None:
    faults_left = 3

    async def bus(frames: FrameStream) -> None:
        nonlocal faults_left
        assert await receive(frames) == hello(0)
        if faults_left:
            faults_left -= 1
            await fault(frames)
            return
        await frames.send(encode(NodeWelcome(view=NEWER)))
        await trio.sleep_forever()

    with trio.fail_after(5):
        await listen(socket_path, nursery, bus)
        start(nursery, socket_path, member)
        while await member.views.receive() != NEWER:
            pass
        assert faults_left == 0
        nursery.cancel_scope.cancel()


async def test_only_the_first_of_many_losses_is_worth_a_line(
    socket_path: Path, member: RecordingMember, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    attempts = 0
    enough = trio.Event()

    async def bus(frames: FrameStream) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 6:
            enough.set()

    with trio.fail_after(5):
        await listen(socket_path, nursery, bus)
        start(nursery, socket_path, member)
        await enough.wait()
        nursery.cancel_scope.cancel()
    assert sum("waiting for the bus" in record.message for record in caplog.records) == 1


async def test_what_the_bus_says_of_pub_sub_is_handed_on(
    socket_path: Path, member: RecordingMember, nursery: trio.Nursery
) -> None:
    said = [RemoteSubscriptions(changes=()), RemotePublished(messages=())]
    pubsub = SilentPubSub()

    async def bus(frames: FrameStream) -> None:
        await receive(frames)
        await frames.send(encode(NodeWelcome(view=VIEW)))
        for message in said:
            await frames.send(encode(message))
        await frames.send(encode(TopologyUpdate(view=NEWER)))
        await trio.sleep_forever()

    with trio.fail_after(5):
        await listen(socket_path, nursery, bus)
        start(nursery, socket_path, member, pubsub)
        assert await member.views.receive() == VIEW
        assert await member.views.receive() == NEWER
        assert pubsub.heard == said
        nursery.cancel_scope.cancel()
