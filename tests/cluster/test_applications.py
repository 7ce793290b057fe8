"""What applications do on Redis, with redis-py across a cluster: a chat, counters and accounts."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import redis
from redis.exceptions import CrossSlotTransactionError
from support.threads import side_by_side
from support.waiting import in_time

from pycluster.client import key_slot
from pycluster.client.slots import SLOT_COUNT
from pycluster.supervisor.local_cluster import LocalCluster

# How long one look for a message takes.
LISTEN_S = 0.01

# The commands and subscribers of redis-py have no types.
Client: TypeAlias = Any
PubSub: TypeAlias = Any
Connect: TypeAlias = Callable[[int], Client]


# --- a chat


class Member:
    """Somebody in a chat room: subscribed at one node, and speaking through the same."""

    def __init__(self, name: str, client: Client, cluster: LocalCluster, place: int) -> None:
        host, port = cluster.addresses[place]
        self.name = name
        self.client = client
        self.node = client.get_node(host=host, port=port)
        self.pubsub: PubSub = client.pubsub(node=self.node, ignore_subscribe_messages=True)
        self.heard: list[tuple[str, str]] = []

    def say(self, text: str) -> None:
        """Tell everybody, and whoever comes later: the history is a list, cut to its end, and a stream."""
        line = f"{self.name}: {text}"
        with self.client.pipeline(transaction=True) as history:
            history.rpush("{room}:history", line)
            history.ltrim("{room}:history", -50, -1)
            history.xadd("{room}:log", {"from": self.name, "text": text})
            history.zincrby("{room}:presence", 1, self.name)
            assert len(history.execute()) == 4
        self.client.publish("room:talk", line, target_nodes=self.node)

    def greet(self) -> None:
        self.client.publish("room:hello", self.name, target_nodes=self.node)

    def listen(self) -> bool:
        """Take the next message, if one comes soon."""
        message = self.pubsub.get_message(timeout=LISTEN_S)
        if message is not None:
            self.heard.append((message["channel"], message["data"]))
        return message is not None

    def heard_on(self, channel: str) -> list[str]:
        return [text for heard_on, text in self.heard if heard_on == channel]


def test_a_chat_whose_members_are_on_different_nodes(connect: Connect, cluster: LocalCluster) -> None:
    members = [
        Member(name, connect(place), cluster, place)
        for name, place in (("ada", 0), ("bea", 2), ("cem", 3), ("dov", 5))
    ]
    names = {member.name for member in members}
    for member in members[:2]:
        member.pubsub.subscribe("room:talk", "room:hello")
    for member in members[2:]:
        member.pubsub.psubscribe("room:*")
    # Other nodes hear of a subscription a moment after its client: they greet until all have met all.
    for _ in in_time("meeting everybody"):
        if all(set(member.heard_on("room:hello")) == names for member in members):
            break
        for member in members:
            member.greet()
            member.listen()

    def talk(member: Member) -> None:
        for number in range(20):
            member.say(str(number))

    side_by_side(*(lambda member=member: talk(member) for member in members))

    spoken = {name: [f"{name}: {number}" for number in range(20)] for name in names}
    for member in members:
        for _ in in_time(f"what {member.name} hears"):
            if len(member.heard_on("room:talk")) == 80:
                break
            member.listen()
        by_name = defaultdict(list)
        for line in member.heard_on("room:talk"):
            by_name[line.split(":")[0]].append(line)
        assert by_name == spoken
        member.pubsub.close()

    late = connect(1)
    log = [f"{fields['from']}: {fields['text']}" for _, fields in late.xrange("{room}:log")]
    assert sorted(log) == sorted(line for lines in spoken.values() for line in lines)
    # Both were written in the same transactions, so they tell the lines in the same order.
    assert late.lrange("{room}:history", 0, -1) == log[-50:]
    assert dict(late.zrange("{room}:presence", 0, -1, withscores=True)) == dict.fromkeys(names, 20.0)


def test_a_chat_with_a_shard_channel_for_each_room(connect: Connect, cluster: LocalCluster) -> None:
    rooms = ["a", "b", "c"]
    assert {key_slot(room.encode()) * 3 // SLOT_COUNT for room in rooms} == {0, 1, 2}
    readers = [connect(place).pubsub(ignore_subscribe_messages=False) for place in (0, 4)]
    for reader in readers:
        reader.ssubscribe(*rooms)
        confirmed: list[str] = []
        for _ in in_time("subscribing"):
            if len(confirmed) == len(rooms):
                break
            if message := reader.get_sharded_message(timeout=LISTEN_S):
                assert message["type"] == "ssubscribe"
                confirmed.append(message["channel"])
        assert sorted(confirmed) == rooms

    speakers = [connect(place) for place in (1, 5)]
    for number in range(10):
        for room in rooms:
            assert speakers[number % 2].spublish(room, f"{room}{number}") == len(readers)
    for reader in readers:
        heard: dict[str, list[str]] = defaultdict(list)
        for _ in in_time("what a reader hears"):
            if sum(map(len, heard.values())) == 30:
                break
            if message := reader.get_sharded_message(timeout=LISTEN_S):
                assert message["type"] == "smessage"
                heard[message["channel"]].append(message["data"])
        assert heard == {room: [f"{room}{number}" for number in range(10)] for room in rooms}
        reader.close()


# --- counters and accounts


def add_one(client: Client, counter: str) -> int:
    """Read, add, write if nobody wrote in between, else again; how many attempts it took."""
    with client.pipeline(transaction=True) as attempt:
        for attempts, _ in enumerate(in_time("adding one"), start=1):
            try:
                attempt.watch(counter)
                seen = int(attempt.get(counter) or 0)
                attempt.multi()
                attempt.set(counter, seen + 1)
                assert len(attempt.execute()) == 1
            except redis.WatchError:
                continue
            return attempts
    raise AssertionError("in_time has failed before")


def test_a_counter_read_and_written_under_watch_loses_nothing(connect: Connect) -> None:
    clients = [connect(place) for place in range(4)]
    side_by_side(
        *(lambda client=client: [add_one(client, "visits") for _ in range(25)] for client in clients)
    )
    assert clients[0].get("visits") == "100"


def test_a_transaction_is_off_when_another_node_s_client_wrote_first(connect: Connect) -> None:
    client, other = connect(0), connect(1)
    with client.pipeline(transaction=True) as attempt:
        attempt.watch("stock")
        assert other.set("stock", "0")
        attempt.multi()
        attempt.decr("stock")
        with pytest.raises(redis.WatchError):
            attempt.execute()
    assert client.get("stock") == "0"
    assert add_one(client, "stock") == 1


def test_transfers_between_keys_of_one_hash_tag_are_seen_whole(connect: Connect) -> None:
    accounts = ["{bank}:a", "{bank}:b", "{bank}:c"]
    clients = [connect(place) for place in range(4)]
    assert clients[0].mset_nonatomic(dict.fromkeys(accounts, 100))

    def transfer(n: int) -> set[int]:
        for _ in range(40):
            with clients[n].pipeline(transaction=True) as moving:
                moving.decrby(accounts[n], n + 1)
                moving.incrby(accounts[(n + 1) % 3], n + 1)
                moving.rpush("{bank}:ledger", n)
                assert len(moving.execute()) == 3
        return {300}

    def audit() -> set[int]:
        """The sums that can be seen until all transfers are through."""
        sums = set()
        for _ in in_time("the transfers"):
            sums.add(sum(map(int, clients[3].mget(accounts))))
            if clients[3].llen("{bank}:ledger") == 120:
                break
        return sums

    assert side_by_side(*(lambda n=n: transfer(n) for n in range(3)), audit) == [{300}] * 4
    # Every one gave 40 times what it has by number, and got what the one before it gave.
    assert clients[0].mget(accounts) == ["180", "60", "60"]
    with clients[0].pipeline(transaction=True) as crossing:
        crossing.incr("{bank}:a")
        crossing.incr("{other}:a")
        with pytest.raises(CrossSlotTransactionError):
            crossing.execute()
