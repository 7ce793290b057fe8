"""The node's part in pub/sub across nodes: what waits for the bus, and what is dropped."""

from collections.abc import Sequence

import pytest
import trio

from pycluster.cluster.messages import (
    NodePublished,
    NodeSubscriptions,
    PublishedMessage,
    RemotePublished,
    RemoteSubscriptions,
    SubscriptionChange,
    Topic,
)
from pycluster.node import pubsub_link
from pycluster.node.pubsub_link import PubSubLink

Published = tuple[str, bytes, bytes, list[bytes]]
Change = tuple[str, bytes, bool]


class FakePubSubEngine:
    """Gives what the test has put in, and remembers what it was told."""

    def __init__(self) -> None:
        self.published: list[Published] = []
        self.changes: list[Change] = []
        self.wanted: list[tuple[list[Change], bool]] = []
        self.delivered: list[tuple[str, bytes, bytes]] = []

    def take_pubsub(self) -> tuple[list[Published], list[Change]]:
        taken = self.published, self.changes
        self.published, self.changes = [], []
        return taken

    def subscriptions(self) -> list[tuple[str, bytes]]:
        return [("channel", b"old"), ("pattern", b"o*")]

    def change_wanted(self, changes: Sequence[Change], *, reset: bool) -> None:
        self.wanted.append((list(changes), reset))

    def deliver(self, messages: Sequence[tuple[str, bytes, bytes]]) -> None:
        self.delivered += messages


def change(topic: Topic, name: bytes, *, subscribed: bool = True) -> SubscriptionChange:
    return SubscriptionChange(topic=topic, channel=name, subscribed=subscribed)


async def test_a_bus_hears_everything_first_and_then_what_is_new(nursery: trio.Nursery) -> None:
    engine = FakePubSubEngine()
    link = PubSubLink(engine)
    outgoing, said = trio.open_memory_channel[object](100)
    # Before there is a bus, nobody is there to hear of it.
    engine.published = [("channel", b"x", b"lost", [])]
    link.fetch()
    nursery.start_soon(link.send, outgoing.send)
    with trio.fail_after(5):
        everything = (change(Topic.CHANNEL, b"old"), change(Topic.PATTERN, b"o*"))
        assert await said.receive() == NodeSubscriptions(changes=everything)
        engine.published = [("channel", b"x", b"hello", [b"x*"]), ("shard", b"s", b"ho", [])]
        engine.changes = [("shard", b"s", False)]
        link.fetch()
        gone = (change(Topic.SHARD, b"s", subscribed=False),)
        assert await said.receive() == NodeSubscriptions(changes=gone)
        assert await said.receive() == NodePublished(
            messages=(
                PublishedMessage(topic=Topic.CHANNEL, channel=b"x", payload=b"hello", patterns=(b"x*",)),
                PublishedMessage(topic=Topic.SHARD, channel=b"s", payload=b"ho"),
            )
        )
    nursery.cancel_scope.cancel()


async def test_without_a_bus_nothing_is_wanted(nursery: trio.Nursery) -> None:
    engine = FakePubSubEngine()
    link = PubSubLink(engine)
    outgoing, _said = trio.open_memory_channel[object](100)
    with trio.move_on_after(0):
        await link.send(outgoing.send)
    assert engine.wanted == [([], True)]


async def test_messages_for_a_slow_bus_are_dropped_at_a_bound(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pubsub_link, "WAITING_BYTES_MAX", 10)
    engine = FakePubSubEngine()
    link = PubSubLink(engine)
    outgoing, _said = trio.open_memory_channel[object](0)
    nursery.start_soon(link.send, outgoing.send)
    await trio.testing.wait_all_tasks_blocked()
    engine.published = [("channel", b"x", b"four", [])] * 5
    link.fetch()
    assert link.dropped_count == 3
    nursery.cancel_scope.cancel()


def test_what_the_bus_says_goes_to_the_engine() -> None:
    engine = FakePubSubEngine()
    link = PubSubLink(engine)
    link.handle(RemoteSubscriptions(changes=(change(Topic.PATTERN, b"p*"),)))
    link.handle(RemotePublished(messages=(PublishedMessage(topic=Topic.SHARD, channel=b"s", payload=b"x"),)))
    assert engine.wanted == [([("pattern", b"p*", True)], False)]
    assert engine.delivered == [("shard", b"s", b"x")]
