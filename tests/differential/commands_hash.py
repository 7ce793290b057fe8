"""Generators for the hash commands, with fields that expire and hashes at the limits of their encodings."""

from collections.abc import Mapping

from differential.commands_string import deadlines
from differential.values import (
    ABSOLUTE_TIMES_MS,
    ABSOLUTE_TIMES_S,
    Commands,
    Part,
    any_floats,
    any_integers,
    bad_times,
    command,
    globs,
    keys,
    maybe,
    options,
    relative_times,
    some,
    values,
    word,
)
from hypothesis import strategies as st

# Few different ones, so that commands by name find some; the long ones make a hash a hashtable.
FIELDS = [
    *[b"a", b"b", b"c", b"1", b"-5", b"", b"field\r\n\x00", b"007"],
    *[b"x" * length for length in (63, 64, 65, 253, 254, 5000)],
]

fields = st.one_of(st.sampled_from(FIELDS[:8]), st.sampled_from(FIELDS[:8]), st.sampled_from(FIELDS))
pairs: Commands = st.lists(st.tuples(fields, values), min_size=1, max_size=5).map(
    lambda drawn: tuple(part for pair in drawn for part in pair)
)
many_pairs: Commands = st.integers(1, 600).map(
    lambda count: tuple(part for number in range(count) for part in (b"f%d" % number, b"v%d" % (number * 7)))
)
conditions: Commands = options(word(b"NX"), word(b"XX"), word(b"GT"), word(b"LT"), command(b"junk"), most=2)
counts = st.sampled_from([b"0", b"1", b"2", b"3", b"100", b"-1", b"-5"]) | any_integers.filter(
    lambda text: len(text) < 5
)
scan_options: Commands = options(
    command(word(b"MATCH"), globs),
    command(word(b"COUNT"), st.sampled_from([b"1", b"10", b"1000", b"0", b"abc"])),
    word(b"NOVALUES"),
    command(b"COUNT"),
    command(b"junk"),
    most=2,
)


@st.composite
def _counted(draw: st.DrawFn, parts: Commands, width: int) -> tuple[bytes, ...]:
    """FIELDS, how many groups of ``width`` words there are, and these; the number is wrong now and then."""
    drawn = draw(parts)
    right = b"%d" % (len(drawn) // width)
    number = draw(st.sampled_from([right] * 9 + [b"0", b"-1", b"2", b"7", b"abc", b"9223372036854775807"]))
    return (*draw(word(b"FIELDS")), number, *drawn)


counted_fields: Commands = _counted(some(fields), 1)
counted_pairs: Commands = _counted(pairs, 2)


def _expire(name: bytes, times: Part) -> Commands:
    return command(name, keys, times, conditions, counted_fields)


COMMANDS: Mapping[str, Commands] = {
    "HSET": command(b"HSET", keys, st.one_of(pairs, pairs, pairs, many_pairs)),
    "HMSET": command(b"HMSET", keys, pairs),
    "HSETNX": command(b"HSETNX", keys, fields, values),
    "HGET": command(b"HGET", keys, fields),
    "HMGET": command(b"HMGET", keys, some(fields)),
    "HDEL": command(b"HDEL", keys, some(fields)),
    "HLEN": command(b"HLEN", keys),
    "HSTRLEN": command(b"HSTRLEN", keys, fields),
    "HEXISTS": command(b"HEXISTS", keys, fields),
    "HKEYS": command(b"HKEYS", keys),
    "HVALS": command(b"HVALS", keys),
    "HGETALL": command(b"HGETALL", keys),
    "HINCRBY": command(b"HINCRBY", keys, fields, any_integers),
    "HINCRBYFLOAT": command(b"HINCRBYFLOAT", keys, fields, any_floats),
    "HRANDFIELD": command(b"HRANDFIELD", keys, maybe(counts, maybe(word(b"WITHVALUES")))),
    "HSCAN": command(b"HSCAN", keys, st.sampled_from([b"0"] * 8 + [b"abc", b""]), scan_options),
    "HEXPIRE": _expire(b"HEXPIRE", relative_times | bad_times),
    "HPEXPIRE": _expire(b"HPEXPIRE", relative_times | bad_times),
    "HEXPIREAT": _expire(b"HEXPIREAT", st.sampled_from(ABSOLUTE_TIMES_S) | bad_times),
    "HPEXPIREAT": _expire(b"HPEXPIREAT", st.sampled_from(ABSOLUTE_TIMES_MS) | bad_times),
    "HPERSIST": command(b"HPERSIST", keys, counted_fields),
    "HTTL": command(b"HTTL", keys, counted_fields),
    "HPTTL": command(b"HPTTL", keys, counted_fields),
    "HEXPIRETIME": command(b"HEXPIRETIME", keys, counted_fields),
    "HPEXPIRETIME": command(b"HPEXPIRETIME", keys, counted_fields),
    "HGETDEL": command(b"HGETDEL", keys, counted_fields),
    "HGETEX": command(
        b"HGETEX", keys, options(deadlines, word(b"PERSIST"), command(b"junk"), most=2), counted_fields
    ),
    "HSETEX": command(
        b"HSETEX",
        keys,
        options(
            deadlines,
            deadlines,
            word(b"NX"),
            word(b"XX"),
            word(b"FNX"),
            word(b"FXX"),
            word(b"KEEPTTL"),
            command(b"junk"),
            command(b"EX"),
        ),
        counted_pairs,
    ),
}
