"""COMMAND describes every command of pycluster exactly as Valkey does, and no promised one is missing."""

from collections.abc import Mapping

import pytest
from differential.compare import unordered
from differential.pair import Pair
from differential.sequences import GROUPS
from differential.server import Server
from differential.wire import Frame

FIELDS = [
    "name",
    "arity",
    "flags",
    "first key",
    "last key",
    "key step",
    "ACL categories",
    "tips",
    "key specifications",
]

PROMISED = """
    APPEND DECR DECRBY DELIFEQ GET GETDEL GETEX GETRANGE GETSET INCR INCRBY INCRBYFLOAT LCS MGET
    MSET MSETEX MSETNX PSETEX SET SETEX SETNX SETRANGE STRLEN SUBSTR COPY DEL EXISTS EXPIRE EXPIREAT
    EXPIRETIME KEYS OBJECT OBJECT|ENCODING OBJECT|FREQ OBJECT|HELP OBJECT|IDLETIME OBJECT|REFCOUNT
    PERSIST PEXPIRE PEXPIREAT PEXPIRETIME PTTL RANDOMKEY RENAME RENAMENX SCAN TOUCH TTL TYPE UNLINK
    AUTH CLIENT CLIENT|GETNAME CLIENT|HELP CLIENT|ID CLIENT|INFO CLIENT|KILL CLIENT|LIST
    CLIENT|NO-EVICT CLIENT|NO-TOUCH CLIENT|PAUSE CLIENT|REPLY CLIENT|SETINFO CLIENT|SETNAME
    CLIENT|UNBLOCK CLIENT|UNPAUSE ECHO HELLO PING QUIT RESET SELECT COMMAND COMMAND|COUNT
    COMMAND|DOCS COMMAND|GETKEYS COMMAND|HELP COMMAND|INFO COMMAND|LIST CONFIG CONFIG|GET
    CONFIG|HELP CONFIG|RESETSTAT CONFIG|SET DBSIZE FLUSHALL FLUSHDB INFO LATENCY MEMORY MEMORY|USAGE
    MONITOR SLOWLOG SLOWLOG|GET SLOWLOG|HELP SLOWLOG|LEN SLOWLOG|RESET TIME READONLY READWRITE
    ASKING CLUSTER CLUSTER|SLOTS CLUSTER|SHARDS CLUSTER|NODES CLUSTER|INFO CLUSTER|MYID
    CLUSTER|MYSHARDID CLUSTER|KEYSLOT CLUSTER|COUNTKEYSINSLOT CLUSTER|GETKEYSINSLOT CLUSTER|LINKS
    CLUSTER|REPLICAS MULTI EXEC DISCARD WATCH UNWATCH
"""

# Tried by other files than the generators', or not at all because the reply is a matter of the machine.
NOT_GENERATED = {
    "CLUSTER": "test_standalone_cluster.py and test_redirects.py",
    "DEBUG": "a helper of tests",
    "LATENCY": "the generators know its subcommands; the reports are prose about the machine",
    "MEMORY": "the generators know MEMORY USAGE; the reports are prose about the machine",
    "MONITOR": "test_connection.py",
    "SHUTDOWN": "ends the server",
}


def _table(server: Server) -> Mapping[str, Frame]:
    """Entries of COMMAND by name, subcommands as ``container|name``."""
    with server.connect() as wire:
        entries = list(wire.call(b"COMMAND"))
    entries += [subcommand for entry in entries for subcommand in entry.items[9]]
    return {entry.items[0].text.decode(): entry for entry in entries}


def test_every_listed_command_is_described_as_valkey_describes_it(subject: Server, oracle: Server) -> None:
    ours, theirs = _table(subject), _table(oracle)
    wrong = []
    for name, entry in sorted(ours.items()):
        if name not in theirs:
            wrong.append(f"{name}: Valkey has no such command")
            continue
        for field, our_part, their_part in zip(FIELDS, entry, theirs[name], strict=False):
            if not unordered(our_part, their_part):
                wrong.append(f"{name}: {field}: {our_part.raw!r}, but Valkey says {their_part.raw!r}")
    assert not wrong, "\n".join(wrong)


def test_every_promised_command_is_listed(subject: Server) -> None:
    listed = _table(subject)
    missing = [name for name in PROMISED.split() if name.lower() not in listed]
    assert not missing


def test_every_listed_command_has_a_generator(subject: Server) -> None:
    generated = {name.split(" ")[0] for group in GROUPS.values() for name in group}
    listed = {name.upper() for name in _table(subject) if "|" not in name}
    assert sorted(listed - generated - NOT_GENERATED.keys()) == []


@pytest.mark.parametrize("resp", [2, 3])
def test_command_info_answers_as_one_by_one(pair: Pair, supported: frozenset[str], resp: int) -> None:
    names = [name.replace(" ", "|").encode() for name in sorted(supported)]
    pair.check([(b"COMMAND", b"INFO", name) for name in [*names, b"nosuch"]], resp=resp)
