"""A cluster of three nodes that exists only as answers, against which batches are carried out."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from unit.client.plan import A, B, C, router

from pycluster.client.address import Address
from pycluster.client.batch import Batch, Item, Share
from pycluster.client.command_table import Access
from pycluster.client.errors import ConnectionLostError, error_from_reply
from pycluster.client.request import Request

NODES = (A, B, C)
ROUNDS_MAX = 60

# What a node may answer instead of executing a command; "lost": it breaks the connection, executed or not.
MOODS = (
    "execute",
    "execute",
    "execute",
    "LOADING",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "ASK",
    "lost",
    "lost executed",
)


@attrs.define
class Cluster:
    """Slots have true owners, which the client's table may be wrong about.

    Attributes:
        owners: the true owner of each slot the commands use.
        draw: takes a decision.
        executed: the numbers of the commands in the order of their execution.
    """

    owners: dict[int, Address]
    draw: Any
    executed: list[int] = attrs.field(factory=list)

    def answer(self, share: Share, numbers: dict[int, int]) -> tuple[list[Any], ConnectionLostError | None]:
        replies: list[Any] = []
        asking = False
        for item in share.items:
            if item is None:
                asking = True
                replies.append(b"OK")
                continue
            reply = self._answer_one(item, share.address, asking, numbers[id(item)])
            if reply is None:
                return replies, ConnectionLostError(share.address, "reset")
            replies.append(reply)
            asking = False
        return replies, None

    def _answer_one(self, item: Item, address: Address, asking: bool, number: int) -> Any:
        assert item.slot is not None
        owner = self.owners[item.slot]
        if address != owner and not asking:
            return error_from_reply(f"MOVED {item.slot} {owner}")
        mood = self.draw(st.sampled_from(MOODS))
        if mood == "ASK" and not asking:
            return error_from_reply(f"ASK {item.slot} {self.draw(st.sampled_from(NODES))}")
        if mood in ("LOADING", "TRYAGAIN", "CLUSTERDOWN"):
            return error_from_reply(f"{mood} later")
        if mood == "lost":
            return None
        self.executed.append(number)
        return None if mood == "lost executed" else number


commands = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(list(Access))), min_size=1, max_size=12
)


@given(commands, st.data())
def test_every_command_ends_with_its_own_reply_or_an_error_and_no_write_is_repeated_blindly(
    words: list[tuple[str, Access]], data: st.DataObject
) -> None:
    batch = Batch(router(), deadline_ms=10**9)
    items = [batch.add_request(Request(("X", key), key, access)) for key, access in words]
    slots = sorted({item.slot for item in items if item.slot is not None})
    cluster = Cluster({slot: data.draw(st.sampled_from(NODES)) for slot in slots}, data.draw)
    numbers = {id(item): number for number, item in enumerate(items)}
    now_ms = rounds = 0
    while batch.pending:
        rounds += 1
        assert rounds < ROUNDS_MAX, "retries are bounded"
        now_ms += batch.wait_ms(now_ms)
        for share in batch.shares(now_ms):
            batch.settle(share, *cluster.answer(share, numbers), now_ms=now_ms)
    for number, (item, (_, access)) in enumerate(zip(items, words, strict=True)):
        times = cluster.executed.count(number)
        if isinstance(item.reply, Exception):
            assert access is not Access.WRITE or times <= 1
        else:
            assert item.reply == number
            assert times == 1 if access is Access.WRITE else times >= 1


@given(commands, st.data())
def test_commands_on_one_slot_keep_their_order_through_moved(
    words: list[tuple[str, Access]], data: st.DataObject
) -> None:
    batch = Batch(router(), deadline_ms=10**9)
    items = [batch.add_request(Request(("X", key), key, access)) for key, access in words]
    slots = sorted({item.slot for item in items if item.slot is not None})

    def always_execute(_: object) -> str:
        return "execute"

    cluster = Cluster({slot: data.draw(st.sampled_from(NODES)) for slot in slots}, always_execute)
    numbers = {id(item): number for number, item in enumerate(items)}
    while batch.pending:
        for share in batch.shares(0):
            batch.settle(share, *cluster.answer(share, numbers), now_ms=0)
    assert [item.reply for item in items] == list(range(len(items)))
    for slot in slots:
        order = [number for number in cluster.executed if items[number].slot == slot]
        assert order == sorted(order)
