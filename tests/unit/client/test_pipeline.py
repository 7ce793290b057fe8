from typing import Any

import pytest
from unit.client.plan import A, B, key_of, router

from pycluster.client.batch import Batch
from pycluster.client.command_table import Access
from pycluster.client.commands import replies
from pycluster.client.errors import (
    ArgumentError,
    NotExecutedError,
    PipelineError,
    PipelineFullError,
    UnexpectedReplyError,
    WrongTypeError,
)
from pycluster.client.pipeline import CommandQueue, PendingBatch, Queued, results_of
from pycluster.client.request import Request, SplitRequest


def carry_out(queued: list[Queued[Any]], answers: dict[Any, Any]) -> None:
    """Execute a queue, a node answering by the first argument of each command."""
    pending = PendingBatch(Batch(router(), 10**9))
    pending.add(queued)
    by_payload = {item.payload: item for item in pending.batch.pending}
    for share in pending.batch.shares(0):
        reply = [
            answers[by_payload[payload].payload.split(b"\r\n")[4].decode()] for payload in share.payloads
        ]
        pending.batch.settle(share, reply, None, now_ms=0)
    pending.finish()


def incr(key: str) -> Request[int]:
    return Request(("INCR", key), key, Access.WRITE, replies.integer)


def test_a_queue_has_a_bound() -> None:
    queue = CommandQueue(2)
    queue.add(incr("a"))
    queue.add(incr("b"))
    with pytest.raises(PipelineFullError) as caught:
        queue.add(incr("c"))
    assert caught.value.depth_max == 2
    assert len(queue.take()) == 2
    assert len(queue) == 0


def test_a_result_is_not_there_before_the_pipeline_was_executed() -> None:
    handle = CommandQueue(1).add(incr("a"))
    with pytest.raises(NotExecutedError):
        handle.result()


def test_results_come_in_the_order_of_the_commands_whatever_their_nodes() -> None:
    a, b = key_of(A), key_of(B)
    queued: list[Queued[Any]] = [
        Queued(incr(b)),
        Queued(SplitRequest("MGET", [(b,), (a,)], Access.READ, replies.in_order)),
        Queued(incr(a)),
    ]
    pending = PendingBatch(Batch(router(), 10**9))
    pending.add(queued)
    for share in pending.batch.shares(0):
        got: list[Any] = {A: [[b"va"], 7], B: [8, [b"vb"]]}[share.address]
        pending.batch.settle(share, got, None, now_ms=0)
    pending.finish()
    assert results_of(queued, raise_on_error=True) == [8, [b"vb", b"va"], 7]


def test_an_error_is_raised_with_its_place_and_all_results() -> None:
    queued: list[Queued[Any]] = [Queued(incr("a")), Queued(incr("b"))]
    error = WrongTypeError("WRONGTYPE no")
    carry_out(queued, {"a": 1, "b": error})
    with pytest.raises(PipelineError) as caught:
        results_of(queued, raise_on_error=True)
    assert (caught.value.index, caught.value.command, caught.value.error) == (1, "INCR", error)
    assert caught.value.results == [1, error]
    assert caught.value.__cause__ is error


def test_an_error_may_stay_in_its_place() -> None:
    queued: list[Queued[Any]] = [Queued(incr("a")), Queued(incr("b"))]
    error = WrongTypeError("WRONGTYPE no")
    carry_out(queued, {"a": error, "b": 2})
    assert results_of(queued, raise_on_error=False) == [error, 2]
    with pytest.raises(WrongTypeError):
        queued[0].result()
    assert queued[1].result() == 2


def test_a_command_that_cannot_be_encoded_does_not_hinder_the_others() -> None:
    bad: Queued[Any] = Queued(Request(("SET", "k", None), "k", Access.WRITE))  # type: ignore[arg-type]
    good = Queued(incr("a"))
    carry_out([bad, good], {"a": 1})
    assert isinstance(bad.outcome, ArgumentError)
    assert good.result() == 1


def test_a_reply_that_makes_no_sense_does_not_hinder_the_others() -> None:
    queued: list[Queued[Any]] = [Queued(incr("a")), Queued(incr("b"))]
    carry_out(queued, {"a": [b"?"], "b": 2})
    assert isinstance(queued[0].outcome, UnexpectedReplyError)
    assert queued[1].result() == 2
