"""HyperLogLogs of all sizes hold the same bytes and count the same."""

import itertools
import random

import pytest
from differential.pair import Pair
from differential.stories import check_story
from differential.wire import Argv


@pytest.mark.parametrize("limit", [0, 17, 18, 19, 21, 100, 3000, 16000])
@pytest.mark.parametrize("size", [1, 7, 100, 2000])
def test_growing_takes_the_same_steps(pair: Pair, limit: int, size: int) -> None:
    commands: list[Argv] = [(b"CONFIG", b"SET", b"hll-sparse-max-bytes", b"%d" % limit)]
    numbers = iter(range(100_000))
    for step in range(30):
        added = [b"%d" % number for number in itertools.islice(numbers, size)]
        commands += [(b"PFADD", b"k", *added), (b"STRLEN", b"k"), (b"PFADD", b"other", *added[: step + 1])]
        if step % 3 == 0:
            commands += [(b"PFCOUNT", b"k"), (b"PFCOUNT", b"k", b"other"), (b"GET", b"k")]
        if step % 10 == 0:
            commands += [(b"PFMERGE", b"merged%d" % step, b"other", b"k"), (b"GET", b"merged%d" % step)]
    pair.check(commands)


def test_elements_of_every_length_fall_into_the_same_registers(pair: Pair) -> None:
    rng = random.Random(1)
    commands: list[Argv] = []
    for length in [*range(40), 100, 1000, 4096, 70_000]:
        commands += [(b"PFADD", b"k%d" % length, rng.randbytes(length), b"\x00" * length, b"\xff" * length)]
    pair.check(commands)


def test_merging_sparse_and_dense_in_every_order(pair: Pair) -> None:
    sizes = (0, 1, 30, 500, 5000)
    fill: list[Argv] = [
        (b"PFADD", b"s%d" % size, *(b"%d" % (number * (size + 1)) for number in range(size)))
        for size in sizes
    ]
    commands = fill
    for one, other in itertools.product(sizes, sizes):
        target = b"t%d:%d" % (one, other)
        commands += [
            (b"PFADD", target, b"x"),
            (b"PFMERGE", target, b"s%d" % one, b"s%d" % other),
            (b"PFCOUNT", target),
            (b"PFCOUNT", b"s%d" % one, b"s%d" % other, b"missing"),
        ]
    commands += [(b"PFMERGE", b"s500"), (b"PFMERGE", b"new"), (b"PFMERGE", b"s1", b"s1")]
    pair.check(commands)


@pytest.mark.parametrize("change", [
    "PFADD k a",
    "PFADD k new",
    "PFADD k",
    "PFADD missing",
    "PFCOUNT k",
    "PFCOUNT k missing",
    "PFMERGE k",
    "PFMERGE missing k",
])  # fmt: skip
@pytest.mark.parametrize("counted", [False, True], ids=["stale", "counted"])
def test_the_same_changes_make_exec_fail(pair: Pair, change: str, counted: bool) -> None:
    count = ["a: PFCOUNT k"] if counted else []
    check_story(
        pair,
        ["a: PFADD k a b c", *count, "a: WATCH k missing", f"b: {change}", "a: MULTI", "a: PING", "a: EXEC"],
    )
