"""Generators for SORT and SORT_RO, on collections and weights of their own."""

from collections.abc import Mapping

from differential.values import (
    Commands,
    Words,
    any_integers,
    command,
    maybe,
    options,
    some,
    word,
)
from hypothesis import strategies as st

NUMBERS = [b"1", b"2", b"10", b"-3", b"1.5", b"01", b"+1", b"-0", b"0", b"1e2", b"inf", b"-inf", b".5"]
WORDS = [b"a", b"b", b"B", b"ab", b"", b"\xff", b"a\x00c"]
NO_NUMBERS = [b"0x10", b"1e400", b"1e-400", b" 1", b"1 ", b"nan", b"1\x00x", b"1e"]
WEIGHTS = [b"5", b"4", b"-1.5", b"30", b"x", b"y z", b"7", b"inf", b"0", b"1e1"]

SOURCES = [b"list", b"set", b"zset"]
TARGETS = [b"to", b"{list}to", b"list", b"set", b"string"]

numbers: Words = st.sampled_from(NUMBERS) | st.integers(-99, 99).map(lambda number: b"%d" % number)
elements: Words = st.one_of(
    numbers, numbers, numbers, numbers, numbers, st.sampled_from(WORDS), st.sampled_from(NO_NUMBERS)
)
sources: Words = st.sampled_from([*SOURCES, *SOURCES, *SOURCES, b"to", b"string", b"missing"])
patterns: Words = st.sampled_from(
    [
        b"w_*",
        b"h_*->f",
        b"h_*->",
        b"w_*->f",
        b"w_*_*",
        b"#",
        b"nosort",
        b"",
        b"*",
        b"w_\x00*",
        b"h_*->\x00",
        b"#\x00",
    ]
)

_direction: Commands = word(b"ASC") | word(b"DESC")
_limit: Commands = command(word(b"LIMIT"), any_integers, any_integers) | command(
    word(b"LIMIT"), st.sampled_from([b"0", b"1", b"3"]), st.sampled_from([b"2", b"10", b"-1"])
)
_get: Commands = some(patterns, most=3).map(lambda drawn: tuple(w for p in drawn for w in (b"GET", p)))
_junk: Commands = (
    command(b"BY") | command(b"LIMIT", b"1") | command(b"GET") | command(b"STORE") | command(b"junk")
)


def _has_no_nul(text: bytes) -> bool:
    """Texts are compared up to a NUL, and equal members come in the order of a hash table."""
    return b"\x00" not in text


def _sorts(name: bytes) -> Commands:
    """The command as a whole, in the ways whose result does not depend on the order of a hash table.

    Of a set, that order shows where nothing is sorted; of a sorted set, and under LIMIT, where BY finds the
    same text for several elements.
    """
    numeric = command(
        name,
        sources,
        maybe(word(b"BY"), st.sampled_from([b"w_*", b"h_*->f"])),
        options(_direction, _limit, _get),
    )
    alpha = command(name, sources, word(b"ALPHA"), options(_direction, _limit, _get))
    by_text = command(name, st.sampled_from([b"list"]), b"ALPHA", b"BY", b"w_*", options(_direction, _get))
    unsorted = command(
        name,
        st.sampled_from([b"list", b"zset"]),
        word(b"BY"),
        st.sampled_from([b"nosort", b"#", b""]),
        options(_direction, _limit, _get),
    )
    return st.one_of(
        numeric, numeric, alpha, by_text, unsorted, command(name, sources, options(_limit, _junk))
    )


_store: Commands = command(b"STORE", st.sampled_from(TARGETS))
_weights: Commands = options(
    command(elements.map(lambda element: b"w_" + element), st.sampled_from(WEIGHTS)), most=6
)

COMMANDS: Mapping[str, Commands] = {
    "SORT": _sorts(b"SORT") | command(_sorts(b"SORT"), _store) | command(_sorts(b"SORT"), _store),
    "SORT_RO": _sorts(b"SORT_RO"),
    "RPUSH": command(b"RPUSH", b"list", some(elements, most=30)),
    "SADD": command(b"SADD", b"set", some(numbers, most=20)),
    "ZADD": command(b"ZADD", b"zset", options(command(numbers, elements.filter(_has_no_nul)), most=10)),
    "MSET": command(b"MSET", _weights),
    "HSET": command(b"HSET", elements.map(lambda element: b"h_" + element), b"f", st.sampled_from(WEIGHTS)),
    "DEL": command(b"DEL", st.sampled_from([*SOURCES, b"to"])),
    "OBJECT ENCODING": command(b"OBJECT", b"ENCODING", st.sampled_from([b"to", *SOURCES])),
}
