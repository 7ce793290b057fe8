from typing import get_args

import pytest

from pycluster.bench.collection_runners import _batches, _member_bytes, _removals, _writes
from pycluster.bench.wire import encode
from pycluster.bench.work_kinds import Structure

STRUCTURES: tuple[Structure, ...] = get_args(Structure)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_writes_make_as_many_distinct_members_as_they_say_of_the_size_they_say(structure: Structure) -> None:
    words = [word for _, _, *rest in _writes(structure, "k", 1_234) for word in rest]
    members = words[1::2] if structure == "sorted-set" else words[::2] if structure == "hash" else words
    assert len(set(members)) == len(members) == 1_234
    if structure == "hash":
        assert {len(field) + len(value) for field, value in zip(words[::2], words[1::2], strict=True)} == {
            _member_bytes(structure)
        }
    else:
        assert {len(member) for member in members} == {16}


@pytest.mark.parametrize("structure", ["hash", "set", "sorted-set"])
def test_removals_name_members_that_were_written(structure: Structure) -> None:
    written = {word for command in _writes(structure, "k", 500) for word in command[2:]}
    removed = [word for command in _removals(structure, "k", 200) for word in command[2:]]
    assert len(set(removed)) == 200
    assert written.issuperset(removed)


def test_items_of_a_list_are_removed_by_number() -> None:
    assert sum(int(command[2]) for command in _removals("list", "k", 200)) == 200


def test_batches_hold_every_command_once() -> None:
    commands = [("SET", str(index), "v") for index in range(45)]
    batches = list(_batches(iter(commands)))
    assert b"".join(batch for batch, _ in batches) == b"".join(map(encode, commands))
    assert [count for _, count in batches] == [20, 20, 5]


def test_a_command_is_encoded_as_an_array_of_bulk_strings() -> None:
    assert encode(("SET", "k", "vv")) == b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nvv\r\n"
