import pytest
from unit.client.plan import REPLICA, A, B, C, router

from pycluster.client.command_table import Access
from pycluster.client.errors import (
    ConnectionFailedError,
    NoNodeReachableError,
    UnexpectedReplyError,
    UnsupportedCommandError,
    error_from_reply,
)
from pycluster.client.options import ReadFrom

TABLE = [[0, 16_383, [b"10.0.0.1", 2, b"id"]]]


def test_a_key_decides_the_node() -> None:
    one = router()
    assert one.address_for(0, Access.WRITE) == A
    assert one.address_for(16_383, Access.READ) == C


def test_a_command_without_a_key_goes_to_any_primary() -> None:
    one = router()
    assert {one.address_for(None, Access.WRITE) for _ in range(50)} == {A, B, C}


def test_only_reads_go_to_a_replica_and_only_the_first_time() -> None:
    one = router(read_from=ReadFrom.REPLICA)
    assert one.address_for(0, Access.READ) == REPLICA
    assert one.address_for(0, Access.IDEMPOTENT) == A
    assert one.address_for(0, Access.READ, primary_only=True) == A


def test_a_built_in_command_needs_no_question() -> None:
    request = router().request_for(("HGET", "k", "f"))
    assert request is not None
    assert (request.key, request.access) == ("k", Access.READ)


def test_a_command_that_changes_its_connection_is_refused() -> None:
    with pytest.raises(UnsupportedCommandError, match=r"CLIENT\|REPLY"):
        router().request_for(("CLIENT", "REPLY", "SKIP"))


def test_an_unknown_command_is_learned_from_a_server_once() -> None:
    one, args = router(), ("FT.ADD", "k", 1)
    assert one.request_for(args) is None
    steps = one.asking_for(args)
    assert next(steps).args == ("COMMAND", "INFO", "FT.ADD")
    with pytest.raises(StopIteration) as end:
        steps.send([[b"ft.add", -2, [b"write"], 1, 1, 1]])
    assert end.value.value.key == "k"
    known = one.request_for(args)
    assert known is not None
    assert known.key == "k"


def test_movable_keys_are_asked_for_with_the_arguments() -> None:
    steps = router().asking_for(("X", "a", "k"))
    next(steps)
    question = steps.send([[b"x", -2, [b"movablekeys"], 0, 0, 0]])
    assert question.args == ("COMMAND", "GETKEYS", "X", "a", "k")
    with pytest.raises(StopIteration) as end:
        steps.send([b"k"])
    assert end.value.value.key == b"k"


def test_a_command_in_which_the_server_finds_no_key_goes_to_any_node() -> None:
    steps = router().asking_for(("X",))
    next(steps)
    steps.send([[b"x", -1, [b"movablekeys"], 0, 0, 0]])
    with pytest.raises(StopIteration) as end:
        steps.send(error_from_reply("ERR The command has no key arguments"))
    assert end.value.value.key is None


def test_the_table_is_taken_from_the_first_node_that_answers() -> None:
    one = router()
    steps = one.refreshing()
    first = next(steps)
    second = steps.send(ConnectionFailedError(first, "refused"))
    assert second != first
    with pytest.raises(StopIteration):
        steps.send(TABLE)
    assert one.slots.primaries() == (B,)


def test_a_table_that_makes_no_sense_is_one_more_failure() -> None:
    one = router()
    steps = one.refreshing()
    next(steps)
    steps.send([5])
    assert one.slots.primaries() == (A, B, C)


def test_all_failures_are_told_when_nobody_is_left() -> None:
    steps = router().refreshing()
    asked = [next(steps)]
    asked += [steps.send(error_from_reply("ERR busy")) for _ in range(3)]
    with pytest.raises(NoNodeReachableError) as caught:
        steps.send(error_from_reply("ERR busy"))
    assert [address for address, _ in caught.value.causes] == asked
    assert set(asked) == {A, B, C, REPLICA}


@pytest.mark.parametrize(
    "refusal", ["ERR This instance has cluster support disabled", "ERR unknown command 'CLUSTER', with args"]
)
def test_a_server_without_cluster_mode_gets_all_slots(refusal: str) -> None:
    one = router()
    steps = one.refreshing()
    asked = next(steps)
    with pytest.raises(StopIteration):
        steps.send(error_from_reply(refusal))
    assert one.slots.primaries() == (asked,)
    assert not one.slots.sharded


def test_a_malformed_answer_about_a_command_is_an_error() -> None:
    steps = router().asking_for(("X",))
    next(steps)
    with pytest.raises(UnexpectedReplyError):
        steps.send(b"OK")
