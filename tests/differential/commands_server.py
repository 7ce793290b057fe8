"""Generators for the commands about the server: settings, introspection, flushing."""

from collections.abc import Mapping

from differential import commands_generic, commands_string
from differential.values import (
    Commands,
    Words,
    any_integers,
    command,
    keys,
    mangled,
    maybe,
    options,
    some,
    values,
    word,
)
from hypothesis import strategies as st

CONFIG_DEFAULTS: Mapping[bytes, bytes] = {
    b"maxmemory-samples": b"5",
    b"maxmemory-policy": b"noeviction",
    b"lfu-log-factor": b"10",
    b"lfu-decay-time": b"1",
    b"timeout": b"0",
    b"slowlog-max-len": b"128",
    b"hz": b"10",
    b"latency-monitor-threshold": b"0",
    b"proto-max-bulk-len": b"536870912",
    b"hll-sparse-max-bytes": b"3000",
    b"stream-node-max-entries": b"100",
    b"stream-node-max-bytes": b"4096",
}
"""What the generated CONFIG SET touches, with the values that the runner restores before every sequence."""

settings: Words = st.sampled_from([*CONFIG_DEFAULTS, b"MAXMEMORY-SAMPLES", b"junk", b"", b"maxmemory policy"])
setting_values: Words = st.sampled_from(
    [
        b"5",
        b"10",
        b"0",
        b"-1",
        b"",
        b"abc",
        b"1.5",
        b"allkeys-lru",
        b"noeviction",
        b"junk",
        b"1mb",
        b"99999999999999999999",
    ]
)
globbed_settings: Words = st.sampled_from([b"maxmemory*", b"hz*", b"[st]imeout", b"nosuch*"])
command_names: Words = st.sampled_from(
    [
        b"get",
        b"SET",
        b"client",
        b"client|list",
        b"client|nosuch",
        b"nosuch",
        b"",
        b"msetex",
        b"object|encoding",
    ]
)


log_kinds: Words = st.sampled_from([b"slow", b"LARGE-REQUEST", b"large-reply", b"junk", b""])


def _with_subcommand(container: bytes, name: bytes, *parts: "bytes | Words | Commands") -> Commands:
    return command(container, word(name), *parts)


# These have no keys, and a node without replication need not have them.
_WITHOUT_KEYS = frozenset({"WAIT", "WAITAOF"})
key_commands: Commands = mangled(
    st.one_of(
        [
            strategy
            for name, strategy in {**commands_string.COMMANDS, **commands_generic.COMMANDS}.items()
            if name not in _WITHOUT_KEYS
        ]
    )
)
"""Any string or generic command, for COMMAND GETKEYS to look for keys in."""


COMMANDS: Mapping[str, Commands] = {
    "COMMAND COUNT": _with_subcommand(b"COMMAND", b"COUNT"),
    "COMMAND DOCS": _with_subcommand(b"COMMAND", b"DOCS", some(command_names, most=2)),
    "COMMAND GETKEYS": _with_subcommand(b"COMMAND", b"GETKEYS", key_commands),
    "COMMAND GETKEYSANDFLAGS": _with_subcommand(b"COMMAND", b"GETKEYSANDFLAGS", key_commands),
    "COMMAND HELP": _with_subcommand(b"COMMAND", b"HELP"),
    "COMMAND INFO": _with_subcommand(b"COMMAND", b"INFO", some(command_names, most=2)),
    "COMMAND LIST": _with_subcommand(
        b"COMMAND",
        b"LIST",
        options(
            command(b"FILTERBY", b"PATTERN", st.sampled_from([b"g?t", b"config|*", b"[s]et", b"nosuch*"])),
            command(b"FILTERBY", b"ACLCAT", st.sampled_from([b"nosuch", b""])),
            command(b"FILTERBY", b"MODULE", st.sampled_from([b"nosuch", b""])),
            command(b"FILTERBY", b"junk", b"junk"),
            command(b"FILTERBY", b"PATTERN"),
            most=1,
        ),
    ),
    "COMMANDLOG GET": _with_subcommand(
        b"COMMANDLOG", b"GET", st.sampled_from([b"0", b"-2", b"abc", b""]), log_kinds
    ),
    "COMMANDLOG HELP": _with_subcommand(b"COMMANDLOG", b"HELP"),
    "COMMANDLOG RESET": _with_subcommand(b"COMMANDLOG", b"RESET", log_kinds),
    "CONFIG GET": _with_subcommand(b"CONFIG", b"GET", some(settings | globbed_settings, most=3)),
    "CONFIG HELP": _with_subcommand(b"CONFIG", b"HELP"),
    "CONFIG RESETSTAT": _with_subcommand(b"CONFIG", b"RESETSTAT"),
    "CONFIG SET": _with_subcommand(
        b"CONFIG",
        b"SET",
        st.lists(st.tuples(settings, setting_values), min_size=1, max_size=2).map(lambda two: sum(two, ())),
    ),
    "FLUSHALL": command(b"FLUSHALL", maybe(st.sampled_from([b"SYNC", b"async", b"junk"]))),
    "FLUSHDB": command(b"FLUSHDB", maybe(st.sampled_from([b"SYNC", b"async", b"junk"]))),
    "INFO": command(
        b"INFO",
        options(command(st.sampled_from([b"server", b"KEYSPACE", b"nosuch", b"everything", b""])), most=2),
    ),
    "LASTSAVE": command(b"LASTSAVE"),
    "LATENCY HELP": _with_subcommand(b"LATENCY", b"HELP"),
    "LATENCY HISTORY": _with_subcommand(b"LATENCY", b"HISTORY", st.sampled_from([b"command", b"junk"])),
    "LATENCY LATEST": _with_subcommand(b"LATENCY", b"LATEST"),
    "LATENCY RESET": _with_subcommand(b"LATENCY", b"RESET", maybe(st.sampled_from([b"command", b"junk"]))),
    "MEMORY HELP": _with_subcommand(b"MEMORY", b"HELP"),
    "MEMORY USAGE": _with_subcommand(
        b"MEMORY", b"USAGE", keys, options(command(word(b"SAMPLES"), any_integers), most=2)
    ),
    "MODULE LIST": _with_subcommand(b"MODULE", b"LIST"),
    "ROLE": command(b"ROLE"),
    "SLOWLOG GET": _with_subcommand(b"SLOWLOG", b"GET", maybe(st.sampled_from([b"-1", b"-2", b"0", b"abc"]))),
    "SLOWLOG HELP": _with_subcommand(b"SLOWLOG", b"HELP"),
    "SLOWLOG RESET": _with_subcommand(b"SLOWLOG", b"RESET", maybe(values)),
    "TIME": command(b"TIME"),
}
