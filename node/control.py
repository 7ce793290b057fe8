"""Answers the commands that the engine leaves to Python, from a table of handlers by noun."""

import logging
from collections.abc import Awaitable
from inspect import isawaitable
from typing import TYPE_CHECKING, Protocol, cast

import trio

from pycluster.node._engine import ControlRequest, EngineError, Reply
from pycluster.node.answers import Answer, CommandError, Silence, Simple, Verbatim
from pycluster.node.commands import Call, Handler, Table

if TYPE_CHECKING:
    from pycluster.node._engine import ReplyValue

log = logging.getLogger(__name__)

WAITING_MAX = 1_000
"""Handlers that wait for something at a time; the next one is answered with an error at once."""


class Replier(Protocol):
    """The part of the engine that takes answers."""

    def reply(self, request_id: int, value: "ReplyValue") -> None:
        """As ``Engine.reply``."""


class Control:
    """Dispatches control requests; those whose handlers wait go on in tasks of ``tasks``.

    Args:
        engine: Where the answers go.
        table: The commands.
        tasks: Ends when the node does, and the waiting handlers with it.
    """

    def __init__(self, engine: Replier, table: Table, tasks: trio.Nursery) -> None:
        self._engine = engine
        self._table = table
        self._tasks = tasks
        self._waiting_count = 0

    def handle(self, request: ControlRequest) -> None:
        """Answer a request now, or have it answered by a task later; never raises for what a client sent."""
        try:
            handler, call = self._look_up(request)
            answer = handler(call)
        except CommandError as exc:
            self._reply(request.id, Reply.error(str(exc)))
        except Exception:
            self._reply_internal_error(request)
        else:
            if not isawaitable(answer):
                self._reply(request.id, to_reply(answer))
            elif self._waiting_count >= WAITING_MAX:
                # A coroutine that is never awaited would complain when it is collected.
                getattr(answer, "close", lambda: None)()
                self._reply(request.id, Reply.error("ERR too many commands are waiting in this node"))
            else:
                self._waiting_count += 1
                self._tasks.start_soon(self._answer_later, request, answer)

    async def _answer_later(self, request: ControlRequest, awaitable: Awaitable[Answer]) -> None:
        try:
            reply = to_reply(await awaitable)
        except CommandError as exc:
            self._reply(request.id, Reply.error(str(exc)))
        except Exception:
            self._reply_internal_error(request)
        else:
            self._reply(request.id, reply)
        finally:
            self._waiting_count -= 1

    def _look_up(self, request: ControlRequest) -> tuple[Handler, Call]:
        """The handler of a request, and its call; raises LookupError if nobody handles this command."""
        argv = request.argv
        for words_count in (2, 1):
            name = b" ".join(argv[:words_count]).decode("utf-8", "replace")
            handler = self._table.get(name)
            if handler is not None:
                return handler, Call(arguments=tuple(argv[words_count:]), local_address=request.local_address)
        raise LookupError("no handler for this command")

    def _reply_internal_error(self, request: ControlRequest) -> None:
        log.exception("could not answer %s", b" ".join(request.argv[:2]).decode("utf-8", "replace"))
        self._reply(request.id, Reply.error("ERR internal error, see the node's log"))

    def _reply(self, request_id: int, reply: "ReplyValue | Silence") -> None:
        if isinstance(reply, Silence):
            return
        try:
            self._engine.reply(request_id, reply)
        except EngineError as exc:
            log.error("an answer did not go out: %s", exc)


def to_reply(answer: Answer) -> "ReplyValue | Silence":
    """What the engine takes for an answer; silence stays silence."""
    match answer:
        case Simple(text):
            return Reply.simple(text)
        case Verbatim(text):
            return Reply.verbatim(text)
        case _:
            return cast("ReplyValue | Silence", answer)
