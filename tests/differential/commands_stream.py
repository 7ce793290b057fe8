"""Generators for the stream commands, on streams whose ids lie close together and far in the future.

An id that the server makes up is then the next one after the last, and not the time, which differs.
"""

from collections.abc import Mapping

from differential.values import (
    Commands,
    Words,
    any_integers,
    command,
    integers,
    keys,
    maybe,
    options,
    some,
    values,
    word,
)
from hypothesis import strategies as st

STREAM_KEYS = [b"a", b"b", b"{a}1"]
FUTURE_MS = 9_000_000_000_000
# Sizes of nodes that a short sequence fills.
NODE_ENTRIES = [b"0", b"1", b"2", b"3", b"5", b"100"]
NODE_BYTES = [b"0", b"1", b"64", b"100", b"300", b"4096"]

stream_keys: Words = st.sampled_from([*STREAM_KEYS * 6, b"c", b"nosuch", b"k\r\n\x00\xff"])
groups: Words = st.sampled_from([b"g"] * 8 + [b"h", b"h", b"nosuch", b"", b"g\x00h"])
consumers: Words = st.sampled_from([b"alice", b"bob", b"alice", b"bob", b"carol", b"", b"\xff\r\n"])

plain_ids: Words = st.builds(
    lambda ms, seq: b"%d-%d" % (FUTURE_MS + ms, seq), st.integers(0, 4), st.integers(0, 5)
)
partial_ids: Words = st.integers(0, 5).map(lambda ms: b"%d" % (FUTURE_MS + ms))
odd_ids: Words = st.sampled_from(
    [
        b"0",
        b"0-0",
        b"0-1",
        b"0-*",
        b"1-1",
        b"-",
        b"+",
        b"$",
        b">",
        b"(",
        b"(-",
        b"(+",
        b"(0-0",
        b"(18446744073709551615-18446744073709551615",
        b"18446744073709551615-18446744073709551615",
        b"18446744073709551615-18446744073709551614",
        b"18446744073709551615-*",
        b"18446744073709551615",
        b"18446744073709551616-0",
        b"9000000000000-18446744073709551615",
        b"9000000000001-18446744073709551616",
        b"-1",
        b"1-",
        b"1--1",
        b"1--01",
        b" 1-1",
        b"1-+1",
        b"1 -1",
        b"01-01",
        b"1-1-1",
        b"0x1-1",
        b"abc",
        b"",
        b"1-1\x00",
        b"9" * 130,
    ]
)
ids: Words = st.one_of(plain_ids, plain_ids, plain_ids, plain_ids, partial_ids, odd_ids)
new_ids: Words = st.one_of(
    plain_ids,
    plain_ids,
    st.integers(0, 6).map(lambda ms: b"%d-*" % (FUTURE_MS + ms)),
    st.integers(0, 6).map(lambda ms: b"%d-*" % (FUTURE_MS + ms)),
    odd_ids,
)
range_ids: Words = st.one_of(
    st.sampled_from([b"-", b"+"]),
    ids,
    plain_ids.map(lambda one: b"(" + one),
    partial_ids.map(lambda one: b"(" + one),
)
counts: Words = st.sampled_from([b"1", b"2", b"3", b"10", b"100"])
any_counts: Words = st.one_of(counts, counts, counts, any_integers)
count: Commands = command(word(b"COUNT"), any_counts)

names: Words = st.sampled_from([b"name", b"name", b"value", b"7", b"", b"x" * 70])
fields: Commands = st.one_of(
    command(b"name", values, b"value", values),
    command(b"name", values, b"value", values),
    st.lists(st.tuples(names, values), min_size=1, max_size=4).map(
        lambda drawn: tuple(part for pair in drawn for part in pair)
    ),
)
lengths: Words = st.one_of(st.integers(0, 12).map(lambda length: b"%d" % length), any_integers)
approximation: Commands = st.sampled_from([(), (b"~",), (b"~",), (b"=",), (b"==",)])
bounds: Commands = st.one_of(
    command(word(b"MAXLEN"), approximation, lengths), command(word(b"MINID"), approximation, ids)
)
limits: Commands = command(word(b"LIMIT"), st.one_of(counts, any_integers))
trimming: Commands = st.one_of(
    command(bounds), command(bounds), command(bounds, limits), options(bounds, limits, command(b"junk"))
)
idle_times: Words = st.sampled_from(
    [b"0", b"0", b"0", b"100000", b"100000000", b"-1", b"abc", b"9223372036854775807"]
)


@st.composite
def _streams(draw: st.DrawFn, starts: Words) -> tuple[bytes, ...]:
    """Keys and as many ids, or one too few."""
    chosen = draw(st.lists(stream_keys, min_size=1, max_size=3))
    positions = [draw(starts) for _ in chosen]
    return (*chosen, *positions[: len(positions) - draw(st.sampled_from([0] * 9 + [1]))])


