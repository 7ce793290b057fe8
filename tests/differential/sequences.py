"""Sequences of generated commands: which commands there are, and how they are mixed."""

import itertools
from collections.abc import Mapping

from differential import (
    commands_bitmap,
    commands_connection,
    commands_generic,
    commands_geo,
    commands_hash,
    commands_hyperloglog,
    commands_list,
    commands_pubsub,
    commands_server,
    commands_set,
    commands_sort,
    commands_sorted_set,
    commands_stream,
    commands_string,
    commands_transaction,
)
from differential.commands_string import SET_PLAIN
from differential.values import Commands, is_steady, mangled
from differential.wire import Argv
from hypothesis import strategies as st

GROUPS: Mapping[str, Mapping[str, Commands]] = {
    "string": commands_string.COMMANDS,
    "bitmap": commands_bitmap.COMMANDS,
    "list": commands_list.COMMANDS,
    "sorted-set": commands_sorted_set.COMMANDS,
    "geo": commands_geo.COMMANDS,
    "hash": commands_hash.COMMANDS,
    "set": commands_set.COMMANDS,
    "sort": commands_sort.COMMANDS,
    "generic": commands_generic.COMMANDS,
    "connection": commands_connection.COMMANDS,
    "server": commands_server.COMMANDS,
    "hyperloglog": commands_hyperloglog.COMMANDS,
    "stream": commands_stream.COMMANDS,
    "transaction": commands_transaction.COMMANDS,
    "pubsub": commands_pubsub.COMMANDS,
}
"""Every generator, by group and by command; a file for another group of commands adds one line here."""

# A wrong argument here would not be an error but a client killed, a wait without end or a string of 256 MB.
NEVER_MANGLED = frozenset({"CLIENT KILL", "CLIENT PAUSE", "WAIT", "WAITAOF", "SETBIT", "BITFIELD"})
# Their replies end or change the connection for what follows, so they come seldom.
SELDOM = frozenset({"QUIT", "RESET", "HELLO", "FLUSHALL", "FLUSHDB", "CONFIG SET", "unknown command"})

# Half a dozen short lists, not one long list: long sequences are common, and every part shrinks to nothing.
PARTS_PER_SEQUENCE = 6
PART_COMMANDS_MAX = 10


def generators(group: str, supported: frozenset[str]) -> dict[str, Commands]:
    """The group's generators of commands that the subject lists, with wrong arguments mixed in."""
    return {
        name: strategy if name in NEVER_MANGLED else mangled(strategy)
        for name, strategy in GROUPS[group].items()
        if name in supported or name == "unknown command"
    }


def sequences(group: str, supported: frozenset[str]) -> st.SearchStrategy[list[Argv]]:
    """Sequences that are mostly of one group, on keys that the string commands fill."""
    own = generators(group, supported)
    common = [strategy for name, strategy in own.items() if name not in SELDOM]
    mixed = st.one_of(
        SET_PLAIN,
        st.one_of(common),
        st.one_of(common),
        st.one_of(common),
        st.one_of(list(generators("string", supported).values())),
        st.one_of(list(own.values())),
    ).filter(is_steady)
    part = st.lists(mixed, max_size=PART_COMMANDS_MAX)
    return st.tuples(*[part] * PARTS_PER_SEQUENCE).map(lambda parts: list(itertools.chain(*parts)))
