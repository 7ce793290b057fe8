"""Connections whose replies do not come one to a command: inline requests, CLIENT REPLY, MONITOR, QUIT."""

import re

import pytest
from differential.pair import Pair
from differential.server import Server
from differential.wire import encode

END = b"end of the story"

STORIES = {
    "inline": b"PING\r\nECHO hello\r\nSET k v\r\nGET k\r\n",
    "inline with bare newlines": b"PING\nECHO hello\n",
    "inline with quotes": b"ECHO \"a b\"\r\nECHO 'it'\r\nECHO 'a\\'b'\r\n",
    "inline with escapes": b'ECHO "\\x41\\n\\r\\t\\a\\b\\q"\r\n',
    "inline with nothing in it": b"\r\n\r\n   \r\nPING\r\n",
    "inline with spaces around": b"   ECHO    x   \r\n",
    "inline empty quotes": b'ECHO ""\r\n',
    "array of nothing": b"*0\r\n*-1\r\n" + encode([b"PING"]),
    "empty command name": encode([b""]),
    "reply off and on": encode([b"CLIENT", b"REPLY", b"OFF"])
    + encode([b"SET", b"k", b"v"])
    + encode([b"NOSUCH"])
    + encode([b"CLIENT", b"REPLY", b"ON"])
    + encode([b"GET", b"k"]),
    "reply skip": encode([b"CLIENT", b"REPLY", b"SKIP"])
    + encode([b"SET", b"k", b"v"])
    + encode([b"GET", b"k"]),
    "reply skip twice": encode([b"CLIENT", b"REPLY", b"SKIP"]) * 2
    + encode([b"PING"])
    + encode([b"GET", b"k"]),
    "reply skip under off": encode([b"CLIENT", b"REPLY", b"OFF"])
    + encode([b"CLIENT", b"REPLY", b"SKIP"])
    + encode([b"PING"]) * 3
    + encode([b"CLIENT", b"REPLY", b"ON"]),
    "reset while replies are off": encode([b"CLIENT", b"REPLY", b"OFF"])
    + encode([b"RESET"])
    + encode([b"PING"]),
    "hello switches in the middle": encode([b"HELLO", b"3"])[:0]
    + encode([b"GET", b"nosuch"])
    + encode([b"CLIENT", b"SETNAME", b"x"])
    + encode([b"CLIENT", b"GETNAME"]),
    "quit is answered and closes": encode([b"PING"]) + encode([b"QUIT"]),
    "unknown commands quote their arguments": encode(
        [b"NOSUCH", b"a b", b"\x00\xff\r\n", b"'", b"x" * 300, b"last"]
    )
    + encode([b"x" * 300, b"y"])
    + encode([b"NOSUCH", *[b"word"] * 50]),
}


def _told(server: Server, story: bytes, resp: int) -> bytes:
    """Everything a server sends until it closes the connection after the story."""
    with server.connect() as wire:
        wire.call(b"FLUSHALL")
    with server.connect(resp=resp) as wire:
        wire.send_raw(story + encode([b"ECHO", END]) + encode([b"QUIT"]))
        return wire.read_to_end()


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("name", STORIES)
def test_a_connection_receives_the_same_bytes(pair: Pair, name: str, resp: int) -> None:
    assert _told(pair.subject, STORIES[name], resp) == _told(pair.oracle, STORIES[name], resp)


def test_monitor_shows_commands_of_others_as_valkey_does(pair: Pair) -> None:
    seen = []
    for server in pair.servers:
        with server.connect() as watcher, server.connect() as actor:
            assert watcher.call(b"MONITOR").raw == b"+OK\r\n"
            actor.exchange(
                [
                    (b"SET", b"k", b'a b\x00"\\\r\n\xff'),
                    (b"SELECT", b"1"),
                    (b"get", b"k"),
                    (b"NOSUCH",),
                    (b"GET",),
                    (b"CONFIG", b"GET", b"port"),
                ]
            )
            lines = [watcher.exchange_raw(b"", 1)[0].raw for _ in range(3)]
            seen.append(
                [re.sub(rb"\+[\d.]+ \[(\d+) [^]]*\]", rb"+TIME [\1 ADDRESS]", line) for line in lines]
            )
    assert seen[0] == seen[1]


def test_client_kill_by_id_name_and_age_counts_and_closes(pair: Pair) -> None:
    for server in pair.servers:
        with server.connect() as victim, server.connect() as killer:
            number = victim.call(b"CLIENT", b"ID").text
            assert killer.call(b"CLIENT", b"KILL", b"ID", number).raw == b":1\r\n"
            assert victim.read_to_end() == b""
        with server.connect() as victim, server.connect() as killer:
            victim.call(b"CLIENT", b"SETNAME", b"victim")
            number = victim.call(b"CLIENT", b"ID").text
            assert killer.call(b"CLIENT", b"KILL", b"ID", number, b"SKIPME", b"yes").raw == b":1\r\n"
            assert killer.call(b"CLIENT", b"KILL", b"ID", number).raw == b":0\r\n"


def test_a_client_kills_itself_after_its_reply(pair: Pair) -> None:
    ends = []
    for server in pair.servers:
        with server.connect() as wire:
            number = wire.call(b"CLIENT", b"ID").text
            wire.send_raw(encode([b"CLIENT", b"KILL", b"ID", number, b"SKIPME", b"no"]))
            ends.append(wire.read_to_end())
    assert ends == [b":1\r\n", b":1\r\n"]


def test_client_pause_holds_writes_until_unpause(pair: Pair) -> None:
    for server in pair.servers:
        with server.connect() as paused, server.connect() as other:
            other.call(b"CLIENT", b"PAUSE", b"100000", b"WRITE")
            assert paused.call(b"GET", b"nosuch").raw == b"$-1\r\n"
            paused.send_raw(encode([b"SET", b"paused", b"1"]) + encode([b"GET", b"paused"]))
            # The write waits, so another client does not see it however often it looks.
            assert [reply.raw for reply in other.exchange([(b"EXISTS", b"paused")] * 50)] == [b":0\r\n"] * 50
            other.call(b"CLIENT", b"UNPAUSE")
            assert [frame.raw for frame in paused.exchange_raw(b"", 2)] == [b"+OK\r\n", b"$1\r\n1\r\n"]
