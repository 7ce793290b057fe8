"""Cutting subscriptions and messages into frames: none too long, and none for every single item."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pycluster.cluster.messages import PublishedMessage, SubscriptionChange

BATCH_BYTES_MAX = 1 << 20
"""Names and payloads in one message, unless it has but one part."""

BATCH_PARTS_MAX = 5_000
PART_BYTES_MAX = 12 << 20
"""A longer name or message does not fit into a frame: it stays on its node."""

P = TypeVar("P", SubscriptionChange, PublishedMessage)


def part_bytes(part: SubscriptionChange | PublishedMessage) -> int:
    """Bytes of a part's names and payload."""
    if isinstance(part, SubscriptionChange):
        return len(part.channel)
    return len(part.channel) + len(part.payload) + sum(map(len, part.patterns))


def batches(parts: Iterable[P]) -> Iterator[tuple[P, ...]]:
    """Parts as they go into messages, in order; of nothing, nothing."""
    batch: list[P] = []
    batch_bytes = 0
    for part in parts:
        size_bytes = part_bytes(part)
        if batch and (batch_bytes + size_bytes > BATCH_BYTES_MAX or len(batch) == BATCH_PARTS_MAX):
            yield tuple(batch)
            batch, batch_bytes = [], 0
        batch.append(part)
        batch_bytes += size_bytes
    if batch:
        yield tuple(batch)
