from typing import Any

import pytest

from pycluster.client.command_table import (
    BUILT_IN,
    LEARNED_MAX,
    Access,
    CommandSpec,
    CommandTable,
    command_name,
)
from pycluster.client.errors import UnexpectedReplyError
from pycluster.client.resp import Argument


def first_key(*args: Argument) -> Argument | None:
    spec = CommandTable().find(args)
    assert spec is not None
    return spec.first_key(args)


def access(*args: Argument) -> Access:
    spec = CommandTable().find(args)
    assert spec is not None
    return spec.access


@pytest.mark.parametrize(
    ("args", "key"),
    [
        (("GET", "k"), "k"),
        (("get", "k"), "k"),
        ((b"Get", b"k"), b"k"),
        (("MSET", "a", 1, "b", 2), "a"),
        (("BITOP", "AND", "dest", "a", "b"), "dest"),
        (("OBJECT", "encoding", "k"), "k"),
        (("MEMORY", "USAGE", "k"), "k"),
        (("XGROUP", "CREATE", "s", "g", "$"), "s"),
        (("EVAL", "return 1", 2, "a", "b", "arg"), "a"),
        (("EVAL", "return 1", 0, "arg"), None),
        (("EVAL", "return 1", "0"), None),
        (("ZUNION", "2", "a", "b"), "a"),
        (("BLMPOP", 1, 2, "a", "b", "LEFT"), "a"),
        (("XREAD", "COUNT", 2, "STREAMS", "s1", "s2", 0, 0), "s1"),
        (("XREADGROUP", "GROUP", "g", "c", "streams", "s", ">"), "s"),
        (("PING",), None),
        (("CONFIG", "GET", "maxmemory"), None),
        (("CLUSTER", "KEYSLOT", "k"), None),
        (("GET",), None),
        (("EVAL", "return 1", 2), None),
        (("XREAD", "STREAMS"), None),
    ],
)
def test_the_first_key_is_found(args: tuple[Argument, ...], key: Argument | None) -> None:
    assert first_key(*args) == key


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("GET", "k"), Access.READ),
        (("SET", "k", "v"), Access.IDEMPOTENT),
        (("SET", "k", "v", "EX", 5), Access.IDEMPOTENT),
        (("SET", "k", "NX"), Access.IDEMPOTENT),  # the value, not the option
        (("SET", "k", "v", "nx"), Access.WRITE),
        (("SET", "k", "v", "EX", 5, b"GET"), Access.WRITE),
        (("SET", "k", "v", "IFEQ", "w"), Access.WRITE),
        (("INCR", "k"), Access.WRITE),
        (("DEL", "k"), Access.WRITE),
        (("EVAL", "", 0), Access.WRITE),
        (("EVAL_RO", "", 0), Access.READ),
    ],
)
def test_what_a_repeat_would_do_is_known(args: tuple[Argument, ...], expected: Access) -> None:
    assert access(*args) is expected


def test_commands_that_change_their_connection_are_marked() -> None:
    for args in (("MULTI",), ("SUBSCRIBE", "c"), ("CLIENT", "REPLY", "OFF"), ("SELECT", 1), ("WATCH", "k")):
        spec = CommandTable().find(args)
        assert spec is not None
        assert spec.stateful
    harmless = CommandTable().find(("CLIENT", "LIST"))
    assert harmless is not None
    assert not harmless.stateful


def test_an_unknown_command_is_asked_for_and_remembered() -> None:
    table = CommandTable()
    assert table.find(("FT.GET", "k")) is None
    entry = [b"ft.get", 2, [b"readonly", b"fast"], 1, 1, 1]
    assert table.learn("FT.GET", [entry]) == CommandSpec(access=Access.READ, key_at=1)
    assert table.find(("ft.get", "k")) == CommandSpec(access=Access.READ, key_at=1)


def test_a_command_with_movable_keys_has_to_be_asked_about_each_time() -> None:
    spec = CommandTable().learn("X", [[b"x", -2, [b"write", b"movablekeys"], 0, 0, 0]])
    assert spec.ask_server


def test_a_command_the_server_does_not_know_has_no_key() -> None:
    assert CommandTable().learn("NOPE", [None]) == CommandSpec()


@pytest.mark.parametrize("reply", [None, [], [None, None], [[b"x"]], [[b"x", 1, [b"readonly"], b"one"]], 5])
def test_a_malformed_answer_about_a_command_is_an_error(reply: Any) -> None:
    with pytest.raises(UnexpectedReplyError, match="COMMAND INFO X"):
        CommandTable().learn("X", reply)


def test_made_up_names_do_not_fill_memory() -> None:
    table = CommandTable()
    for number in range(LEARNED_MAX + 1):
        table.learn(f"X{number}", [None])
    assert table.find((f"X{LEARNED_MAX - 1}",)) is not None
    assert table.find((f"X{LEARNED_MAX}",)) is None


def test_a_family_is_named_with_its_subcommand() -> None:
    assert command_name(("object", b"Encoding", "k")) == "OBJECT|ENCODING"
    assert command_name(("get", "encoding")) == "GET"


def test_no_name_stands_in_two_groups() -> None:
    # Sets and dicts would hide a name that was typed twice with different specs.
    from pycluster.client import command_table as module

    groups = [*module._FIRST.values(), *module._SECOND.values(), *module._COUNTED.values()]
    groups += [*module._AFTER.values(), *module._KEYLESS.values(), module._STATEFUL]
    names = [name for group in groups for name in group.split()]
    assert len(names) == len(set(names)) == len(BUILT_IN)
