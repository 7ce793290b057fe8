"""Messages reach subscribers on every node of a running cluster; shard channels stay within their shard."""

import time
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
import redis

from pycluster.supervisor.local_cluster import LocalCluster

HEARD_WITHIN_S = 10.0

# The commands and subscribers of redis-py have no types.
Node: TypeAlias = Any
PubSub: TypeAlias = Any


@pytest.fixture
def nodes(cluster: LocalCluster) -> Iterator[list[Node]]:
    """A client for each node: three primaries, then their replicas."""
    clients: list[Node] = [redis.Redis(host, port) for host, port in cluster.addresses]
    yield clients
    for client in clients:
        client.close()


def subscribed(node: Node, *channels: str, patterns: tuple[str, ...] = ()) -> PubSub:
    """A subscriber, after the node has confirmed."""
    subscriber: PubSub = node.pubsub(ignore_subscribe_messages=False)
    if channels:
        subscriber.subscribe(*channels)
    if patterns:
        subscriber.psubscribe(*patterns)
    for _ in range(len(channels) + len(patterns)):
        assert subscriber.get_message(timeout=HEARD_WITHIN_S) is not None
    return subscriber


def publish_until_heard(publisher: Node, subscriber: PubSub, channel: str) -> None:
    """Publish until a message arrives: other nodes hear of a subscription a moment after its client."""
    deadline_s = time.monotonic() + HEARD_WITHIN_S
    while subscriber.get_message(timeout=0.01) is None:
        assert time.monotonic() < deadline_s, f"nothing is heard on {channel}"
        publisher.publish(channel, "first")


def received(subscriber: PubSub, until: bytes) -> list[bytes]:
    """What comes up to a message, which is not the first kind."""
    messages: list[bytes] = []
    while not messages or messages[-1] != until:
        message = subscriber.get_message(timeout=HEARD_WITHIN_S)
        assert message is not None, f"heard {messages}, but not {until!r}"
        if message["data"] != b"first":
            messages.append(message["data"])
    return messages


def test_a_message_reaches_subscribers_on_every_node_in_order(nodes: list[Node]) -> None:
    subscribers = [subscribed(node, "news") for node in nodes]
    for subscriber in subscribers:
        publish_until_heard(nodes[0], subscriber, "news")
    numbers = [b"%d" % number for number in range(100)]
    with nodes[0].pipeline(transaction=False) as pipeline:
        for number in numbers:
            pipeline.publish("news", number)
        assert pipeline.execute() == [1] * len(numbers)
    for subscriber in subscribers:
        assert received(subscriber, numbers[-1]) == numbers
        subscriber.close()


def test_patterns_hear_what_is_published_elsewhere(nodes: list[Node]) -> None:
    subscriber = subscribed(nodes[4], patterns=("weather.*", "*.rain"))
    publish_until_heard(nodes[1], subscriber, "weather.snow")
    nodes[1].publish("weather.rain", "twice")
    nodes[1].publish("weather.sun", "once")
    nodes[1].publish("news", "never")
    nodes[1].publish("traffic.rain", "last")
    assert received(subscriber, b"last") == [b"twice", b"twice", b"once", b"last"]
    subscriber.close()


def test_nobody_hears_what_nobody_has_subscribed_to_any_more(nodes: list[Node]) -> None:
    subscriber = subscribed(nodes[2], "news", "other")
    publish_until_heard(nodes[0], subscriber, "news")
    publish_until_heard(nodes[0], subscriber, "other")
    subscriber.unsubscribe("news")
    while (message := subscriber.get_message(timeout=HEARD_WITHIN_S)) and message["type"] != "unsubscribe":
        pass
    nodes[0].publish("news", "late")
    nodes[0].publish("other", "last")
    assert received(subscriber, b"last") == [b"last"]
    subscriber.close()


def test_a_shard_channel_is_heard_on_the_replica_too(nodes: list[Node]) -> None:
    owner = next(index for index, node in enumerate(nodes[:3]) if _owns(node, "shard"))
    replica = next(
        node
        for node in nodes[3:]
        if node.execute_command("CLUSTER", "MYSHARDID")
        == nodes[owner].execute_command("CLUSTER", "MYSHARDID")
    )
    subscriber = replica.pubsub()
    subscriber.execute_command("SSUBSCRIBE", "shard")
    assert subscriber.parse_response() == [b"ssubscribe", b"shard", 1]
    deadline_s = time.monotonic() + HEARD_WITHIN_S
    while not subscriber.connection.can_read(timeout=0.01):
        assert time.monotonic() < deadline_s
        nodes[owner].execute_command("SPUBLISH", "shard", "hello")
    assert subscriber.parse_response() == [b"smessage", b"shard", b"hello"]
    subscriber.close()


def test_messages_flow_again_after_a_node_was_killed(cluster: LocalCluster, nodes: list[Node]) -> None:
    subscriber = subscribed(nodes[1], "news")
    publish_until_heard(nodes[0], subscriber, "news")
    cluster.kill(0)
    cluster.wait_serving()
    with redis.Redis(*cluster.addresses[0]) as reborn:
        deadline_s = time.monotonic() + HEARD_WITHIN_S
        while (message := subscriber.get_message(timeout=0.01)) is None or message["data"] != b"reborn":
            assert time.monotonic() < deadline_s
            reborn.publish("news", "reborn")
    subscriber.close()


def _owns(node: Node, channel: str) -> bool:
    try:
        node.execute_command("SPUBLISH", channel, "first")
    except redis.ResponseError:
        return False
    return True
