from typing import Any

import pytest
from unit.client.plan import REPLICA, A, B, C, key_of, router

from pycluster.client.batch import ASKING, UNANSWERED, Batch, Item, Share
from pycluster.client.command_table import Access
from pycluster.client.errors import (
    ArgumentError,
    ConnectionFailedError,
    ConnectionLostError,
    NoNodeReachableError,
    SlotNotCoveredError,
    WrongTypeError,
    error_from_reply,
)
from pycluster.client.options import ReadFrom
from pycluster.client.request import Part, Request
from pycluster.client.resp import pack
from pycluster.client.slots import key_slot

NEVER_MS = 10**9


def batch(**settings: Any) -> Batch:
    return Batch(router(**settings), NEVER_MS)


def get(key: str) -> Request[Any]:
    return Request(("GET", key), key, Access.READ)


def incr(key: str) -> Request[Any]:
    return Request(("INCR", key), key, Access.WRITE)


def share_of(one: Batch, now_ms: int = 0) -> Share:
    (share,) = one.shares(now_ms)
    return share


def moved(item: Item, port: int) -> Exception:
    return error_from_reply(f"MOVED {item.slot} 10.0.0.1:{port}")


def test_commands_are_split_by_node_in_their_order() -> None:
    one = batch()
    keys = [key_of(C), key_of(A, 0), key_of(B), key_of(A, 1)]
    for key in keys:
        one.add_request(get(key))
    shares = one.shares(0)
    assert [share.address for share in shares] == [A, B, C]
    assert shares[0].payloads == [pack(("GET", keys[1])), pack(("GET", keys[3]))]


def test_replies_find_their_commands() -> None:
    one = batch()
    items = [one.add_request(get(key_of(A, number))) for number in range(3)]
    one.settle(share_of(one), [b"0", None, b"2"], None, now_ms=0)
    assert [item.reply for item in items] == [b"0", None, b"2"]
    assert one.pending == []


def test_an_error_reply_stays_in_its_place() -> None:
    one = batch()
    items = [one.add_request(get(key_of(A, number))) for number in range(2)]
    error = WrongTypeError("WRONGTYPE")
    one.settle(share_of(one), [error, b"1"], None, now_ms=0)
    assert [item.reply for item in items] == [error, b"1"]


def test_only_what_was_moved_is_sent_again_and_the_table_learns() -> None:
    one = batch()
    kept, gone = (one.add_request(get(key_of(A, number))) for number in range(2))
    one.settle(share_of(one), [b"kept", moved(gone, 2)], None, now_ms=0)
    assert (kept.reply, gone.reply) == (b"kept", UNANSWERED)
    again = share_of(one)
    assert (again.address, again.items) == (B, [gone])
    assert gone.slot is not None
    assert one.router.slots.primary(gone.slot) == B
    assert one.router.refresh.due(0)


def test_ask_sends_asking_before_each_command_and_leaves_the_table_alone() -> None:
    one = batch()
    first, second = (one.add_request(get("{t}" + str(number))) for number in range(2))
    slot = key_slot(b"t")
    owner = one.router.slots.primary(slot)
    ask = [error_from_reply(f"ASK {slot} 10.0.0.1:77") for _ in range(2)]
    one.settle(share_of(one), ask, None, now_ms=0)
    again = share_of(one)
    assert again.address == ("10.0.0.1", 77)
    assert again.items == [None, first, None, second]
    assert again.payloads == [ASKING, first.payload, ASKING, second.payload]
    one.settle(again, [b"OK", b"1", b"OK", b"2"], None, now_ms=0)
    assert (first.reply, second.reply) == (b"1", b"2")
    assert one.router.slots.primary(slot) == owner
    assert not one.router.refresh.due(0)


def test_after_asking_failed_the_table_is_asked_again() -> None:
    one = batch()
    item = one.add_request(get(key_of(A)))
    one.settle(share_of(one), [error_from_reply(f"ASK {item.slot} 10.0.0.1:77")], None, now_ms=0)
    one.settle(share_of(one), [], ConnectionFailedError(A, "refused"), now_ms=0)
    again = share_of(one, now_ms=1_000)
    assert (again.address, again.items) == (A, [item])


def test_a_lost_connection_repeats_reads_and_fails_writes() -> None:
    one = batch()
    read, write = one.add_request(get(key_of(A))), one.add_request(incr(key_of(A)))
    lost = ConnectionLostError(A, "reset")
    one.settle(share_of(one), [], lost, now_ms=0)
    assert (read.reply, write.reply) == (UNANSWERED, lost)
    assert one.pending == [read]


def test_replies_before_a_loss_count() -> None:
    one = batch()
    answered, lost = one.add_request(incr(key_of(A))), one.add_request(incr(key_of(A)))
    one.settle(share_of(one), [1], ConnectionLostError(A, "reset"), now_ms=0)
    assert answered.reply == 1
    assert isinstance(lost.reply, ConnectionLostError)


def test_the_caller_may_have_lost_writes_repeated() -> None:
    one = batch(retry_lost_writes=True)
    write = one.add_request(incr(key_of(A)))
    one.settle(share_of(one), [], ConnectionLostError(A, "reset"), now_ms=0)
    assert one.pending == [write]


def test_a_failed_command_waits_while_a_redirected_one_goes_on() -> None:
    one = batch()
    loading, gone = (one.add_request(get(key_of(A, number))) for number in range(2))
    one.settle(share_of(one), [error_from_reply("LOADING x"), moved(gone, 2)], None, now_ms=1_000)
    assert one.wait_ms(1_000) == 0
    again = share_of(one, now_ms=1_000)
    assert again.items == [gone]
    one.settle(again, [b"v"], None, now_ms=1_000)
    assert 0 < one.wait_ms(1_000) == loading.due_ms - 1_000
    assert share_of(one, now_ms=loading.due_ms).items == [loading]


def test_a_slot_without_a_node_is_waited_for() -> None:
    one = batch(retries_max=1)
    one.router.slots.replace([])
    item = one.add_request(get("k"))
    assert one.shares(0) == []
    assert one.router.refresh.due(0)
    assert one.pending == [item]
    assert one.shares(item.due_ms) == []
    assert isinstance(item.reply, SlotNotCoveredError)


def test_a_command_for_any_node_fails_at_once_when_there_is_none() -> None:
    one = batch()
    one.router.slots.replace([])
    item = one.add_request(Request(("PING",), None, Access.READ))
    one.shares(0)
    assert isinstance(item.reply, NoNodeReachableError)


def test_a_read_that_failed_at_a_replica_goes_to_the_primary() -> None:
    one = batch(read_from=ReadFrom.REPLICA)
    item = one.add_request(get(key_of(A)))
    first = share_of(one)
    assert first.address == REPLICA
    one.settle(first, [error_from_reply("MASTERDOWN Link with MASTER is down")], None, now_ms=0)
    assert share_of(one, now_ms=item.due_ms).address == A


def test_a_command_for_one_node_stays_there() -> None:
    one = batch()
    (item,) = one.add([Part(Request(("DBSIZE",), None, Access.READ), node=C)])
    first = share_of(one)
    assert first.address == C
    one.settle(first, [error_from_reply("LOADING x")], None, now_ms=0)
    assert share_of(one, now_ms=item.due_ms).address == C


def test_a_command_that_cannot_be_encoded_adds_nothing() -> None:
    one = batch()
    with pytest.raises(ArgumentError):
        one.add([Part(get("k")), Part(Request(("SET", "k", None), "k", Access.WRITE))])  # type: ignore[arg-type]
    assert one.pending == []
