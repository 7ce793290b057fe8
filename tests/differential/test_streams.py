"""Streams where sequences would need luck: nodes' limits, ids of the server's, what groups have read."""

import itertools

import pytest
from differential.pair import Pair
from differential.wire import Argv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

steadily = settings(
    max_examples=40, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)

# Strings at the edges of a listpack's encodings: their bytes decide where a node ends.
EDGES = [b"%d" % (sign * edge + step) for edge in (0, 128, 4096, 1 << 15, 1 << 23, 1 << 31, 1 << 63)
         for sign in (1, -1) for step in (-1, 0, 1)]  # fmt: skip
LONG = [
    b"x" * length
    for length in (0, 1, 62, 63, 64, 65, 126, 127, 128, 129, 1000, 4094, 4095, 4096, 16378, 16379)
]

ASK: list[Argv] = [(b"XINFO", b"STREAM", b"s", b"FULL", b"COUNT", b"0"), (b"XINFO", b"STREAM", b"s")]


def nodes(entries: int, size: int) -> list[Argv]:
    return [
        (b"CONFIG", b"SET", b"stream-node-max-entries", b"%d" % entries),
        (b"CONFIG", b"SET", b"stream-node-max-bytes", b"%d" % size),
    ]


@pytest.mark.parametrize("size", [0, 1, 50, 127, 128, 300, 1000, 4096])
def test_nodes_end_at_the_same_entries(pair: Pair, size: int) -> None:
    commands = nodes(0, size)
    for position, value in enumerate([*EDGES, *LONG, *EDGES, *LONG]):
        name = LONG[position % 3]
        commands += [(b"XADD", b"s", b"1-%d" % (position + 1), name, value), *ASK[1:]]
    commands += [
        (b"XTRIM", b"s", b"MAXLEN", b"~", b"%d" % length, b"LIMIT", b"0") for length in range(90, 0, -7)
    ]
    pair.check([*commands, *ASK])