XADD = command(b"XADD", stream_keys, options(word(b"NOMKSTREAM"), bounds, limits, most=2), new_ids, fields)
XADD_PLAIN = command(b"XADD", st.sampled_from(STREAM_KEYS), plain_ids, fields)
XADD_NEXT = command(
    b"XADD",
    st.sampled_from(STREAM_KEYS),
    st.integers(0, 9).map(lambda ms: b"%d-*" % (FUTURE_MS + ms)),
    fields,
)
XGROUP_CREATE = command(
    b"XGROUP",
    b"CREATE",
    stream_keys,
    groups,
    st.one_of(st.sampled_from([b"0", b"$"]), ids),
    options(word(b"MKSTREAM"), command(word(b"ENTRIESREAD"), any_integers), command(b"junk"), most=2),
)
XREADGROUP_NEW = command(
    b"XREADGROUP",
    b"GROUP",
    groups,
    consumers,
    maybe(count),
    maybe(word(b"NOACK")),
    b"STREAMS",
    _streams(st.just(b">")),
)
XREADGROUP = command(
    word(b"XREADGROUP"),
    options(command(word(b"GROUP"), groups, consumers), most=1),
    options(count, word(b"NOACK"), command(b"GROUP", groups, consumers), command(b"junk"), most=2),
    word(b"STREAMS"),
    _streams(st.one_of(st.sampled_from([b">", b"0"]), ids)),
)

COMMANDS: Mapping[str, Commands] = {
    "XADD": st.one_of(XADD_PLAIN, XADD_NEXT, XADD_NEXT, XADD_NEXT, XADD),
    "XLEN": command(b"XLEN", stream_keys),
    "XRANGE": command(b"XRANGE", stream_keys, range_ids, range_ids, options(count, most=2)),
    "XREVRANGE": command(b"XREVRANGE", stream_keys, range_ids, range_ids, options(count, most=2)),
    "XDEL": command(b"XDEL", stream_keys, some(ids)),
    "XTRIM": command(b"XTRIM", stream_keys, trimming),
    "XSETID": command(
        b"XSETID",
        stream_keys,
        ids,
        options(
            command(word(b"ENTRIESADDED"), any_integers),
            command(word(b"MAXDELETEDID"), ids),
            command(b"junk"),
            most=2,
        ),
    ),
    "XREAD": command(
        b"XREAD",
        options(count, command(b"NOACK"), command(b"GROUP", groups, consumers), most=1),
        b"STREAMS",
        _streams(ids),
    ),
    "XREADGROUP": st.one_of(XREADGROUP_NEW, XREADGROUP_NEW, XREADGROUP),
    "XACK": command(b"XACK", stream_keys, groups, some(ids)),
    "XPENDING": st.one_of(
        command(b"XPENDING", stream_keys, groups),
        command(
            b"XPENDING",
            stream_keys,
            groups,
            maybe(word(b"IDLE"), idle_times),
            range_ids,
            range_ids,
            any_counts,
            maybe(consumers),
        ),
        command(b"XPENDING", stream_keys, groups, b"-", b"+", counts, maybe(consumers)),
    ),
    "XCLAIM": command(
        b"XCLAIM",
        stream_keys,
        groups,
        consumers,
        idle_times,
        some(ids),
        options(
            command(word(b"IDLE"), idle_times),
            command(word(b"TIME"), st.sampled_from([b"1000000", b"9000000000000", b"-1", b"abc"])),
            command(word(b"RETRYCOUNT"), any_integers),
            word(b"FORCE"),
            word(b"JUSTID"),
            command(word(b"LASTID"), ids),
            command(b"junk"),
        ),
    ),
    "XAUTOCLAIM": command(
        b"XAUTOCLAIM",
        stream_keys,
        groups,
        consumers,
        idle_times,
        st.one_of(st.sampled_from([b"0", b"0-0", b"-"]), range_ids),
        options(count, word(b"JUSTID"), command(b"junk"), most=2),
    ),
    "XGROUP CREATE": XGROUP_CREATE,
    "XGROUP CREATECONSUMER": command(b"XGROUP", b"CREATECONSUMER", stream_keys, groups, consumers),
    "XGROUP DELCONSUMER": command(b"XGROUP", b"DELCONSUMER", stream_keys, groups, consumers),
    "XGROUP DESTROY": command(b"XGROUP", b"DESTROY", stream_keys, groups),
    "XGROUP SETID": command(
        b"XGROUP",
        b"SETID",
        stream_keys,
        groups,
        st.one_of(st.just(b"$"), ids),
        maybe(word(b"ENTRIESREAD"), any_integers),
    ),
    "XGROUP HELP": st.sampled_from([(b"XGROUP", b"HELP"), (b"XGROUP", b"nosuch"), (b"XGROUP",)]),
    "XINFO STREAM": command(
        b"XINFO",
        b"STREAM",
        stream_keys,
        st.one_of(st.just(()), command(word(b"FULL"), maybe(count)), command(b"junk")),
    ),
    "XINFO GROUPS": command(b"XINFO", b"GROUPS", stream_keys),
    "XINFO CONSUMERS": command(b"XINFO", b"CONSUMERS", stream_keys, groups),
    "XINFO HELP": st.sampled_from([(b"XINFO", b"HELP"), (b"XINFO", b"nosuch"), (b"XINFO",)]),
    "CONFIG": st.one_of(
        command(b"CONFIG", b"SET", b"stream-node-max-entries", st.sampled_from(NODE_ENTRIES)),
        command(b"CONFIG", b"SET", b"stream-node-max-bytes", st.sampled_from(NODE_BYTES)),
    ),
    "DEL": command(b"DEL", stream_keys),
    "COPY": command(b"COPY", stream_keys, stream_keys, maybe(word(b"REPLACE"))),
    "RENAME": command(b"RENAME", stream_keys, stream_keys),
    "SET": command(b"SET", keys, integers),
}
