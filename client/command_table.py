"""What the client must know of a command: where its first key stands, and whether it may be sent twice."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, Final

import attrs

from pycluster.client.errors import UnexpectedReplyError
from pycluster.client.resp import Argument, encode


class Access(enum.Enum):
    """What happens to the data when a command is executed, or executed once more."""

    READ = "read"
    """Only reads: a replica may answer, and it may be repeated."""
    IDEMPOTENT = "idempotent"
    """Writes, but a repeat leaves the same state and gets the same reply."""
    WRITE = "write"
    """Writes, and a repeat would show."""


@attrs.frozen(kw_only=True)
class CommandSpec:
    """Where a command's first key stands. One key is enough to route it: the server checks the others' slot.

    Attributes:
        access: what a repeat would do.
        key_at: position of the first key; 0: not at a fixed place.
        count_at: position of the number of keys, which the keys follow; 0: there is none.
        key_after: the word the keys follow, in upper case; empty: there is none.
        ask_server: only the server can tell (COMMAND GETKEYS).
        stateful: changes the state of its connection, so it must not use a pooled one.
    """

    access: Access = Access.WRITE
    key_at: int = 0
    count_at: int = 0
    key_after: str = ""
    ask_server: bool = False
    stateful: bool = False

    def first_key(self, args: Sequence[Argument]) -> Argument | None:
        """The first key among a command's arguments (its name included), None when it has none."""
        if self.key_at:
            return args[self.key_at] if len(args) > self.key_at else None
        if self.count_at:
            counted = len(args) > self.count_at + 1 and encode(args[self.count_at]) != b"0"
            return args[self.count_at + 1] if counted else None
        if self.key_after:
            word = self.key_after.encode()
            for position in range(1, len(args) - 1):
                if encode(args[position]).upper() == word:
                    return args[position + 1]
        return None


_FIRST: Final = {
    Access.READ: """
        BITCOUNT BITFIELD_RO BITPOS DUMP EXISTS EXPIRETIME GEODIST GEOHASH GEOPOS GEORADIUSBYMEMBER_RO
        GEORADIUS_RO GEOSEARCH GET GETBIT GETRANGE HEXISTS HEXPIRETIME HGET HGETALL HKEYS HLEN HMGET
        HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSTRLEN HTTL HVALS LCS LINDEX LLEN LPOS LRANGE MGET PEXPIRETIME
        PFCOUNT PTTL SCARD SDIFF SINTER SISMEMBER SMEMBERS SMISMEMBER SORT_RO SRANDMEMBER SSCAN STRLEN SUBSTR
        SUNION TOUCH TTL TYPE XLEN XPENDING XRANGE XREVRANGE ZCARD ZCOUNT ZLEXCOUNT ZMSCORE ZRANDMEMBER
        ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN
        ZSCORE""",
    Access.IDEMPOTENT: "HMSET LSET MSET PFMERGE PSETEX SET SETEX SETRANGE",
    Access.WRITE: """
        APPEND BITFIELD BLMOVE BLPOP BRPOP BRPOPLPUSH BZPOPMAX BZPOPMIN COPY DECR DECRBY DEL DELIFEQ EXPIRE
        EXPIREAT GEOADD GEORADIUS GEORADIUSBYMEMBER GEOSEARCHSTORE GETDEL GETEX GETSET HDEL HEXPIRE HEXPIREAT
        HGETDEL HGETEX HINCRBY HINCRBYFLOAT HPERSIST HPEXPIRE HPEXPIREAT HSET HSETEX HSETNX INCR INCRBY
        INCRBYFLOAT LINSERT LMOVE LPOP LPUSH LPUSHX LREM LTRIM MOVE MSETNX PERSIST PEXPIRE PEXPIREAT PFADD
        RENAME RENAMENX RESTORE RPOP RPOPLPUSH RPUSH RPUSHX SADD SDIFFSTORE SETBIT SETNX SINTERSTORE SMOVE
        SORT SPOP SPUBLISH SREM SUNIONSTORE UNLINK XACK XADD XAUTOCLAIM XCLAIM XDEL XSETID XTRIM ZADD
        ZDIFFSTORE ZINCRBY ZINTERSTORE ZPOPMAX ZPOPMIN ZRANGESTORE ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK
        ZREMRANGEBYSCORE ZUNIONSTORE""",
}
_SECOND: Final = {
    Access.READ: """
        MEMORY|USAGE OBJECT|ENCODING OBJECT|FREQ OBJECT|IDLETIME OBJECT|REFCOUNT XINFO|CONSUMERS XINFO|GROUPS
        XINFO|STREAM""",
    Access.WRITE: "BITOP XGROUP|CREATE XGROUP|CREATECONSUMER XGROUP|DELCONSUMER XGROUP|DESTROY XGROUP|SETID",
}
_COUNTED: Final = {
    (1, Access.READ): "SINTERCARD ZDIFF ZINTER ZINTERCARD ZUNION",
    (1, Access.WRITE): "LMPOP MSETEX ZMPOP",
    (2, Access.READ): "EVALSHA_RO EVAL_RO FCALL_RO",
    (2, Access.WRITE): "BLMPOP BZMPOP EVAL EVALSHA FCALL",
}
_AFTER: Final = {("STREAMS", Access.READ): "XREAD", ("STREAMS", Access.WRITE): "XREADGROUP"}
_KEYLESS: Final = {
    Access.READ: "DBSIZE ECHO INFO KEYS LASTSAVE LOLWUT PING RANDOMKEY ROLE SCAN TIME",
    Access.IDEMPOTENT: "FLUSHALL FLUSHDB",
    Access.WRITE: "BGREWRITEAOF BGSAVE DEBUG PUBLISH REPLICAOF SAVE SHUTDOWN WAIT WAITAOF",
}
_STATEFUL: Final = """
    ASKING AUTH CLIENT|CACHING CLIENT|REPLY CLIENT|TRACKING DISCARD EXEC HELLO MONITOR MULTI PSUBSCRIBE PSYNC
    PUNSUBSCRIBE QUIT READONLY READWRITE REPLCONF RESET SELECT SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC
    UNSUBSCRIBE UNWATCH WATCH"""
