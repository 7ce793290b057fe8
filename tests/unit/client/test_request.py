import inspect
from collections.abc import Sequence
from typing import Any

import pytest
from unit.client.plan import A, B, C, key_of, router

from pycluster.client import AsyncCluster, AsyncPipeline, Cluster, Pipeline
from pycluster.client.command_table import Access, CommandTable
from pycluster.client.commands import Commands
from pycluster.client.commands.generic import GenericCommands
from pycluster.client.commands.strings import StringCommands
from pycluster.client.errors import UnexpectedReplyError, UsageError
from pycluster.client.pipeline import merged
from pycluster.client.request import BroadcastRequest, Command, Operation, QueueTarget, Request, SplitRequest


class Recorder(Commands[bytes], QueueTarget):
    """Hands out what the commands build."""

    def run(self, operation: Operation[Any]) -> Any:
        return operation


BUILD: Any = Recorder()


@pytest.mark.parametrize(
    ("operation", "args"),
    [
        (BUILD.get("k"), ("GET", "k")),
        (BUILD.set("k", "v"), ("SET", "k", "v")),
        (BUILD.set("k", "v", ex=5, xx=True), ("SET", "k", "v", "EX", 5, "XX")),
        (BUILD.set("k", "v", px=5, nx=True), ("SET", "k", "v", "PX", 5, "NX")),
        (BUILD.set("k", "v", keepttl=True), ("SET", "k", "v", "KEEPTTL")),
        (BUILD.set_and_get("k", "v", exat=9), ("SET", "k", "v", "EXAT", 9, "GET")),
        (BUILD.compare_and_set("k", "old", "new", pxat=9), ("SET", "k", "new", "IFEQ", "old", "PXAT", 9)),
        (BUILD.compare_and_delete("k", "v"), ("DELIFEQ", "k", "v")),
        (BUILD.getex("k", persist=True), ("GETEX", "k", "PERSIST")),
        (BUILD.incr("k"), ("INCRBY", "k", 1)),
        (BUILD.decr("k", 3), ("DECRBY", "k", 3)),
        (BUILD.expire("k", 5, "NX"), ("EXPIRE", "k", 5, "NX")),
        (BUILD.copy("a", "b", replace=True), ("COPY", "a", "b", "REPLACE")),
    ],
)
def test_methods_build_the_commands_of_their_names(operation: Request[Any], args: tuple[Any, ...]) -> None:
    assert operation.args == args


def test_two_expiries_are_refused() -> None:
    with pytest.raises(UsageError, match="EX and PXAT"):
        BUILD.set("k", "v", ex=1, pxat=2)


def plain_requests() -> list[Request[Any]]:
    """Every typed command that is a single one, built with its required arguments only."""
    found = []
    stand_ins: dict[str, Any] = {"values": {}, "keys": []}
    for family in (StringCommands, GenericCommands):
        for command in vars(family).values():
            if not isinstance(command, Command):
                continue
            required = [
                stand_ins.get(parameter.name, 1)
                for parameter in inspect.signature(command.build).parameters.values()
                if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            ]
            operation = command.build(*required)
            if isinstance(operation, Request):
                found.append(operation)
    return found


@pytest.mark.parametrize("request_", plain_requests(), ids=lambda one: "-".join(map(str, one.args)))
def test_a_typed_command_is_never_bolder_than_the_table(request_: Request[Any]) -> None:
    spec = CommandTable().find(request_.args)
    assert spec is not None
    assert spec.first_key(request_.args) == request_.key
    assert (request_.access is Access.READ) == (spec.access is Access.READ)
    known_better = {"EXPIRE", "PEXPIRE", "GETEX"}  # their arguments decide, and the builder looks at them
    if spec.access is Access.WRITE and request_.args[0] not in known_better:
        assert request_.access is Access.WRITE


def test_keys_are_split_by_slot_and_their_values_put_in_order() -> None:
    keys = [key_of(A), key_of(B), key_of(C), key_of(A)]
    operation = BUILD.mget(keys)
    parts = operation.parts(router().slots)
    assert [part.request.args for part in parts] == [
        ("MGET", keys[0], keys[0]),
        ("MGET", keys[1]),
        ("MGET", keys[2]),
    ]
    assert operation.merge(parts, [[b"a1", b"a2"], [b"b"], [None]]) == [b"a1", b"b", None, b"a2"]


def test_keys_with_a_common_tag_stay_together() -> None:
    parts = BUILD.mset({"{t}a": 1, "{t}b": 2}).parts(router().slots)
    assert [part.request.args for part in parts] == [("MSET", "{t}a", 1, "{t}b", 2)]


def test_a_server_alone_gets_all_keys_at_once() -> None:
    one = router()
    one.slots.replace_with_single(A)
    (part,) = BUILD.delete(key_of(A), key_of(B), key_of(C)).parts(one.slots)
    assert part.request.args == ("DEL", key_of(A), key_of(B), key_of(C))


def test_no_keys_need_no_command() -> None:
    for operation, nothing in ((BUILD.mget([]), []), (BUILD.delete(), 0), (BUILD.mset({}), None)):
        assert operation.parts(router().slots) == []
        assert operation.merge([], []) == nothing


def test_a_broadcast_reaches_every_primary() -> None:
    operation = BUILD.dbsize()
    parts = operation.parts(router().slots)
    assert [part.node for part in parts] == [A, B, C]
    assert operation.merge(parts, [1, 2, 3]) == 6


def test_one_failed_part_fails_the_command_and_says_how_many_did() -> None:
    operation = BUILD.dbsize()
    error = ValueError("lost")
    outcome = merged(operation, operation.parts(router().slots), [1, error, 3])
    assert outcome is error
    assert error.__notes__ == ["1 of the 3 parts of this command failed, the others did not"]


@pytest.mark.parametrize(
    ("operation", "reply", "result"),
    [
        (BUILD.set("k", "v"), b"OK", True),
        (BUILD.set("k", "v"), "OK", True),
        (BUILD.set("k", "v", nx=True), None, False),
        (BUILD.expire("k", 1), 0, False),
        (BUILD.incr_float("k", 1.5), b"2.5", 2.5),
        (BUILD.type("k"), b"string", "string"),
        (BUILD.object_encoding("k"), None, None),
        (BUILD.get("k"), b"v", b"v"),
    ],
)
def test_replies_become_results(operation: Request[Any], reply: Any, result: Any) -> None:
    assert operation.result(reply) == result


def test_a_reply_that_makes_no_sense_is_an_error_that_names_the_command() -> None:
    with pytest.raises(UnexpectedReplyError, match="INCRBY"):
        BUILD.incr("k").result([b"what"])


@pytest.mark.parametrize("client", [Cluster, AsyncCluster, Pipeline, AsyncPipeline])
def test_every_client_has_every_command_as_a_plain_method_with_its_docstring(client: type) -> None:
    names = [
        name for family in Commands.__mro__ for name, one in vars(family).items() if isinstance(one, Command)
    ]
    assert len(names) > 30
    for name in names:
        method = getattr(client, name)
        assert inspect.isfunction(method)
        assert method.__doc__


def test_split_and_broadcast_are_operations_of_their_own_kind() -> None:
    kinds: Sequence[type] = (type(BUILD.mget(["k"])), type(BUILD.ping()), type(BUILD.get("k")))
    assert kinds == (SplitRequest, BroadcastRequest, Request)