@steadily
@given(
    entries=st.integers(0, 5),
    size=st.sampled_from([0, 100, 4096]),
    steps=st.lists(
        st.tuples(st.sampled_from("aaaaaadddtuvw"), st.integers(0, 60)), min_size=20, max_size=120
    ),
)
def test_trimming_leaves_the_same_entries(
    pair: Pair, entries: int, size: int, steps: list[tuple[str, int]]
) -> None:
    commands = nodes(entries, size)
    for position, (step, number) in enumerate(steps):
        commands.append(
            {
                "a": (b"XADD", b"s", b"%d-1" % (position + 1), b"field", b"%d" % number),
                "d": (b"XDEL", b"s", b"%d-1" % number, b"%d-1" % (number + 1)),
                "t": (b"XTRIM", b"s", b"MAXLEN", b"=", b"%d" % number),
                "u": (b"XTRIM", b"s", b"MAXLEN", b"~", b"%d" % number, b"LIMIT", b"%d" % (number // 2)),
                "v": (b"XTRIM", b"s", b"MINID", b"%d" % number),
                "w": (b"XTRIM", b"s", b"MINID", b"~", b"%d" % number),
            }[step]
        )
        commands += ASK if position % 8 == 0 else ASK[1:]
    pair.check([*commands, *ASK])


@steadily
@given(
    ids=st.sets(
        st.tuples(
            st.one_of(st.integers(1, 300), st.integers(1, (1 << 64) - 1)),
            st.one_of(st.integers(0, 300), st.integers(0, (1 << 64) - 1)),
        ),
        max_size=60,
    ),
    removed=st.sets(st.integers(0, 59)),
)
def test_the_radix_tree_has_as_many_nodes(pair: Pair, ids: set[tuple[int, int]], removed: set[int]) -> None:
    names = [b"%d-%d" % one for one in sorted(ids)]
    commands = nodes(1, 0)
    commands += [(b"XADD", b"s", name, b"f", b"v") for name in names]
    commands += [
        ASK[1],
        *((b"XDEL", b"s", name) for position, name in enumerate(names) if position in removed),
    ]
    pair.check([*commands, *ASK])


def test_ids_that_the_server_makes_up(pair: Pair) -> None:
    top = b"18446744073709551615"
    commands: list[Argv] = []
    for last in (b"9000000000000-5", b"9000000000000-" + top, top + b"-5", top + b"-" + top, b"0-1", b"0-5"):
        for asked in (b"*", b"9000000000000-*", b"9000000000001-*", b"0-*", top + b"-*", b"9000000000000"):
            # From ids in the past the next one is the time, and not the same on both servers.
            if asked != b"*" or not last.startswith(b"0"):
                commands += [
                    (b"DEL", b"s"),
                    (b"XADD", b"s", last, b"a", b"b"),
                    (b"XADD", b"s", asked, b"a", b"b"),
                    (b"XADD", b"s", asked, b"a", b"b"),
                    *ASK,
                ]
        commands += [
            (b"XADD", b"none", b"0-*", b"a", b"b"),
            (b"XADD", b"none", b"0-*", b"a", b"b"),
            (b"DEL", b"none"),
        ]
    for wrong in (b"0-0", b"0", b"00", b"-0", b"0-00", b"-", b"+", b"*-1", b"1-**", b"**", b"$", b">"):
        commands += [
            (b"XADD", b"none", wrong, b"a", b"b"),
            (b"XADD", b"none", b"NOMKSTREAM", wrong, b"a", b"b"),
            (b"EXISTS", b"none"),
        ]
    pair.check(commands)


def test_ranges_between_all_edges(pair: Pair) -> None:
    fill: list[Argv] = [
        (b"XADD", b"s", b"%d-%d" % (ms, seq), b"f", b"v") for ms in (0, 1, 2) for seq in (1, 2)
    ]
    edges = [
        b"-",
        b"+",
        b"0",
        b"1",
        b"3",
        b"1-1",
        b"(1-1",
        b"(1",
        b"(2-2",
        b"(0-0",
        b"1-18446744073709551615",
        b"(-",
        b"(",
    ]
    commands = fill + nodes(2, 0)
    for start, end in itertools.product(edges, edges):
        commands += [(b"XRANGE", b"s", start, end), (b"XREVRANGE", b"s", start, end, b"COUNT", b"2")]
    for resp in (2, 3):
        pair.check(commands, resp=resp)


GROUP_STEPS = [
    "XADD s {id} f v",
    "XADD s {id} f v",
    "XREADGROUP GROUP g a COUNT 1 STREAMS s >",
    "XREADGROUP GROUP g b COUNT 2 STREAMS s >",
    "XREADGROUP GROUP g b NOACK COUNT 1 STREAMS s >",
    "XDEL s {past}",
    "XDEL s {past}",
    "XTRIM s MAXLEN 3",
    "XTRIM s MINID {past}",
    "XGROUP SETID s g {past}",
    "XGROUP SETID s g {past} ENTRIESREAD 2",
    "XGROUP SETID s g $",
    "XGROUP SETID s g {future}",
    "XGROUP DESTROY s g",
    "XGROUP CREATE s g 0",
    "XGROUP CREATE s g $ ENTRIESREAD 3",
    "XSETID s {id}",
    "XSETID s {id} ENTRIESADDED 20 MAXDELETEDID {past}",
    "XACK s g {past}",
    "XCLAIM s g a 0 {past} LASTID {past}",
    "XCLAIM s g b 0 {past} FORCE",
    "XAUTOCLAIM s g b 0 {past} COUNT 1",
    "XAUTOCLAIM s g a 100000 0",
]


@steadily
@given(
    steps=st.lists(
        st.tuples(st.integers(0, len(GROUP_STEPS) - 1), st.integers(1, 60)), min_size=10, max_size=70
    )
)
def test_groups_keep_the_same_count_of_what_they_have_read(pair: Pair, steps: list[tuple[int, int]]) -> None:
    commands: list[Argv] = [(b"XGROUP", b"CREATE", b"s", b"g", b"0", b"MKSTREAM")]
    for position, (step, number) in enumerate(steps):
        names = {
            "id": f"{position + 1}-1",
            "past": f"{min(number, position)}-1",
            "future": f"{position + 9}-0",
        }
        words = GROUP_STEPS[step].format(**names).split()
        commands += [
            tuple(word.encode() for word in words),
            (b"XINFO", b"GROUPS", b"s"),
            (b"XPENDING", b"s", b"g", b"-", b"+", b"100"),
        ]
    pair.check([*commands, *ASK])
