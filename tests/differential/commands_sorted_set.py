"""Generators for the sorted set commands, with members and scores at every edge."""

from collections.abc import Mapping

from differential.values import (
    Commands,
    any_floats,
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

MEMBERS = [*[b"a", b"b", b"c", b"d", b"e", b"", b"\x00\xff", b"12"], b"m" * 64, b"n" * 65, b"o" * 5000]
SCORES = [
    *[b"0", b"1", b"2", b"3", b"-1", b"-0", b"1.5", b"0.1", b"3.0", b"1e17", b"1e-7", b"123456.7890625"],
    *[b"inf", b"-inf", b"+inf", b"Infinity", b"1e300", b"-1e300", b"5e-324", b"9007199254740993"],
    *[b"1700000000", b"1700000000000", b"0.30000000000000004", b"4611686018427387905"],
]

members = st.one_of(st.sampled_from(MEMBERS[:6]), st.sampled_from(MEMBERS), values)
# Any bits at all, so that the digits of odd doubles are compared.
odd_scores = st.floats(allow_nan=False).map(lambda number: repr(number).encode())
scores = st.one_of(st.sampled_from(SCORES), st.sampled_from(SCORES), odd_scores, any_floats)
pairs: Commands = st.lists(st.tuples(scores, members), min_size=1, max_size=5).map(
    lambda drawn: tuple(part for pair in drawn for part in pair)
)
many_pairs: Commands = st.tuples(st.integers(0, 200), st.integers(1, 140)).map(
    lambda drawn: tuple(
        part
        for number in range(drawn[0], drawn[0] + drawn[1])
        for part in (b"%d" % (number % 50), b"m%d" % number)
    )
)
conditions: Commands = options(
    word(b"NX"), word(b"XX"), word(b"GT"), word(b"LT"), word(b"CH"), word(b"INCR"), most=2
)
indexes = st.integers(-8, 8).map(lambda number: b"%d" % number) | any_integers
counts = st.sampled_from([b"0", b"1", b"2", b"5", b"300"]) | any_integers
# A repeated member for each of billions would only fill memory.
random_counts = st.sampled_from([b"0", b"1", b"2", b"-3", b"-1", b"300", b"abc", b"-9223372036854775808"])
score_ends = st.one_of(
    scores,
    scores.map(lambda score: b"(" + score),
    st.sampled_from([b"-inf", b"+inf", b"(", b"((1", b"", b"["]),
)
limit: Commands = command(word(b"LIMIT"), indexes, indexes)
with_scores = word(b"WITHSCORES")

# Ranges of members are of sets with one score; these keys are used by no other commands.
lex_keys = st.sampled_from([b"lex1", b"lex2"])
lex_members = st.sampled_from([b"a", b"aa", b"b", b"bb", b"c", b"d", b"x" * 70, b"", b"\xff"])
lex_ends = st.one_of(
    st.sampled_from([b"-", b"+", b"-", b"+", b"a", b"", b"++"]),
    lex_members.map(lambda member: b"[" + member),
    lex_members.map(lambda member: b"(" + member),
)
lex_pairs: Commands = st.lists(lex_members, min_size=1, max_size=6).map(
    lambda drawn: tuple(part for member in drawn for part in (b"0", member))
)


@st.composite
def _counted_keys(draw: st.DrawFn) -> tuple[bytes, ...]:
    """Keys after their number, which is wrong now and then."""
    drawn = draw(st.lists(keys, min_size=1, max_size=3))
    right = b"%d" % len(drawn)
    return (draw(st.sampled_from([right] * 8 + [b"0", b"-1", b"4", b"abc", b"9223372036854775807"])), *drawn)


counted_keys: Commands = _counted_keys()
aggregation: Commands = options(
    command(word(b"WEIGHTS"), some(scores, most=3)),
    command(word(b"AGGREGATE"), st.sampled_from([b"SUM", b"MIN", b"MAX", b"max", b"junk"])),
    command(b"WEIGHTS"),
    most=2,
)


def _lex(name: bytes, *rest: Commands) -> Commands:
    return command(name, lex_keys, lex_ends, lex_ends, *rest)


COMMANDS: Mapping[str, Commands] = {
    "ZADD": st.one_of(
        command(b"ZADD", keys, pairs),
        command(b"ZADD", keys, conditions, pairs),
        command(b"ZADD", keys, many_pairs),
        command(b"ZADD", lex_keys, lex_pairs),
    ),
    "ZINCRBY": command(b"ZINCRBY", keys, scores, members),
    "ZREM": st.one_of(command(b"ZREM", keys, some(members)), command(b"ZREM", lex_keys, some(lex_members))),
    "ZSCORE": command(b"ZSCORE", keys, members),
    "ZMSCORE": command(b"ZMSCORE", keys, some(members)),
    "ZCARD": command(b"ZCARD", keys),
    "ZCOUNT": command(b"ZCOUNT", keys, score_ends, score_ends),
    "ZLEXCOUNT": _lex(b"ZLEXCOUNT"),
    "ZRANK": command(b"ZRANK", keys, members, maybe(word(b"WITHSCORE"))),
    "ZREVRANK": command(b"ZREVRANK", keys, members, maybe(word(b"WITHSCORE"))),
    "ZRANGE": st.one_of(
        command(
            b"ZRANGE", keys, indexes, indexes, options(with_scores, word(b"REV"), limit, command(b"junk"))
        ),
        command(
            b"ZRANGE",
            keys,
            score_ends,
            score_ends,
            word(b"BYSCORE"),
            options(with_scores, word(b"REV"), limit),
        ),
        _lex(b"ZRANGE", word(b"BYLEX"), options(word(b"REV"), limit, with_scores)),
    ),
    "ZRANGESTORE": st.one_of(
        command(b"ZRANGESTORE", keys, keys, indexes, indexes, options(word(b"REV"), with_scores)),
        command(
            b"ZRANGESTORE", keys, keys, score_ends, score_ends, word(b"BYSCORE"), options(word(b"REV"), limit)
        ),
        command(
            b"ZRANGESTORE", keys, lex_keys, lex_ends, lex_ends, word(b"BYLEX"), options(word(b"REV"), limit)
        ),
    ),
    "ZREVRANGE": command(b"ZREVRANGE", keys, indexes, indexes, maybe(with_scores)),
    "ZRANGEBYSCORE": command(b"ZRANGEBYSCORE", keys, score_ends, score_ends, options(with_scores, limit)),
    "ZREVRANGEBYSCORE": command(
        b"ZREVRANGEBYSCORE", keys, score_ends, score_ends, options(with_scores, limit)
    ),
    "ZRANGEBYLEX": _lex(b"ZRANGEBYLEX", options(limit, with_scores)),
    "ZREVRANGEBYLEX": _lex(b"ZREVRANGEBYLEX", options(limit)),
    "ZREMRANGEBYRANK": command(b"ZREMRANGEBYRANK", keys, indexes, indexes),
    "ZREMRANGEBYSCORE": command(b"ZREMRANGEBYSCORE", keys, score_ends, score_ends),
    "ZREMRANGEBYLEX": _lex(b"ZREMRANGEBYLEX"),
    "ZPOPMIN": command(b"ZPOPMIN", keys, maybe(counts)),
    "ZPOPMAX": command(b"ZPOPMAX", keys, maybe(counts)),
    "ZMPOP": command(
        b"ZMPOP",
        counted_keys,
        st.sampled_from([b"MIN", b"MAX", b"min", b"junk"]),
        options(command(word(b"COUNT"), counts), command(b"COUNT"), most=2),
    ),
    "ZRANDMEMBER": command(b"ZRANDMEMBER", keys, maybe(random_counts, maybe(with_scores))),
    "ZSCAN": command(
        b"ZSCAN",
        keys,
        st.sampled_from([b"0", b"0", b"0", b"abc", b"-1"]),
        options(
            command(word(b"MATCH"), globs),
            command(word(b"COUNT"), st.sampled_from([b"1", b"10", b"1000", b"0", b"abc"])),
            word(b"NOSCORES"),
            word(b"NOVALUES"),
        ),
    ),
    # Sets are as good as sorted sets to the following.
    "SADD": command(b"SADD", keys, some(members)),
    "ZUNION": command(b"ZUNION", counted_keys, aggregation, maybe(with_scores)),
    "ZINTER": command(b"ZINTER", counted_keys, aggregation, maybe(with_scores)),
    "ZDIFF": command(b"ZDIFF", counted_keys, options(with_scores, command(b"WEIGHTS", b"1"), most=1)),
    "ZUNIONSTORE": command(b"ZUNIONSTORE", keys, counted_keys, aggregation),
    "ZINTERSTORE": command(b"ZINTERSTORE", keys, counted_keys, aggregation),
    "ZDIFFSTORE": command(b"ZDIFFSTORE", keys, counted_keys, maybe(with_scores)),
    "ZINTERCARD": command(
        b"ZINTERCARD", counted_keys, options(command(word(b"LIMIT"), counts), command(b"LIMIT"), most=1)
    ),
}
