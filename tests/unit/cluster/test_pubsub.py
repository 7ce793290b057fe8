"""Who wants what is published, and who hears of it."""

import pytest

from pycluster.cluster import pubsub
from pycluster.cluster.messages import PublishedMessage, SubscriptionChange, Topic
from pycluster.cluster.pubsub import PubSubRouter, TooManyNamesError
from pycluster.cluster.pubsub_batches import BATCH_BYTES_MAX, BATCH_PARTS_MAX, batches

A, B, C = "a" * 40, "b" * 40, "c" * 40


def change(name: bytes, *, subscribed: bool = True, topic: Topic = Topic.CHANNEL) -> SubscriptionChange:
    return SubscriptionChange(topic=topic, channel=name, subscribed=subscribed)


def message(channel: bytes, *patterns: bytes, topic: Topic = Topic.CHANNEL) -> PublishedMessage:
    return PublishedMessage(topic=topic, channel=channel, payload=b"hello", patterns=patterns)


@pytest.fixture
def router() -> PubSubRouter:
    """Three nodes: two of one shard, one of another."""
    router = PubSubRouter()
    for node_id, shard in [(A, "one"), (B, "one"), (C, "two")]:
        router.handle_connected(node_id, shard)
    return router


def test_a_node_hears_what_others_want_and_not_what_it_wants_itself(router: PubSubRouter) -> None:
    assert router.handle_subscriptions(A, [change(b"x")]) == {A, B, C}
    assert router.take_untold(A) == (change(b"x", subscribed=False),)
    assert router.take_untold(B) == (change(b"x"),)
    assert router.take_untold(B) == ()
    router.handle_subscriptions(B, [change(b"x")])
    assert router.take_untold(A) == (change(b"x"),)
    router.handle_subscriptions(B, [change(b"x", subscribed=False)])
    assert router.take_untold(A) == (change(b"x", subscribed=False),)
    assert router.take_untold(C) == (change(b"x"),)


def test_a_message_goes_to_the_nodes_that_want_it_once(router: PubSubRouter) -> None:
    router.handle_subscriptions(B, [change(b"x"), change(b"x*", topic=Topic.PATTERN)])
    router.handle_subscriptions(C, [change(b"y")])
    routed = router.route(A, [message(b"x", b"x*"), message(b"xx", b"x*"), message(b"y"), message(b"z")])
    assert routed == {B: [message(b"x"), message(b"xx")], C: [message(b"y")]}
    assert router.route(B, [message(b"x", b"x*")]) == {}


def test_shard_channels_stay_within_their_shard(router: PubSubRouter) -> None:
    assert router.handle_subscriptions(A, [change(b"x", topic=Topic.SHARD)]) == {A, B}
    router.handle_subscriptions(C, [change(b"x", topic=Topic.SHARD)])
    assert router.route(B, [message(b"x", topic=Topic.SHARD)]) == {A: [message(b"x", topic=Topic.SHARD)]}
    assert router.route(B, [message(b"x")]) == {}
    assert router.take_untold(C) == (change(b"x", subscribed=False, topic=Topic.SHARD),)


def test_a_node_that_is_lost_wants_nothing_any_more(router: PubSubRouter) -> None:
    router.handle_subscriptions(A, [change(b"x"), change(b"y")])
    router.take_untold(B)
    assert router.handle_lost(A) == {B, C}
    assert set(router.take_untold(B)) == {change(b"x", subscribed=False), change(b"y", subscribed=False)}
    assert router.route(B, [message(b"x")]) == {}
    assert router.handle_lost(A) == frozenset()


def test_a_node_that_comes_back_hears_everything_and_begins_anew(router: PubSubRouter) -> None:
    router.handle_subscriptions(A, [change(b"x")])
    router.handle_subscriptions(B, [change(b"y")])
    router.handle_connected(A, "one")
    assert router.take_untold(A) == (change(b"y"),)
    assert router.route(B, [message(b"x")]) == {}
    router.handle_subscriptions(A, [change(b"z")])
    assert router.route(B, [message(b"z")]) == {A: [message(b"z")]}


def test_names_beyond_the_limit_are_left_out(router: PubSubRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubsub, "NAMES_PER_NODE_MAX", 1)
    with pytest.raises(TooManyNamesError, match="1 names"):
        router.handle_subscriptions(A, [change(b"x"), change(b"y")])
    assert router.route(B, [message(b"x"), message(b"y")]) == {A: [message(b"x")]}


def test_batches_keep_the_order_and_fit_into_frames() -> None:
    small = [change(b"%d" % number) for number in range(BATCH_PARTS_MAX + 1)]
    assert [len(batch) for batch in batches(small)] == [BATCH_PARTS_MAX, 1]
    large = PublishedMessage(topic=Topic.CHANNEL, channel=b"x", payload=b"x" * (BATCH_BYTES_MAX + 1))
    assert list(batches([message(b"a"), large, message(b"b")])) == [
        (message(b"a"),),
        (large,),
        (message(b"b"),),
    ]
    assert list(batches(())) == []
