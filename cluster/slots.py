"""Hash slots: which slot a key belongs to, ranges of slots, and their even split over primaries."""

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

import attrs
import crcmod.predefined  # type: ignore[import-untyped]
from attrs.validators import and_, ge, instance_of, lt

SLOT_COUNT = 16_384

_crc16_xmodem = crcmod.predefined.mkCrcFun("xmodem")


def key_slot(key: bytes) -> int:
    """Map a key to its hash slot, hashing only the hash tag when the key has one.

    Args:
        key: The raw key, possibly empty; bytes, never decoded.
    Returns:
        Slot index, ``0 <= slot < 16384``; equal for all keys that share a non-empty hash tag.
    Source: Redis cluster specification, "Key distribution model" and "Hash tags".
    """
    opening = key.find(b"{")
    if opening >= 0:
        closing = key.find(b"}", opening + 1)
        # An empty tag hashes the whole key, so keys that merely contain "{}" still spread over the slots.
        if closing > opening + 1:
            key = key[opening + 1 : closing]
    return int(_crc16_xmodem(key)) % SLOT_COUNT


@attrs.frozen(order=True)
class SlotRange:
    """Slots ``start`` to ``end``, both included, as ``CLUSTER SLOTS`` reports them."""

    start: int = attrs.field(validator=and_(instance_of(int), ge(0), lt(SLOT_COUNT)))
    end: int = attrs.field(validator=and_(instance_of(int), ge(0), lt(SLOT_COUNT)))

    def __attrs_post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"slot range ends at {self.end}, before its start {self.start}")

    def __len__(self) -> int:
        return self.end - self.start + 1

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.end + 1))

    def __contains__(self, slot: object) -> bool:
        return isinstance(slot, int) and self.start <= slot <= self.end

    def __str__(self) -> str:
        """As the lines of ``CLUSTER NODES`` write it: ``0-5460``, or ``7`` for one slot alone."""
        return str(self.start) if self.start == self.end else f"{self.start}-{self.end}"


def compress(slots: Iterable[int]) -> tuple[SlotRange, ...]:
    """The fewest ranges that hold exactly these slots, in ascending order; repeats count once."""
    ranges: list[SlotRange] = []
    start = previous = -1
    for slot in sorted(set(slots)):
        if slot != previous + 1 or start < 0:
            if start >= 0:
                ranges.append(SlotRange(start, previous))
            start = slot
        previous = slot
    if start >= 0:
        ranges.append(SlotRange(start, previous))
    return tuple(ranges)


def are_normal(ranges: tuple[SlotRange, ...]) -> bool:
    """Whether the ranges ascend, do not overlap and do not touch, as :func:`compress` makes them."""
    return all(left.end + 1 < right.start for left, right in pairwise(ranges))


def split_evenly(primary_count: int) -> tuple[SlotRange, ...]:
    """All slots, one range a primary, sizes equal within one: as ``redis-cli --cluster create`` deals.

    Raises:
        ValueError: ``primary_count`` is not between 1 and 16384.
    """
    if not 1 <= primary_count <= SLOT_COUNT:
        raise ValueError(f"{SLOT_COUNT} slots cannot be dealt to {primary_count} primaries")
    share = SLOT_COUNT / primary_count
    # Halves are rounded up, where Python's round() would go to the even neighbour.
    ends = [math.floor(share * (index + 1) - 1 + 0.5) for index in range(primary_count)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    return tuple(SlotRange(start, end) for start, end in zip(starts, ends, strict=True))
