"""Hashes where sequences would need luck: encodings at every limit, order, expiring fields, large hashes."""

import os

import pytest
from differential.commands_hash import COMMANDS, FIELDS
from differential.pair import Pair
from differential.values import FLOATS, INTEGERS, NOT_FLOATS, NOT_INTEGERS
from differential.wire import Argv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

examples = os.environ.get("PYCLUSTER_DIFFERENTIAL_EXAMPLES")
thoroughly = settings(
    max_examples=int(examples or 40),
    derandomize=examples is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

CHANGES = [
    *["HSET", "HSET", "HMSET", "HSETNX", "HDEL", "HINCRBY", "HINCRBYFLOAT", "HSETEX", "HSETEX", "HGETEX"],
    *["HGETDEL", "HEXPIRE", "HPEXPIREAT", "HPERSIST"],
]
# All on one or two keys, so that a hash lives through many changes.
changes = st.one_of([COMMANDS[name] for name in CHANGES]).map(
    lambda argv: (argv[0], b"a" if argv[1] != b"b" else b"b", *argv[2:])
)


@pytest.mark.parametrize(("entries", "value"), [(b"512", b"64"), (b"3", b"64"), (b"0", b"0"), (b"8", b"5kb")])
def test_a_hash_is_encoded_the_same_after_every_change(pair: Pair, entries: bytes, value: bytes) -> None:
    @thoroughly
    @given(commands=st.lists(changes, min_size=1, max_size=40), resp=st.sampled_from([2, 3]))
    def check(commands: list[Argv], resp: int) -> None:
        sequence: list[Argv] = [
            (b"CONFIG", b"SET", b"hash-max-listpack-entries", entries),
            (b"CONFIG", b"SET", b"hash-max-listpack-value", value),
        ]
        for argv in commands:
            sequence += [argv, (b"OBJECT", b"ENCODING", argv[1]), (b"HLEN", argv[1]), (b"HGETALL", argv[1])]
        sequence += [
            (b"COPY", b"a", b"b", b"REPLACE"),
            (b"RENAME", b"b", b"c"),
            (b"OBJECT", b"ENCODING", b"c"),
            (b"HGETALL", b"c"),
            (b"CONFIG", b"SET", b"hash-max-listpack-entries", b"512"),
            (b"CONFIG", b"SET", b"hash-max-listpack-value", b"64"),
        ]
        pair.check(sequence, resp=resp)

    check()


@thoroughly
@given(
    commands=st.lists(
        st.one_of(
            st.tuples(st.just(b"HSET"), st.sampled_from(FIELDS[:10]), st.sampled_from(FIELDS[:10])),
            st.tuples(st.just(b"HDEL"), st.sampled_from(FIELDS[:10])),
        ),
        max_size=40,
    )
)
def test_a_listpack_lists_its_fields_in_the_same_order(pair: Pair, commands: list[Argv]) -> None:
    pair.reset()
    sequence = [(argv[0], b"h", *argv[1:]) for argv in commands]
    questions: list[Argv] = [(b"HGETALL", b"h"), (b"HKEYS", b"h"), (b"HVALS", b"h"), (b"HSCAN", b"h", b"0")]
    answers = []
    for server in pair.servers:
        with server.connect() as wire:
            answers.append(wire.exchange([*sequence, *questions]))
    assert answers[0] == answers[1]


def test_hincrby_and_hincrbyfloat_read_numbers_the_same(pair: Pair) -> None:
    numbers = [*INTEGERS, *NOT_INTEGERS, *FLOATS, *NOT_FLOATS]
    commands: list[Argv] = []
    for number in numbers:
        for name in (b"HINCRBY", b"HINCRBYFLOAT"):
            for increment in (b"1", b"-1", b"0.5", number):
                commands += [
                    (b"HSET", b"h", b"f", number),
                    (name, b"h", b"f", increment),
                    (b"HGET", b"h", b"f"),
                ]
    pair.check(commands)


def test_conditions_on_deadlines_of_fields(pair: Pair) -> None:
    conditions: list[Argv] = [(), (b"NX",), (b"XX",), (b"GT",), (b"LT",), (b"XX", b"GT"), (b"XX", b"LT")]
    conditions += [(b"NX", b"GT"), (b"GT", b"LT"), (b"nx", b"NX")]
    times = [b"4102444800000", b"5000000000000", b"1", b"0", b"-1"]
    commands: list[Argv] = []
    for condition in conditions:
        for present in (None, *times[:2]):
            for new in times:
                commands += [(b"DEL", b"h"), (b"HSET", b"h", b"f", b"v", b"g", b"w")]
                if present is not None:
                    commands.append((b"HPEXPIREAT", b"h", present, b"FIELDS", b"1", b"f"))
                commands += [
                    (b"HPEXPIREAT", b"h", new, *condition, b"FIELDS", b"3", b"f", b"none", b"f"),
                    (b"HPEXPIRETIME", b"h", b"FIELDS", b"2", b"f", b"g"),
                    (b"HGETALL", b"h"),
                    (b"OBJECT", b"ENCODING", b"h"),
                ]
    pair.check(commands)


@pytest.mark.parametrize("resp", [2, 3])
def test_a_large_hash_answers_the_same(pair: Pair, resp: int) -> None:
    fill: list[Argv] = [
        (
            b"HSET",
            b"h",
            *(word for number in range(start, start + 100) for word in (b"f%d" % number, b"%d" % number)),
        )
        for start in range(0, 3_000, 50)
    ]
    some_fields = [b"f%d" % number for number in range(0, 4_000, 7)]
    pair.check(
        [
            *fill,
            (b"HLEN", b"h"),
            (b"HMGET", b"h", *some_fields),
            (b"HSCAN", b"h", b"0"),
            (b"HSCAN", b"h", b"0", b"COUNT", b"1000", b"MATCH", b"*7*"),
            (b"HSCAN", b"h", b"0", b"NOVALUES", b"COUNT", b"33"),
            (b"HRANDFIELD", b"h", b"10", b"WITHVALUES"),
            (b"HRANDFIELD", b"h", b"2999", b"WITHVALUES"),
            (b"HRANDFIELD", b"h", b"-10", b"WITHVALUES"),
            (b"HRANDFIELD", b"h", b"5000"),
            (b"HEXPIREAT", b"h", b"4102444800", b"FIELDS", b"%d" % len(some_fields), *some_fields),
            (b"HEXPIREAT", b"h", b"1", b"FIELDS", b"%d" % len(some_fields[::2]), *some_fields[::2]),
            (b"HGETALL", b"h"),
            (b"HDEL", b"h", *some_fields),
            (b"HLEN", b"h"),
            (b"COPY", b"h", b"i"),
            (b"DEL", b"h"),
        ],
        resp=resp,
    )
