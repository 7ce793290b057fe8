"""With memory for equally many keys, eviction keeps those that are asked for about as well as Valkey's."""

import bisect
import itertools
import random
from collections.abc import Iterator

import pytest
from differential.pair import Pair
from differential.server import Server
from differential.wire import Wire

KEYS_COUNT = 10_000
KEPT_COUNT = 2_000
REQUESTS_COUNT = 60_000
BATCH = 100
VALUE = b"v" * 100
MARGIN = 0.02
"""How much smaller our share of hits may be: the choice of victims is random on both sides."""


def _trace(seed: int) -> list[bytes]:
    """Keys asked for one after the other: the rank's inverse to the power of 0.9 is a key's share."""
    rng = random.Random(seed)
    sums = list(itertools.accumulate(1 / rank**0.9 for rank in range(1, KEYS_COUNT + 1)))
    return [b"key:%d" % bisect.bisect_left(sums, rng.random() * sums[-1]) for _ in range(REQUESTS_COUNT)]


def _used_bytes(wire: Wire) -> int:
    for line in wire.call(b"INFO", b"memory").text.splitlines():
        if line.startswith(b"used_memory:"):
            return int(line.split(b":")[1])
    raise AssertionError("INFO memory has no used_memory")


def _store(wire: Wire, keys: list[bytes]) -> None:
    for start in range(0, len(keys), BATCH):
        wire.exchange([(b"SET", key, VALUE) for key in keys[start : start + BATCH]])


@pytest.fixture
def limited(pair: Pair) -> Iterator[Pair]:
    """Both servers emptied, with memory for ``KEPT_COUNT`` keys; without a limit again afterwards."""
    pair.reset()
    for server in pair.servers:
        with server.connect() as wire:
            before = _used_bytes(wire)
            _store(wire, [b"key:%d" % index for index in range(KEPT_COUNT)])
            wire.call(b"CONFIG", b"SET", b"maxmemory", b"%d" % _used_bytes(wire))
            assert _used_bytes(wire) > before
            wire.call(b"FLUSHALL", b"SYNC")
    yield pair
    # SYNC: what is still to be freed would count as in use when the next limit is measured.
    settings = (b"maxmemory", b"0", b"maxmemory-policy", b"noeviction")
    for server in pair.servers:
        with server.connect() as wire:
            wire.exchange([(b"FLUSHALL", b"SYNC"), (b"CONFIG", b"SET", *settings)])


def _hit_share(server: Server, policy: bytes, trace: list[bytes]) -> float:
    """Share of requests that find their key; one that is missed is stored, as a cache does."""
    hits = 0
    with server.connect() as wire:
        wire.call(b"CONFIG", b"SET", b"maxmemory-policy", policy)
        for start in range(0, len(trace), BATCH):
            batch = trace[start : start + BATCH]
            replies = wire.exchange([(b"GET", key) for key in batch])
            missed = [key for key, reply in zip(batch, replies, strict=True) if reply.is_null]
            hits += len(batch) - len(missed)
            wire.exchange([(b"SET", key, VALUE) for key in missed])
    return hits / len(trace)


@pytest.mark.parametrize("policy", [b"allkeys-lru", b"allkeys-lfu", b"allkeys-random"])
def test_share_of_hits_is_about_valkeys(limited: Pair, policy: bytes) -> None:
    trace = _trace(seed=1)
    ours, theirs = (_hit_share(server, policy, trace) for server in limited.servers)
    assert ours > theirs - MARGIN, f"{ours:.3f} of requests hit here, {theirs:.3f} with Valkey"
