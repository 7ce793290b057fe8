"""Hash slots: keys, ranges and the even split."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycluster.cluster.slots import SLOT_COUNT, SlotRange, are_normal, compress, key_slot, split_evenly


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        (b"", 0),
        (b"123456789", 0x31C3),
        (b"foo", 12182),
        (b"{user1000}.following", 3443),
        (b"{user1000}.followers", 3443),
        (b"foo{bar}{zap}", 5061),
    ],
)
def test_key_slot_agrees_with_the_cluster_specification(key: bytes, slot: int) -> None:
    assert key_slot(key) == slot


def test_an_empty_hash_tag_hashes_the_whole_key() -> None:
    assert key_slot(b"foo{}{bar}") == 8363
    assert key_slot(b"{}a") != key_slot(b"{}b")


def test_the_tag_ends_at_the_first_closing_brace() -> None:
    assert key_slot(b"foo{{bar}}zap") == key_slot(b"{bar")


@given(tag=st.binary(min_size=1).filter(lambda tag: b"}" not in tag), before=st.binary(), after=st.binary())
def test_keys_of_one_tag_share_a_slot(tag: bytes, before: bytes, after: bytes) -> None:
    before = before.replace(b"{", b"")
    assert key_slot(before + b"{" + tag + b"}" + after) == key_slot(tag) or b"{" in tag
    assert 0 <= key_slot(before + after) < SLOT_COUNT


@given(st.sets(st.integers(0, SLOT_COUNT - 1), max_size=200))
def test_compressed_ranges_hold_exactly_the_slots(slots: set[int]) -> None:
    ranges = compress(slots)
    assert {slot for run in ranges for slot in run} == slots
    assert are_normal(ranges)


def test_touching_or_overlapping_ranges_are_not_normal() -> None:
    assert not are_normal((SlotRange(0, 1), SlotRange(2, 3)))
    assert not are_normal((SlotRange(0, 5), SlotRange(5, 9)))
    assert not are_normal((SlotRange(8, 9), SlotRange(0, 1)))


@pytest.mark.parametrize(("start", "end"), [(-1, 0), (0, SLOT_COUNT), (5, 4)])
def test_a_range_outside_the_slots_or_backwards_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=r"start|end|before"):
        SlotRange(start, end)


def test_three_primaries_get_the_ranges_redis_cli_gives_them() -> None:
    assert [str(run) for run in split_evenly(3)] == ["0-5460", "5461-10922", "10923-16383"]
    assert [str(run) for run in split_evenly(5)] == [
        "0-3276",
        "3277-6553",
        "6554-9829",
        "9830-13106",
        "13107-16383",
    ]


@given(st.integers(1, SLOT_COUNT))
def test_a_split_covers_every_slot_once_and_evenly(primary_count: int) -> None:
    ranges = split_evenly(primary_count)
    assert len(ranges) == primary_count
    assert ranges[0].start == 0
    assert ranges[-1].end == SLOT_COUNT - 1
    assert all(left.end + 1 == right.start for left, right in pairwise(ranges))
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1


@pytest.mark.parametrize("primary_count", [0, -1, SLOT_COUNT + 1])
def test_slots_are_not_split_over_no_or_too_many_primaries(primary_count: int) -> None:
    with pytest.raises(ValueError, match="primaries"):
        split_evenly(primary_count)
