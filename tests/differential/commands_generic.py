"""Generators for the commands that work on keys of every type."""

from collections.abc import Mapping

from differential.commands_string import absolute_times_ms, absolute_times_s
from differential.values import (
    Commands,
    Words,
    any_databases,
    any_integers,
    bad_times,
    command,
    databases,
    globs,
    keys,
    maybe,
    options,
    relative_times,
    some,
    word,
)
from hypothesis import strategies as st

conditions: Commands = options(word(b"NX"), word(b"XX"), word(b"GT"), word(b"LT"), command(b"junk"), most=2)
# GT and LT against a deadline counted from now would depend on the millisecond in which a command ran, so
# only absolute deadlines meet them here; test_expire_conditions.py has the relative ones.
steady_conditions: Commands = options(word(b"NX"), word(b"XX"), command(b"junk"), most=2)


def _expire(name: bytes) -> Commands:
    return st.one_of(
        command(name, keys, relative_times, steady_conditions),
        command(name, keys, bad_times, conditions),
    )


def _expire_at(name: bytes, deadlines: Words) -> Commands:
    return command(name, keys, deadlines | bad_times, conditions)


def _object(name: bytes) -> Commands:
    return command(b"OBJECT", word(name), keys)


cursors: Words = st.sampled_from(
    [b"0"] * 8
    + [b"", b"abc", b"-1", b" 0", b"1.5", b"18446744073709551616", b"99999999999999999999999", b"0x0"]
)
# The runner follows a scan to its end, so that any order and any cut of the keyspace compares equal.
SCAN = command(
    b"SCAN",
    cursors,
    options(
        command(word(b"MATCH"), globs),
        command(
            word(b"COUNT"),
            st.sampled_from([b"1", b"10", b"1000", b"0", b"-1", b"abc", b"9223372036854775808"]),
        ),
        command(word(b"TYPE"), st.sampled_from([b"string", b"STRING", b"list", b"hash", b"junk", b""])),
        command(b"MATCH"),
        command(b"junk"),
    ),
)

COMMANDS: Mapping[str, Commands] = {
    "DEL": command(b"DEL", some(keys)),
    "EXISTS": command(b"EXISTS", some(keys)),
    "TYPE": command(b"TYPE", keys),
    "COPY": command(
        b"COPY",
        keys,
        keys,
        options(word(b"REPLACE"), command(word(b"DB"), any_databases), command(b"DB"), command(b"junk")),
    ),
    "EXPIRE": _expire(b"EXPIRE"),
    "EXPIREAT": _expire_at(b"EXPIREAT", absolute_times_s),
    "EXPIRETIME": command(b"EXPIRETIME", keys),
    "KEYS": command(b"KEYS", globs),
    "MOVE": command(b"MOVE", keys, any_databases),
    "OBJECT ENCODING": _object(b"ENCODING"),
    "OBJECT FREQ": _object(b"FREQ"),
    "OBJECT HELP": command(b"OBJECT", word(b"HELP")),
    "OBJECT IDLETIME": _object(b"IDLETIME"),
    "OBJECT REFCOUNT": _object(b"REFCOUNT"),
    "PERSIST": command(b"PERSIST", keys),
    "PEXPIRE": _expire(b"PEXPIRE"),
    "PEXPIREAT": _expire_at(b"PEXPIREAT", absolute_times_ms),
    "PEXPIRETIME": command(b"PEXPIRETIME", keys),
    "PTTL": command(b"PTTL", keys),
    "RANDOMKEY": command(b"RANDOMKEY"),
    "RENAME": command(b"RENAME", keys, keys),
    "RENAMENX": command(b"RENAMENX", keys, keys),
    "SCAN": SCAN,
    "TOUCH": command(b"TOUCH", some(keys)),
    "TTL": command(b"TTL", keys),
    "UNLINK": command(b"UNLINK", some(keys)),
    "WAIT": command(b"WAIT", st.sampled_from([b"0", b"-1", b"abc", b""]), any_integers),
    "WAITAOF": command(
        b"WAITAOF",
        st.sampled_from([b"0", b"1", b"2", b"-1", b"abc"]),
        st.just(b"0"),
        st.sampled_from([b"-1", b"abc"]),
    ),
    "SWAPDB": command(b"SWAPDB", databases | any_databases, any_databases),
    "DBSIZE": command(b"DBSIZE", maybe(keys)),
}
