"""Dispatch of control requests: which handler is called how, and what becomes of its answer."""

from collections.abc import Callable
from typing import Any, cast

import attrs
import pytest
import trio

from pycluster.node import control
from pycluster.node._engine import ControlRequest, EngineError
from pycluster.node.answers import OK, SILENCE, Answer, CommandError, Verbatim
from pycluster.node.commands import Call, Table
from pycluster.node.control import Control


@attrs.frozen
class VisibleReply:
    """Stands for ``Reply``, whose content Python cannot see."""

    kind: str
    text: str

    @classmethod
    def simple(cls, text: str) -> "VisibleReply":
        return cls("simple", text)

    @classmethod
    def error(cls, text: str) -> "VisibleReply":
        return cls("error", text)

    @classmethod
    def verbatim(cls, text: str) -> "VisibleReply":
        return cls("verbatim", text)


class Replies:
    """Takes the answers in place of an engine."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, Any]] = []

    def reply(self, request_id: int, value: Any) -> None:
        if request_id < 0:
            raise EngineError("unknown request")
        self.sent.append((request_id, value))


@attrs.frozen
class Request:
    """Stands for ``ControlRequest``, which only the engine can make."""

    argv: list[bytes]
    id: int = 1
    local_address: str = "127.0.0.1"


def request(*argv: bytes, id: int = 1) -> ControlRequest:
    return cast(ControlRequest, Request(list(argv), id))


@pytest.fixture
def replies(monkeypatch: pytest.MonkeyPatch) -> Replies:
    monkeypatch.setattr(control, "Reply", VisibleReply)
    return Replies()


MakeControl = Callable[[Table], Control]


@pytest.fixture
def make(replies: Replies, nursery: trio.Nursery) -> MakeControl:
    return lambda table: Control(replies, table, nursery)


async def test_a_subcommand_is_called_with_its_arguments(make: MakeControl, replies: Replies) -> None:
    calls: list[Call] = []

    def handler(call: Call) -> Answer:
        calls.append(call)
        return [1, "two"]

    make({"CLUSTER REPLICAS": handler}).handle(request(b"CLUSTER", b"REPLICAS", b"\xff"))
    assert calls == [Call(arguments=(b"\xff",), local_address="127.0.0.1")]
    assert replies.sent == [(1, [1, "two"])]


async def test_a_command_without_subcommands_gets_all_its_arguments(
    make: MakeControl, replies: Replies
) -> None:
    make({"SHUTDOWN": lambda call: len(call.arguments)}).handle(request(b"SHUTDOWN", b"NOSAVE", b"\xff"))
    make({"SHUTDOWN": lambda call: len(call.arguments)}).handle(request(b"SHUTDOWN", id=2))
    assert replies.sent == [(1, 2), (2, 0)]


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (OK, VisibleReply("simple", "OK")),
        (Verbatim("a\nb"), VisibleReply("verbatim", "a\nb")),
        ({"a": [None, b"x"]}, {"a": [None, b"x"]}),
    ],
)
async def test_answers_become_replies(
    answer: Answer, sent: object, make: MakeControl, replies: Replies
) -> None:
    make({"ASK": lambda _call: answer}).handle(request(b"ASK"))
    assert replies.sent == [(1, sent)]


async def test_silence_is_kept(make: MakeControl, replies: Replies) -> None:
    make({"SHUTDOWN": lambda _call: SILENCE}).handle(request(b"SHUTDOWN"))
    assert replies.sent == []


async def test_a_command_error_is_the_answer(make: MakeControl, replies: Replies) -> None:
    def handler(_call: Call) -> Answer:
        raise CommandError("ERR not so")

    make({"ASK": handler}).handle(request(b"ASK"))
    assert replies.sent == [(1, VisibleReply("error", "ERR not so"))]


async def test_a_broken_handler_is_logged_and_answered(
    make: MakeControl, replies: Replies, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(call: Call) -> Answer:
        return call.arguments[7]

    make({"ASK": handler}).handle(request(b"ASK", b"me"))
    make({"ASK": handler}).handle(request(b"UNHANDLED", id=2))
    assert [(number, reply.kind) for number, reply in replies.sent] == [(1, "error"), (2, "error")]
    assert "IndexError" in caplog.text
    assert "could not answer UNHANDLED" in caplog.text


async def test_an_answer_that_nobody_waits_for_is_logged(
    make: MakeControl, caplog: pytest.LogCaptureFixture
) -> None:
    make({"ASK": lambda _call: 1}).handle(request(b"ASK", id=-1))
    assert "unknown request" in caplog.text


async def test_a_handler_that_waits_holds_up_nobody(make: MakeControl, replies: Replies) -> None:
    gate = trio.Event()

    async def wait(call: Call) -> Answer:
        await gate.wait()
        if call.arguments:
            raise CommandError("ERR waited in vain")
        return "waited"

    running = make({"WAIT": wait, "ASK": lambda _call: "at once"})
    running.handle(request(b"WAIT", id=1))
    running.handle(request(b"WAIT", b"x", id=2))
    running.handle(request(b"ASK", id=3))
    assert replies.sent == [(3, "at once")]
    gate.set()
    with trio.fail_after(5):
        while len(replies.sent) < 3:
            await trio.lowlevel.checkpoint()
    assert sorted(replies.sent[1:]) == [(1, "waited"), (2, VisibleReply("error", "ERR waited in vain"))]


async def test_waiting_handlers_are_bounded(
    make: MakeControl, replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "WAITING_MAX", 2)
    gate = trio.Event()

    async def wait(_call: Call) -> Answer:
        await gate.wait()
        return "waited"

    running = make({"WAIT": wait})
    for number in (1, 2, 3):
        running.handle(request(b"WAIT", id=number))
    assert [(number, reply.kind) for number, reply in replies.sent] == [(3, "error")]
    gate.set()
    with trio.fail_after(5):
        while len(replies.sent) < 3:
            await trio.lowlevel.checkpoint()
        running.handle(request(b"WAIT", id=4))
        while len(replies.sent) < 4:
            await trio.lowlevel.checkpoint()
    assert replies.sent[-1] == (4, "waited")
