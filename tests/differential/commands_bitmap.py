"""Generators for the bitmap commands, on strings of all lengths and forms."""

from collections.abc import Mapping

from differential.values import (
    Commands,
    Words,
    any_integers,
    command,
    keys,
    maybe,
    options,
    some,
    values,
    word,
)
from hypothesis import strategies as st

# As offsets of bits these lengthen a string by some hundred kilobytes at most, or are refused.
OFFSETS = [
    b"0",
    b"1",
    b"7",
    b"8",
    b"9",
    b"63",
    b"64",
    b"65",
    b"100",
    b"1000",
    b"131071",
    b"131072",
    b"1000000",
]
NO_OFFSETS = [
    b"4294967296",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-1",
    b"-9223372036854775808",
    b"",
    b"abc",
    b" 1",
    b"1.0",
    b"01",
    b"#",
    b"#1",
    b"##1",
]
FIELD_TYPES = [
    b"%s%d" % (sign, width) for sign in (b"u", b"i") for width in (1, 2, 3, 7, 8, 9, 16, 31, 32, 33, 62, 63)
]
NO_FIELD_TYPES = [
    b"i64",
    b"u64",
    b"i65",
    b"u0",
    b"i0",
    b"i-1",
    b"u08",
    b"I8",
    b"8",
    b"u",
    b"",
    b"u+8",
    b"i99999999999999999999",
]

offsets: Words = st.one_of(
    st.integers(0, 200).map(lambda offset: b"%d" % offset),
    st.sampled_from(OFFSETS),
    st.sampled_from(OFFSETS),
    st.sampled_from(NO_OFFSETS),
)
field_numbers: Words = st.one_of(
    st.integers(0, 20).map(lambda number: b"#%d" % number),
    st.sampled_from([b"#-1", b"#9223372036854775807", b"#2305843009213693953", b"#01", b"# 1"]),
)
field_offsets: Words = st.one_of(offsets, offsets, offsets, field_numbers)
field_types: Words = st.one_of(*[st.sampled_from(FIELD_TYPES)] * 4, st.sampled_from(NO_FIELD_TYPES))
bits: Words = st.sampled_from([b"0", b"1"] * 8 + [b"2", b"-1", b"abc", b"", b"01"])
ends: Words = st.one_of(st.integers(-90, 90).map(lambda end: b"%d" % end), any_integers)
units: Commands = st.sampled_from([(b"BYTE",), (b"bit",), (b"BIT",), (b"Byte",), (b"BITS",), (b"junk",)])
ranges: Commands = st.one_of(
    st.just(()), command(ends), command(ends, ends), command(ends, ends), command(ends, ends, units)
)
gets: Commands = command(word(b"GET"), field_types, field_offsets)
# What the lowest numbers become in a field that saturates differs: see the table of differences.
set_values: Words = any_integers.filter(lambda value: not value.startswith(b"-92233720368547758"))
changes: Commands = st.one_of(
    command(word(b"SET"), field_types, field_offsets, set_values),
    command(word(b"INCRBY"), field_types, field_offsets, any_integers),
    command(word(b"INCRBY"), field_types, field_offsets, any_integers),
)
overflows: Commands = command(
    word(b"OVERFLOW"), st.sampled_from([b"WRAP", b"SAT", b"FAIL", b"sat", b"Fail", b"SAT", b"FAIL", b"junk"])
)

COMMANDS: Mapping[str, Commands] = {
    "SETBIT": st.one_of(
        *[command(b"SETBIT", keys, offsets, bits)] * 12,
        command(b"SETBIT", keys, offsets),
        command(b"SETBIT", keys, offsets, bits, bits),
    ),
    "GETBIT": command(b"GETBIT", keys, offsets),
    "BITCOUNT": command(b"BITCOUNT", keys, ranges),
    "BITPOS": command(b"BITPOS", keys, bits, ranges),
    "BITOP": st.one_of(
        command(b"BITOP", st.sampled_from([b"AND", b"OR", b"XOR", b"and", b"Xor"]), keys, some(keys)),
        command(b"BITOP", word(b"NOT"), keys, keys, maybe(keys)),
        command(b"BITOP", st.sampled_from([b"DIFF", b"junk", b""]), keys, some(keys)),
    ),
    "BITFIELD": command(
        b"BITFIELD", keys, options(gets, changes, changes, overflows, command(b"junk"), most=5)
    ),
    "BITFIELD_RO": command(b"BITFIELD_RO", keys, options(gets, gets, gets, changes, overflows)),
    "SET": command(b"SET", keys, values),
    "SETRANGE": command(b"SETRANGE", keys, st.sampled_from([b"0", b"5", b"100", b"20000"]), values),
}
