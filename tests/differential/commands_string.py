"""Generators for the string commands, with every option and every contradiction of options."""

from collections.abc import Mapping

from differential.values import (
    ABSOLUTE_TIMES_MS,
    ABSOLUTE_TIMES_S,
    Commands,
    any_floats,
    any_integers,
    bad_times,
    command,
    keys,
    maybe,
    options,
    relative_times,
    some,
    values,
    word,
)
from hypothesis import strategies as st

absolute_times_s = st.sampled_from(ABSOLUTE_TIMES_S)
absolute_times_ms = st.sampled_from(ABSOLUTE_TIMES_MS)

deadlines: Commands = st.one_of(
    command(word(b"EX"), relative_times | bad_times),
    command(word(b"PX"), relative_times | bad_times),
    command(word(b"EXAT"), absolute_times_s | bad_times),
    command(word(b"PXAT"), absolute_times_ms | bad_times),
)
offsets = any_integers
pairs: Commands = st.lists(st.tuples(keys, values), min_size=1, max_size=4).map(
    lambda drawn: tuple(part for pair in drawn for part in pair)
)


@st.composite
def _counted_pairs(draw: st.DrawFn) -> tuple[bytes, ...]:
    """MSETEX's pairs after their number, which is wrong now and then."""
    drawn = draw(pairs)
    right = b"%d" % (len(drawn) // 2)
    return (
        draw(st.sampled_from([right] * 6 + [b"0", b"-1", b"2", b"3", b"abc", b"9223372036854775807"])),
        *drawn,
    )


SET = command(
    b"SET",
    keys,
    values,
    options(
        deadlines,
        word(b"NX"),
        word(b"XX"),
        word(b"GET"),
        word(b"KEEPTTL"),
        command(word(b"IFEQ"), values),
        command(b"junk"),
        command(b"EX"),
    ),
)
SET_PLAIN = command(b"SET", keys, values)
"""The command that fills the keyspace for the others."""

COMMANDS: Mapping[str, Commands] = {
    "SET": st.one_of(SET, SET, SET_PLAIN),
    "GET": command(b"GET", keys),
    "APPEND": command(b"APPEND", keys, values),
    "DECR": command(b"DECR", keys),
    "DECRBY": command(b"DECRBY", keys, any_integers),
    "DELIFEQ": command(b"DELIFEQ", keys, values),
    "GETDEL": command(b"GETDEL", keys),
    "GETEX": command(b"GETEX", keys, options(deadlines, word(b"PERSIST"), command(b"junk"), most=2)),
    "GETRANGE": command(b"GETRANGE", keys, offsets, offsets),
    "GETSET": command(b"GETSET", keys, values),
    "INCR": command(b"INCR", keys),
    "INCRBY": command(b"INCRBY", keys, any_integers),
    "INCRBYFLOAT": command(b"INCRBYFLOAT", keys, any_floats),
    "LCS": command(
        b"LCS",
        keys,
        keys,
        options(
            word(b"LEN"),
            word(b"IDX"),
            word(b"WITHMATCHLEN"),
            command(word(b"MINMATCHLEN"), any_integers),
            command(b"MINMATCHLEN"),
        ),
    ),
    "MGET": command(b"MGET", some(keys)),
    "MSET": command(b"MSET", pairs),
    "MSETEX": command(
        b"MSETEX",
        _counted_pairs(),
        options(deadlines, word(b"NX"), word(b"XX"), word(b"KEEPTTL"), command(b"junk")),
    ),
    "MSETNX": command(b"MSETNX", pairs),
    "PSETEX": command(b"PSETEX", keys, relative_times | bad_times, values),
    "SETEX": command(b"SETEX", keys, relative_times | bad_times, values),
    "SETNX": command(b"SETNX", keys, values),
    "SETRANGE": command(b"SETRANGE", keys, offsets, values),
    "STRLEN": command(b"STRLEN", keys),
    "SUBSTR": command(b"SUBSTR", keys, offsets, offsets, maybe(keys)),
}
