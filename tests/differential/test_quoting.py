"""Errors that quote a client's words: NULs, line breaks, bytes of no encoding, long words."""

import pytest
from differential.pair import Pair
from differential.wire import Argv

WORDS = [b"ju\x00nk", b"ju\r\nnk", b"\xff\x80", b"%s%n", b"", b"'\"\\", b"x" * 300]
SETUP: list[Argv] = [
    (b"SET", b"s", b"x"),
    (b"RPUSH", b"l", b"x"),
    (b"GEOADD", b"g", b"1", b"1", b"m"),
    (b"XADD", b"x", b"1-1", b"a", b"b"),
]


def _quoting(word: bytes) -> list[Argv]:
    """Commands that refuse this word, wherever it stands."""
    return [
        (word,),
        (word, b"argument"),
        (b"NOSUCH", word, word),
        (b"OBJECT", word),
        (b"CLIENT", word),
        (b"CONFIG", word),
        (b"EXPIRE", b"s", b"100", word),
        (b"SCAN", b"0", b"TYPE", word),
        (b"SCAN", word),
        (b"SET", b"s", b"x", word),
        (b"COPY", b"s", b"t", word),
        (b"LCS", b"s", b"s", word),
        (b"SELECT", word),
        (b"SORT", b"l", word),
        (b"CONFIG", b"SET", word, b"1"),
        (b"CONFIG", b"SET", b"hz", word),
        (b"CONFIG", b"SET", b"maxmemory-policy", word),
        (b"CLIENT", b"KILL", b"TYPE", word),
        (b"CLIENT", b"KILL", b"USER", word),
        (b"CLIENT", b"LIST", b"TYPE", word),
        (b"CLIENT", b"SETINFO", word, b"value"),
        (b"CLIENT", b"NO-EVICT", word),
        (b"CLIENT", b"REPLY", word),
        (b"CLIENT", b"TRACKING", b"ON", word),
        (b"CLIENT", b"UNBLOCK", b"99", word),
        (b"HELLO", word),
        (b"HELLO", b"2", word),
        (b"FLUSHALL", word),
        (b"AUTH", word, word),
        (b"PUBSUB", word),
        (b"LATENCY", b"GRAPH", word),
        (b"COMMANDLOG", b"GET", b"1", word),
        (b"MEMORY", b"USAGE", b"s", word, b"1"),
        (b"COMMAND", b"LIST", b"FILTERBY", word, word),
        (b"ZADD", b"z", b"XX", word),
        (b"GEOSEARCH", b"g", b"FROMMEMBER", word, b"BYRADIUS", b"1", b"m"),
        (b"XADD", b"x", word, b"a", b"b"),
        (b"XGROUP", b"CREATE", b"x", word, word),
        (b"XREADGROUP", b"GROUP", word, b"c", b"STREAMS", b"x", b">"),
        (b"XINFO", b"CONSUMERS", b"x", word),
        (b"XSETID", b"x", word),
        (b"XPENDING", b"x", word),
    ]


@pytest.mark.parametrize("resp", [2, 3])
def test_errors_quote_words_as_valkey_does(pair: Pair, supported: frozenset[str], resp: int) -> None:
    known = {name.encode() for name in supported} | {b"NOSUCH", *WORDS}
    commands = [argv for word in WORDS for argv in _quoting(word) if argv[0] in known]
    pair.check([*SETUP, *commands], resp=resp)