_CONTAINERS: Final = """
    ACL CLIENT CLUSTER COMMAND COMMANDLOG CONFIG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SLOWLOG
    XGROUP XINFO"""

# With one of these, a repeated SET would find another value than the first one did, or report another.
_SET_ONCE_WORDS: Final = frozenset((b"NX", b"GET", b"IFEQ"))

LEARNED_MAX: Final = 1_000
"""Commands remembered from COMMAND INFO at most, so that made-up names cannot fill memory."""


def _built_in() -> dict[str, CommandSpec]:
    table: dict[str, CommandSpec] = {}
    for access, names in _FIRST.items():
        table |= dict.fromkeys(names.split(), CommandSpec(access=access, key_at=1))
    for access, names in _SECOND.items():
        table |= dict.fromkeys(names.split(), CommandSpec(access=access, key_at=2))
    for (count_at, access), names in _COUNTED.items():
        table |= dict.fromkeys(names.split(), CommandSpec(access=access, count_at=count_at))
    for (word, access), names in _AFTER.items():
        table |= dict.fromkeys(names.split(), CommandSpec(access=access, key_after=word))
    for access, names in _KEYLESS.items():
        table |= dict.fromkeys(names.split(), CommandSpec(access=access))
    table |= dict.fromkeys(_STATEFUL.split(), CommandSpec(stateful=True))
    return table


BUILT_IN: Final = _built_in()
CONTAINERS: Final = frozenset(_CONTAINERS.split())


def command_name(args: Sequence[Argument]) -> str:
    """The name a command is known by: upper case, with ``|SUBCOMMAND`` where the name is only a family's."""
    name = encode(args[0]).decode("utf-8", "replace").upper()
    if name in CONTAINERS and len(args) > 1:
        return f"{name}|{encode(args[1]).decode('utf-8', 'replace').upper()}"
    return name


@attrs.define
class CommandTable:
    """Specs by command name: the built-in ones, and those a server was asked for."""

    _learned: dict[str, CommandSpec] = attrs.field(factory=dict, init=False)

    def find(self, args: Sequence[Argument]) -> CommandSpec | None:
        """The spec of a command with these arguments; None: ask a server and :meth:`learn` it."""
        name = args[0]
        # Written in upper case, as nearly everybody does, one dict look-up does it.
        spec = BUILT_IN.get(name) if type(name) is str else None
        if spec is None:
            full_name = command_name(args)
            spec = BUILT_IN.get(full_name) or self._learned.get(full_name)
            if spec is None:
                # The keyed subcommands of these families are all built in.
                return CommandSpec() if full_name.partition("|")[0] in CONTAINERS else None
        if (
            spec.access is Access.IDEMPOTENT
            and len(args) > 3
            and not _SET_ONCE_WORDS.isdisjoint([encode(word).upper() for word in args[3:]])
        ):
            return attrs.evolve(spec, access=Access.WRITE)
        return spec

    def learn(self, name: str, reply: Any) -> CommandSpec:
        """Take the reply of ``COMMAND INFO name``, strings as bytes; an unknown command counts as keyless.

        Raises:
            UnexpectedReplyError: the reply is no list of one entry.
        """
        try:
            (entry,) = reply
            spec = CommandSpec() if entry is None else _spec_from_entry(entry)
        except (TypeError, ValueError, IndexError) as exc:
            raise UnexpectedReplyError(f"COMMAND INFO {name}", str(exc)) from exc
        if len(self._learned) < LEARNED_MAX:
            self._learned[name] = spec
        return spec


def _spec_from_entry(entry: Sequence[Any]) -> CommandSpec:
    """Read name, arity, flags, first key, ... of one command; raises TypeError, ValueError or IndexError."""
    flags, key_at = frozenset(bytes(flag) for flag in entry[2]), int(entry[3])
    access = Access.READ if b"readonly" in flags else Access.WRITE
    if key_at > 0:
        return CommandSpec(access=access, key_at=key_at)
    return CommandSpec(access=access, ask_server=b"movablekeys" in flags)
