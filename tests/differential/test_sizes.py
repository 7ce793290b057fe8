"""Keys and values at the bounds of what is stored one way or another, and of what is stored at all."""

import itertools

import pytest
from differential.pair import Pair
from differential.wire import Argv

KEY_LENGTHS = [0, 1, 7, 8, 31, 32, 63, 64, 127, 128, 254, 255, 256, 257, 4095, 4096, 65535, 65536, 100_000]
VALUES = [b"", b"7", b"-9223372036854775808", b"x" * 20, b"x" * 44, b"x" * 100, b"x" * 33_000]
BULK_BYTES_MAX = 1 << 20
"""The least that ``proto-max-bulk-len`` can be set to."""


@pytest.mark.parametrize("resp", [2, 3])
def test_a_key_of_any_length_holds_any_value_through_every_change(pair: Pair, resp: int) -> None:
    commands: list[Argv] = []
    for length, value in itertools.product(KEY_LENGTHS, VALUES):
        key, other = b"k" * length, b"o" * length
        commands += [
            (b"SET", key, value),
            (b"OBJECT", b"ENCODING", key),
            (b"PEXPIREAT", key, b"4102444800000"),
            (b"OBJECT", b"ENCODING", key),
            (b"GETEX", key, b"PERSIST"),
            (b"APPEND", key, b"y"),
            (b"COPY", key, other + b"2", b"REPLACE"),
            (b"RENAME", key, b"r" + other),
            (b"EXISTS", key, b"r" + other),
            (b"STRLEN", b"r" + other),
            (b"GETDEL", b"r" + other),
            (b"DEL", other + b"2"),
        ]
    pair.check(commands, resp=resp)


def test_nothing_grows_beyond_the_longest_string(pair: Pair) -> None:
    last = BULK_BYTES_MAX - 1
    changes: list[Argv] = [
        (b"SETRANGE", b"k", b"%d" % last, b"x"),
        (b"SETRANGE", b"k", b"%d" % last, b"xy"),
        (b"SETRANGE", b"k", b"%d" % (last + 1), b"x"),
        (b"SETRANGE", b"k", b"%d" % (last + 1), b""),
        (b"SETRANGE", b"k", b"9223372036854775807", b"x"),
        (b"SETRANGE", b"k", b"9223372036854775807", b""),
        (b"SETRANGE", b"k", b"-1", b"x"),
        (b"APPEND", b"k", b""),
        (b"APPEND", b"k", b"x"),
        (b"APPEND", b"k", b"x" * (BULK_BYTES_MAX - 3)),
    ]
    commands: list[Argv] = [(b"CONFIG", b"SET", b"proto-max-bulk-len", b"%d" % BULK_BYTES_MAX)]
    for fill, change in itertools.product([None, b"", b"123", b"x" * BULK_BYTES_MAX], changes):
        commands += [
            (b"DEL", b"k"),
            *([(b"SET", b"k", fill)] if fill is not None else []),
            change,
            (b"STRLEN", b"k"),
            (b"GETRANGE", b"k", b"-2", b"-1"),
            (b"EXISTS", b"k"),
        ]
    pair.check(commands)


def test_offsets_at_the_edges_of_64_bits_and_of_512_mb_cost_nothing(pair: Pair) -> None:
    edges = [
        b"536870911",
        b"536870912",
        b"536870913",
        b"-536870913",
        b"4294967295",
        b"4294967296",
        b"9223372036854775807",
        b"-9223372036854775808",
    ]
    commands: list[Argv] = []
    for fill in (None, b"", b"hello", b"12345"):
        commands += [(b"DEL", b"k"), *([(b"SET", b"k", fill)] if fill is not None else [])]
        for edge in edges:
            commands += [(b"SETRANGE", b"k", edge, b""), (b"STRLEN", b"k")]
            if edge != edges[0]:
                commands.append((b"SETRANGE", b"k", edge, b"x"))
        for start, end in itertools.product([b"0", b"-3", *edges], repeat=2):
            commands.append((b"GETRANGE", b"k", start, end))
    pair.check(commands)


def test_many_arguments_are_taken_and_counted(pair: Pair) -> None:
    names = [b"key:%d" % number for number in range(20_000)]
    pair.check(
        [
            (b"MSET", *(word for name in names for word in (name, name))),
            (b"DBSIZE",),
            (b"EXISTS", *names, *names),
            (b"MGET", *names[:2_000]),
            (b"TOUCH", *names),
            (b"MSETNX", b"new", b"1", *(word for name in names for word in (name, b"2"))),
            (b"UNLINK", *names[::2]),
            (b"DEL", *names),
            (b"DBSIZE",),
        ]
    )
