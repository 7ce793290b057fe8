"""Generators for the set commands, with members that make a set cross the limits of its encodings."""

from collections.abc import Mapping

from differential.values import (
    Commands,
    any_integers,
    command,
    globs,
    keys,
    maybe,
    options,
    some,
    values,
    word,
)
from hypothesis import strategies as st

# Integers of every width, texts that only look like some, and texts too long for a listpack.
INTEGERS = [b"0", b"1", b"2", b"-1", b"32767", b"32768", b"-40000", b"2147483648", b"-9223372036854775808"]
TEXTS = [b"a", b"b", b"c", b"", b"01", b"-0", b"1.0", b"member\r\n\x00", b"x" * 64, b"y" * 65, b"z" * 5000]

members = st.one_of(st.sampled_from(INTEGERS), st.sampled_from([*INTEGERS, *TEXTS]), values)
many_integers: Commands = st.tuples(st.integers(-300, 300), st.integers(1, 600)).map(
    lambda drawn: tuple(b"%d" % (drawn[0] + number) for number in range(drawn[1]))
)
many_texts: Commands = st.tuples(st.integers(0, 300), st.integers(1, 200)).map(
    lambda drawn: tuple(b"m%d" % (drawn[0] + number) for number in range(drawn[1]))
)
added: Commands = st.one_of(some(members), some(members, most=12), many_integers, many_texts)
several_keys: Commands = some(keys, most=4)
counts = st.sampled_from([b"0", b"1", b"2", b"3", b"100", b"-1", b"-5"]) | any_integers.filter(
    lambda text: len(text) < 5
)


@st.composite
def _counted_keys(draw: st.DrawFn) -> tuple[bytes, ...]:
    """Keys after their number, which is wrong now and then."""
    drawn = draw(several_keys)
    number = draw(
        st.sampled_from([b"%d" % len(drawn)] * 8 + [b"0", b"-1", b"4", b"abc", b"9223372036854775807"])
    )
    return (number, *drawn)


COMMANDS: Mapping[str, Commands] = {
    "SADD": command(b"SADD", keys, added),
    "SREM": command(b"SREM", keys, added),
    "SISMEMBER": command(b"SISMEMBER", keys, members),
    "SMISMEMBER": command(b"SMISMEMBER", keys, some(members)),
    "SCARD": command(b"SCARD", keys),
    "SMEMBERS": command(b"SMEMBERS", keys),
    # Both servers pop the same only when they pop nothing or all; test_sets.py has the other counts.
    "SPOP": command(
        b"SPOP", keys, st.sampled_from([b"0", b"-1", b"100000", b"9223372036854775807", b"abc", b"1.5", b""])
    ),
    "SRANDMEMBER": command(b"SRANDMEMBER", keys, maybe(counts)),
    "SMOVE": command(b"SMOVE", keys, keys, members),
    "SINTER": command(b"SINTER", several_keys),
    "SINTERSTORE": command(b"SINTERSTORE", keys, several_keys),
    "SINTERCARD": command(
        b"SINTERCARD",
        _counted_keys(),
        options(command(word(b"LIMIT"), counts), command(b"LIMIT"), command(b"junk"), most=2),
    ),
    "SUNION": command(b"SUNION", several_keys),
    "SUNIONSTORE": command(b"SUNIONSTORE", keys, several_keys),
    "SDIFF": command(b"SDIFF", several_keys),
    "SDIFFSTORE": command(b"SDIFFSTORE", keys, several_keys),
    "SSCAN": command(
        b"SSCAN",
        keys,
        st.sampled_from([b"0"] * 8 + [b"abc", b""]),
        options(
            command(word(b"MATCH"), globs),
            command(word(b"COUNT"), st.sampled_from([b"1", b"10", b"1000", b"0", b"abc"])),
            word(b"NOVALUES"),
            command(b"junk"),
            most=2,
        ),
    ),
}
