"""String commands where sequences would need luck: every length, float, subsequence and pattern."""

import itertools
import random

import pytest
from differential.pair import Pair
from differential.values import FLOATS, GLOBS, INTEGERS, KEYS, NOT_FLOATS, NOT_INTEGERS, globs
from differential.wire import Argv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

steadily = settings(
    max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)

LENGTHS = [*range(70), 127, 128, 129, 255, 256, 4095, 4096, 4097, 65535, 65536]


def test_object_encoding_at_every_length_and_after_every_kind_of_change(pair: Pair) -> None:
    commands: list[Argv] = []
    for length, change in itertools.product(LENGTHS, range(7)):
        value = b"x" * length
        changes: list[list[Argv]] = [
            [(b"SET", b"k", value)],
            [(b"SET", b"k", value), (b"APPEND", b"k", b"y")],
            [(b"APPEND", b"k", value)],
            [(b"SETRANGE", b"k", b"0", value)],
            [(b"SET", b"k", value), (b"COPY", b"k", b"l")],
            [(b"SET", b"k", value), (b"SETRANGE", b"k", b"0", b"z")],
            [(b"MSET", b"k", value, b"l", value)],
        ]
        commands += [
            *changes[change],
            (b"OBJECT", b"ENCODING", b"k"),
            (b"OBJECT", b"ENCODING", b"l"),
            (b"STRLEN", b"k"),
            (b"DEL", b"k", b"l"),
        ]
    pair.check(commands)


@pytest.mark.parametrize("text", [*INTEGERS, *NOT_INTEGERS, *FLOATS])
def test_object_encoding_and_arithmetic_on_what_looks_like_a_number(pair: Pair, text: bytes) -> None:
    commands: list[Argv] = []
    for key in (b"", b"k" * 60):
        for change in (
            (b"INCR", key),
            (b"DECR", key),
            (b"INCRBY", key, text),
            (b"DECRBY", key, text),
            (b"APPEND", key, b"0"),
        ):
            commands += [
                (b"SET", key, text),
                (b"OBJECT", b"ENCODING", key),
                change,
                (b"OBJECT", b"ENCODING", key),
                (b"GET", key),
            ]
        commands += [
            (b"SET", key, text, b"GET"),
            (b"SET", key, b"0", b"IFEQ", text),
            (b"OBJECT", b"REFCOUNT", key),
        ]
    pair.check(commands)


def test_incrbyfloat_adds_and_prints_like_an_extended_double(pair: Pair) -> None:
    numbers = [*FLOATS, *NOT_FLOATS, *INTEGERS]
    commands: list[Argv] = []
    for value, increment in itertools.product(numbers, numbers):
        commands += [(b"SET", b"k", value), (b"INCRBYFLOAT", b"k", increment), (b"OBJECT", b"ENCODING", b"k")]
    pair.check(commands)


@steadily
@given(
    numbers=st.lists(
        st.one_of(
            st.decimals(-(10**9), 10**9, places=6).map(str),
            st.floats(allow_nan=False, allow_infinity=False).map(repr),
            st.floats(-1e6, 1e6).map(repr),
            st.builds("{}e{}".format, st.integers(-(10**19), 10**19), st.integers(-40, 40)),
        ).map(str.encode),
        min_size=50,
        max_size=100,
    )
)
def test_incrbyfloat_on_generated_numbers(pair: Pair, numbers: list[bytes]) -> None:
    commands: list[Argv] = []
    for value, increment in itertools.pairwise(numbers):
        commands += [
            (b"INCRBYFLOAT", b"sum", increment),
            (b"SET", b"k", value),
            (b"INCRBYFLOAT", b"k", increment),
        ]
    pair.check(commands)


@steadily
@given(
    texts=st.lists(st.text("abc", max_size=12).map(str.encode), min_size=2, max_size=12),
    least=st.integers(-1, 5).map(lambda number: b"%d" % number),
)
def test_lcs_finds_the_same_subsequence_and_ranges(pair: Pair, texts: list[bytes], least: bytes) -> None:
    commands: list[Argv] = []
    for one, other in itertools.pairwise(texts):
        commands += [
            (b"MSET", b"k", one, b"l", other),
            (b"LCS", b"k", b"l"),
            (b"LCS", b"k", b"l", b"LEN"),
            (b"LCS", b"k", b"l", b"IDX", b"MINMATCHLEN", least),
            (b"LCS", b"k", b"l", b"IDX", b"WITHMATCHLEN"),
        ]
    for resp in (2, 3):
        pair.check(commands, resp=resp)


@steadily
@given(patterns=st.lists(globs, min_size=50, max_size=100))
def test_glob_patterns_match_the_same_keys(pair: Pair, patterns: list[bytes]) -> None:
    letters = [bytes(word) for size in (1, 2, 3) for word in itertools.product(b"abc", repeat=size)]
    specials = [
        b"*",
        b"?",
        b"[",
        b"]",
        b"^",
        b"-",
        b"\\",
        b"[a]",
        b"a*",
        b"\\a",
        b"a-c",
        b"{a}",
        b"A",
        b"\xff",
        b"\n",
    ]
    names = [*KEYS, *letters, *specials]
    fill: list[Argv] = [(b"MSET", *(word for name in names for word in (name, b"")))]
    pair.check(fill + [(b"KEYS", pattern) for pattern in (*GLOBS, *patterns)])


def test_a_glob_pattern_of_many_stars_takes_no_time(pair: Pair) -> None:
    pair.check(
        [
            (b"SET", b"a" * 300, b""),
            (b"KEYS", b"a*" * 150 + b"b"),
            (b"KEYS", b"*a" * 100 + b"*b*" * 50),
            (b"KEYS", b"*" * 5_000 + b"b"),
        ]
    )


def test_scan_finds_every_key_by_pattern_and_type_whatever_the_count(pair: Pair) -> None:
    rng = random.Random(1)
    names = [b"key:%d" % rng.randrange(10**9) for _ in range(2_000)]
    fill: list[Argv] = [(b"MSET", *(word for name in names for word in (name, b"")))]
    ways: list[Argv] = [
        (),
        (b"MATCH", b"*7*"),
        (b"COUNT", b"1"),
        (b"COUNT", b"100000"),
        (b"TYPE", b"string"),
        (b"TYPE", b"hash"),
    ]
    pair.check(fill + [(b"SCAN", b"0", *way) for way in ways] + [(b"DBSIZE",)])
