"""Bitmaps at every edge: ranges, widths, overflows."""

import itertools

import pytest
from differential.pair import Pair
from differential.wire import Argv

STRINGS = [
    b"",
    b"\x00",
    b"\xff",
    b"\x01\x80",
    b"\xff" * 9,
    b"\x00" * 20 + b"\x10" + b"\x00" * 20,
    b"\xff" * 30 + b"\xfb\xff",
    b"12345678901",
    b"12",
    b"\x55" * 100,
    b"\x00" * 20_000 + b"\x01",
]
EDGES = [
    b"-9223372036854775808",
    b"-100",
    b"-9",
    b"-8",
    b"-1",
    b"0",
    b"1",
    b"7",
    b"8",
    b"30",
    b"9223372036854775807",
]


@pytest.mark.parametrize("unit", [(), (b"BYTE",), (b"BIT",)], ids=["none", "byte", "bit"])
def test_counting_and_finding_in_every_range(pair: Pair, unit: Argv) -> None:
    commands: list[Argv] = []
    for text in STRINGS:
        commands.append((b"SET", b"k", text))
        for start, end in itertools.product(EDGES, EDGES):
            commands += [
                (b"BITCOUNT", b"k", start, end, *unit),
                (b"BITPOS", b"k", b"0", start, end, *unit),
                (b"BITPOS", b"k", b"1", start, end, *unit),
            ]
        for start in EDGES:
            commands += [(b"BITCOUNT", b"k", start)]
            commands += [(b"BITPOS", b"k", bit, start) for bit in (b"0", b"1")]
        commands += [(b"BITCOUNT", b"k"), (b"BITPOS", b"k", b"0"), (b"BITPOS", b"k", b"1")]
    pair.check(commands)


@pytest.mark.parametrize("sign", [b"i", b"u"])
def test_fields_of_every_width_overflow_the_same(pair: Pair, sign: bytes) -> None:
    commands: list[Argv] = []
    for width, overflow in itertools.product(range(1, 65), (b"WRAP", b"SAT", b"FAIL")):
        kind = sign + b"%d" % width
        edges = {
            0,
            1,
            -1,
            1 << (width - 1),
            (1 << (width - 1)) - 1,
            -(1 << (width - 1)),
            -(1 << (width - 1)) - 1,
        }
        edges |= {(1 << 63) - 1, (1 << width) - 1, -(1 << 62)}
        for edge in sorted(edge for edge in edges if -(1 << 62) <= edge < 1 << 63):
            value = b"%d" % edge
            field, next_field = (kind, b"5"), (kind, b"#1")
            commands += [
                (b"BITFIELD", b"k", b"OVERFLOW", overflow, b"SET", *field, value, b"GET", *field),
                (b"BITFIELD", b"k", b"OVERFLOW", overflow, b"INCRBY", *next_field, value),
                (
                    b"BITFIELD",
                    b"k",
                    b"OVERFLOW",
                    overflow,
                    b"INCRBY",
                    *next_field,
                    value,
                    b"GET",
                    b"u8",
                    b"200",
                ),
            ]
    for resp in (2, 3):
        pair.check(commands, resp=resp)


def test_combining_strings_of_all_lengths(pair: Pair) -> None:
    fill: list[Argv] = [(b"SET", b"%d" % index, text) for index, text in enumerate(STRINGS)]
    names = [b"%d" % index for index in range(len(STRINGS))] + [b"missing"]
    commands = fill + [(b"BITOP", b"NOT", b"n" + name, name) for name in names]
    for operation, one, other in itertools.product((b"AND", b"OR", b"XOR"), names, names):
        commands += [(b"BITOP", operation, b"result", one, other), (b"GET", b"result")]
    commands += [(b"BITOP", operation, b"all" + operation, *names) for operation in (b"AND", b"OR", b"XOR")]
    commands += [
        (b"BITOP", operation, b"few" + operation, *names[4:7]) for operation in (b"AND", b"OR", b"XOR")
    ]
    commands += [(b"BITOP", b"XOR", names[5], names[5], names[9])]
    pair.check(commands)
