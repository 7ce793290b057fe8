"""COMMAND describes every command of pycluster exactly as Valkey does, and no promised one is missing."""

from collections.abc import Mapping

import pytest
from differential.compare import SUBCOMMANDS, row_fields, unordered
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
    CLUSTER|REPLICAS BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP MULTI EXEC DISCARD
    WATCH UNWATCH SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE
    PUBLISH SSUBSCRIBE SUNSUBSCRIBE SPUBLISH PUBSUB|CHANNELS PUBSUB|HELP PUBSUB|NUMPAT PUBSUB|NUMSUB
    PUBSUB|SHARDCHANNELS PUBSUB|SHARDNUMSUB
    XADD XLEN XRANGE XREVRANGE XDEL XTRIM XSETID
    XREAD XREADGROUP XACK XPENDING XCLAIM XAUTOCLAIM XGROUP XGROUP|CREATE XGROUP|CREATECONSUMER
    XGROUP|DELCONSUMER XGROUP|DESTROY XGROUP|HELP XGROUP|SETID XINFO XINFO|CONSUMERS XINFO|GROUPS
    XINFO|HELP XINFO|STREAM SETBIT GETBIT BITCOUNT BITPOS BITOP BITFIELD BITFIELD_RO
    HDEL HEXISTS HEXPIRE HEXPIREAT HEXPIRETIME HGET HGETALL HGETDEL HGETEX HINCRBY HINCRBYFLOAT HKEYS
    HLEN HMGET HMSET HPERSIST HPEXPIRE HPEXPIREAT HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSET HSETEX
    HSETNX HSTRLEN HTTL HVALS SADD SCARD SDIFF SDIFFSTORE SINTER SINTERCARD SINTERSTORE SISMEMBER
    SMEMBERS SMISMEMBER SMOVE SPOP SRANDMEMBER SREM SSCAN SUNION SUNIONSTORE SORT SORT_RO
    PFADD PFCOUNT PFMERGE
"""

# Tried by other files than the generators', or not at all because the reply is a matter of the machine.
NOT_GENERATED = {
    "CLUSTER": "test_standalone_cluster.py and test_redirects.py",
    "DEBUG": "a helper of tests",
    "LOLWUT": "art",
    "LATENCY": "the generators know its subcommands; the reports are prose about the machine",
    "MEMORY": "the generators know MEMORY USAGE; the reports are prose about the machine",
    "MONITOR": "test_connection.py",
    "SHUTDOWN": "ends the server",
    **dict.fromkeys(
        ["BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP"],
        "test_blocking.py",
    ),
    **dict.fromkeys(
        ["SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUNSUBSCRIBE"],
        "test_pubsub.py",
    ),
}


# Described in our own words where Valkey's line is out of proportion.
# GEOSEARCH has no BYPOLYGON yet, which is new in Valkey 9.
OWN_USAGE = {"client|kill", "geosearch", "geosearchstore"}


def _table(server: Server) -> Mapping[str, Frame]:
    """Entries of COMMAND by name, subcommands as ``container|name``."""
    with server.connect() as wire:
        entries = list(wire.call(b"COMMAND"))
    entries += [subcommand for entry in entries for subcommand in entry.items[SUBCOMMANDS]]
    return {entry.items[0].text.decode(): entry for entry in entries}


def _docs(server: Server) -> Mapping[str, Mapping[str, Frame]]:
    """Entries of COMMAND DOCS by name, subcommands as ``container|name``."""
    with server.connect(resp=3) as wire:
        found = _by_name(wire.call(b"COMMAND", b"DOCS"))
    entries = {name: _by_name(entry) for name, entry in found.items()}
    for entry in list(entries.values()):
        if (subcommands := entry.get("subcommands")) is not None:
            entries |= {name: _by_name(part) for name, part in _by_name(subcommands).items()}
    return entries


def _by_name(frame: Frame) -> dict[str, Frame]:
    return {key.text.decode(): value for key, value in zip(frame.items[::2], frame.items[1::2], strict=True)}


def _usage(arguments: Frame | None) -> str:
    """The arguments of COMMAND DOCS in one line, as redis-cli shows them for a hint."""
    return " ".join(_usage_of(argument) for argument in arguments or ())


def _usage_of(argument: Frame) -> str:
    fields = _by_name(argument)
    flags = {flag.text for flag in fields.get("flags", ())}
    token = fields["token"].text.decode() or '""' if "token" in fields else None
    match fields["type"].text:
        case b"pure-token":
            body = ""
        case b"oneof":
            body = " | ".join(_usage_of(part) for part in fields["arguments"])
            body = body if b"optional" in flags and token is None else f"<{body}>"
        case b"block":
            body = _usage(fields["arguments"])
        case _:
            body = fields["display_text"].text.decode()
    whole = f"{token} {body}".strip() if token is not None else body
    if b"multiple" in flags:
        whole += f" [{whole if b'multiple_token' in flags else body} ...]"
    return f"[{whole}]" if b"optional" in flags else whole


def test_every_listed_command_is_described_as_valkey_describes_it(subject: Server, oracle: Server) -> None:
    ours, theirs = _table(subject), _table(oracle)
    wrong = []
    for name, entry in sorted(ours.items()):
        if name not in theirs:
            wrong.append(f"{name}: Valkey has no such command")
            continue
        for field, one, other in zip(FIELDS, row_fields(entry), row_fields(theirs[name]), strict=True):
            if not unordered(one, other):
                wrong.append(f"{name}: {field}: {one.raw!r}, but Valkey says {other.raw!r}")
    assert not wrong, "\n".join(wrong)


def test_every_listed_command_is_documented_with_valkeys_version_group_and_arguments(
    subject: Server, oracle: Server
) -> None:
    ours, theirs = _docs(subject), _docs(oracle)
    assert ours.keys() == _table(subject).keys()
    wrong = [f"{name}: no summary" for name, entry in ours.items() if not entry["summary"].text]
    for name, entry in sorted(ours.items()):
        if name not in theirs:
            continue
        for field in ("since", "group"):
            one, other = entry[field].text.decode(), theirs[name][field].text.decode()
            if one != other:
                wrong.append(f"{name}: {field}: {one}, but Valkey says {other}")
        one, other = (_usage(docs.get("arguments")) for docs in (entry, theirs[name]))
        if one != other and name not in OWN_USAGE:
            wrong.append(f"{name}: usage: {one}\n    but Valkey says: {other}")
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
