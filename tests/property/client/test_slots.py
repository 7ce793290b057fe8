from hypothesis import given
from hypothesis import strategies as st
from unit.client.plan import A, B, C

from pycluster.client.address import Address
from pycluster.client.slot_cache import Shard, SlotCache, SlotRange
from pycluster.client.slots import SLOT_COUNT, key_slot

braced = st.lists(st.sampled_from([b"{", b"}", b"a", b"\x00", b"tag"]), max_size=12).map(b"".join)


def slow_key_slot(key: bytes) -> int:
    """The specification read aloud: the tag first, then CRC16-XMODEM bit by bit."""
    if b"{" in key:
        tag, brace, _ = key.split(b"{", 1)[1].partition(b"}")
        if brace and tag:
            key = tag
    crc = 0
    for byte in key:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
    return crc % (1 << 16) % SLOT_COUNT


@given(st.one_of(st.binary(max_size=40), braced))
def test_a_key_has_the_slot_of_the_specification(key: bytes) -> None:
    assert key_slot(key) == slow_key_slot(key)


changes = st.one_of(
    st.tuples(st.just("move"), st.integers(0, SLOT_COUNT - 1), st.sampled_from([A, B, C])),
    st.tuples(st.just("replace"), st.integers(0, SLOT_COUNT - 1), st.sampled_from([A, B, C])),
)


@given(st.lists(changes, max_size=20), st.lists(st.integers(0, SLOT_COUNT - 1), min_size=1, max_size=20))
def test_the_slot_cache_is_a_dict_of_the_last_word_on_each_slot(
    changes: list[tuple[str, int, Address]], asked: list[int]
) -> None:
    cache, twin = SlotCache(), dict[int, Address]()
    for kind, slot, node in changes:
        if kind == "move":
            cache.move(slot, node)
            twin[slot] = node
        else:
            cache.replace([SlotRange(slot, SLOT_COUNT - 1, Shard(node))])
            twin = dict.fromkeys(range(slot, SLOT_COUNT), node)
    for slot in [*asked, *(slot for _, slot, _ in changes)]:
        assert cache.primary(slot) == twin.get(slot)
    assert set(cache.primaries()) >= set(twin.values())
