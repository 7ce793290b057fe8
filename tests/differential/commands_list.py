"""Generators for the list commands, with values that make a list cross the limits of its encodings."""

from collections.abc import Mapping

from differential.values import (
    Commands,
    any_integers,
    command,
    keys,
    options,
    some,
    values,
    word,
)
from hypothesis import strategies as st

# Few different ones, so that commands by value find some; the long ones fill a node of 8 KiB or exceed it.
ELEMENTS = [
    *[b"a", b"b", b"c", b"1", b"12", b"-5", b"007", b"4096", b"99999999999", b""],
    *[b"x" * length for length in (63, 64, 127, 128, 1000, 2500, 4090, 8184, 8193, 20000)],
]

elements = st.one_of(st.sampled_from(ELEMENTS[:10]), st.sampled_from(ELEMENTS), values)
pushed: Commands = st.one_of(
    some(elements),
    some(elements, most=40),
    st.tuples(st.sampled_from(ELEMENTS), st.integers(1, 60)).map(lambda drawn: (drawn[0],) * drawn[1]),
)
indexes = st.integers(-12, 12).map(lambda number: b"%d" % number) | any_integers
# Valkey cuts LSET's index off at 32 bits and then finds an element.
indexes_of_int = indexes.filter(lambda index: len(index) < 10 or not index.lstrip(b"-").isdigit())
counts = st.sampled_from([b"0", b"1", b"2", b"3", b"10", b"100"]) | any_integers
ends = st.sampled_from([b"LEFT", b"RIGHT", b"left", b"Right", b"LEFT", b"RIGHT", b"up", b""])


@st.composite
def _counted_keys(draw: st.DrawFn) -> tuple[bytes, ...]:
    """Keys after their number, which is wrong now and then."""
    drawn = draw(st.lists(keys, min_size=1, max_size=3))
    number = draw(
        st.sampled_from([b"%d" % len(drawn)] * 8 + [b"0", b"-1", b"4", b"abc", b"9223372036854775807"])
    )
    return (number, *drawn)


counted_keys: Commands = _counted_keys()

COMMANDS: Mapping[str, Commands] = {
    "LPUSH": command(b"LPUSH", keys, pushed),
    "RPUSH": command(b"RPUSH", keys, pushed),
    "LPUSHX": command(b"LPUSHX", keys, pushed),
    "RPUSHX": command(b"RPUSHX", keys, pushed),
    "LPOP": command(b"LPOP", keys, st.just(()) | some(counts, most=1)),
    "RPOP": command(b"RPOP", keys, st.just(()) | some(counts, most=1)),
    "LLEN": command(b"LLEN", keys),
    "LINDEX": command(b"LINDEX", keys, indexes),
    "LSET": command(b"LSET", keys, indexes_of_int, elements),
    "LRANGE": command(b"LRANGE", keys, indexes, indexes),
    "LTRIM": command(b"LTRIM", keys, indexes, indexes),
    "LREM": command(b"LREM", keys, counts | indexes, elements),
    "LINSERT": command(
        b"LINSERT", keys, st.sampled_from([b"BEFORE", b"AFTER", b"after", b"junk"]), elements, elements
    ),
    "LPOS": command(
        b"LPOS",
        keys,
        elements,
        options(
            command(word(b"RANK"), indexes),
            command(word(b"COUNT"), counts),
            command(word(b"MAXLEN"), counts),
            command(b"RANK"),
            command(b"junk"),
        ),
    ),
    "LMOVE": command(b"LMOVE", keys, keys, ends, ends),
    "RPOPLPUSH": command(b"RPOPLPUSH", keys, keys),
    "LMPOP": command(
        b"LMPOP", counted_keys, ends, options(command(word(b"COUNT"), counts), command(b"COUNT"), most=2)
    ),
}
