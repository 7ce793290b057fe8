import random
from typing import Any

import pytest

from pycluster.client.address import Address
from pycluster.client.options import ReadFrom
from pycluster.client.slot_cache import (
    REFRESH_INTERVAL_FAILING_MS_MAX,
    REFRESH_INTERVAL_MS,
    REFRESH_KNOWN_MAX,
    RefreshPolicy,
    SlotCache,
    parse_cluster_slots,
)

A, B, C, D = (Address("10.0.0.1", port) for port in (1, 2, 3, 4))
REPLY = [
    [0, 8_191, [b"10.0.0.1", 1, b"id-a", []], [b"10.0.0.1", 3, b"id-c", []]],
    [8_192, 16_383, [b"10.0.0.1", 2, b"id-b", []]],
]


def loaded(reply: Any = REPLY) -> SlotCache:
    cache = SlotCache()
    cache.replace(parse_cluster_slots(reply, asked=A))
    return cache


def test_ranges_become_slots() -> None:
    cache = loaded()
    assert [cache.primary(slot) for slot in (0, 8_191, 8_192, 16_383)] == [A, A, B, B]
    assert (cache.primaries(), cache.replicas()) == ((A, B), (C,))


@pytest.mark.parametrize("host", [None, b"", b"?"])
def test_a_node_that_does_not_know_its_host_is_where_we_asked(host: bytes | None) -> None:
    cache = loaded([[0, 16_383, [host, 7, b"id"]]])
    assert cache.primary(5) == ("10.0.0.1", 7)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        5,
        [5],
        [[0, 1]],
        [[0, 16_384, [b"h", 1]]],
        [[-1, 5, [b"h", 1]]],
        [[0, 1, [b"\xff", 1]]],
        [[0, 1, [5, 1]]],
    ],
)
def test_a_malformed_table_is_refused(reply: Any) -> None:
    with pytest.raises(ValueError, match="CLUSTER SLOTS"):
        parse_cluster_slots(reply, asked=A)


def test_a_slot_that_nobody_serves_has_no_node() -> None:
    cache = loaded([[0, 5, [b"h", 1]]])
    assert cache.primary(6) is None
    assert cache.reader(6, ReadFrom.ANY, random.Random(1)) is None


def test_moved_changes_one_slot_and_learns_a_new_node() -> None:
    cache = loaded()
    cache.move(100, B)
    cache.move(101, D)
    assert [cache.primary(slot) for slot in (99, 100, 101, 102)] == [A, B, D, A]
    assert cache.primaries() == (A, B, D)


def test_a_new_table_replaces_what_moved_said() -> None:
    cache = loaded()
    cache.move(100, D)
    cache.replace(parse_cluster_slots(REPLY, asked=A))
    assert cache.primary(100) == A
    assert cache.primaries() == (A, B)


def test_a_server_alone_has_all_slots() -> None:
    cache = SlotCache()
    assert (cache.loaded, cache.sharded) == (False, True)
    cache.replace_with_single(D)
    assert (cache.loaded, cache.sharded) == (True, False)
    assert {cache.primary(slot) for slot in range(16_384)} == {D}


def test_reads_go_where_the_setting_says() -> None:
    cache, rng = loaded(), random.Random(1)
    assert {cache.reader(0, ReadFrom.PRIMARY, rng) for _ in range(20)} == {A}
    assert {cache.reader(0, ReadFrom.REPLICA, rng) for _ in range(20)} == {C}
    assert {cache.reader(0, ReadFrom.ANY, rng) for _ in range(50)} == {A, C}
    assert cache.reader(9_000, ReadFrom.REPLICA, rng) == B  # no replica there


def test_no_refresh_is_due_before_one_is_asked_for() -> None:
    assert not RefreshPolicy().due(10**9)


def test_a_crowd_of_redirects_causes_one_refresh_per_interval() -> None:
    policy = RefreshPolicy()
    policy.request()
    assert policy.due(0)
    policy.finish(succeeded=True, now_ms=0)
    assert not policy.due(REFRESH_INTERVAL_MS)
    policy.request()
    assert not policy.due(REFRESH_INTERVAL_MS - 1)
    assert policy.due(REFRESH_INTERVAL_MS)


def test_a_failed_refresh_stays_wanted_and_is_tried_less_and_less_often() -> None:
    policy, now_ms, pauses = RefreshPolicy(), 0, []
    policy.request()
    for _ in range(7):
        policy.finish(succeeded=False, now_ms=now_ms)
        pause_ms = next(ms for ms in range(1, 10_000) if policy.due(now_ms + ms))
        pauses.append(pause_ms)
        now_ms += pause_ms
    assert pauses == [400, 800, 1_600, 3_200, 3_200, 3_200, 3_200]
    assert pauses[-1] == REFRESH_INTERVAL_FAILING_MS_MAX
    policy.finish(succeeded=True, now_ms=now_ms)
    policy.request()
    assert policy.due(now_ms + REFRESH_INTERVAL_MS)


def test_the_node_a_redirect_named_is_asked_first_and_the_seeds_last() -> None:
    policy = RefreshPolicy()
    policy.request(preferred=D)
    policy.request()
    order = policy.candidates([A, B], [C, A], random.Random(1))
    assert order[0] == D
    assert set(order[1:3]) == {A, B}
    assert order[3:] == [C]
    assert D not in policy.candidates([A], [], random.Random(1))


def test_of_many_nodes_only_a_few_are_asked() -> None:
    many = [Address("h", port) for port in range(1, 1_000)]
    assert len(RefreshPolicy().candidates(many, [], random.Random(1))) == REFRESH_KNOWN_MAX
