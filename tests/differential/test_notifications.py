"""Keyspace notifications are the same on pycluster and on Valkey."""

import pytest
from differential.pair import Pair
from differential.stories import check_story

DEEDS = [
    "SET k v",
    "SET k v EX 100",
    "GET k",
    "GET nothing",
    "MGET nothing k neither",
    "EXISTS nothing",
    "TTL nothing",
    "TYPE nothing",
    "GETEX k PX 100000",
    "PERSIST k",
    "PERSIST k",
    "EXPIRE k 100",
    "EXPIRE k 100 NX",
    "EXPIRE k -1",
    "SETEX k 100 v",
    "SETNX k v",
    "SETNX new v",
    "GETSET k w",
    "APPEND k x",
    "SETRANGE k 1 y",
    'SETRANGE k 1 ""',
    "GETDEL k",
    "MSET a 1 b 2",
    "MSETNX a 1 c 2",
    "MSETNX c 1 d 2",
    "INCR a",
    "DECRBY a 2",
    "INCRBYFLOAT a 0.5",
    "RENAME a e",
    "RENAME e e",
    "RENAMENX e b",
    "RENAMENX e f",
    "COPY f g",
    "COPY f g",
    "MOVE g 1",
    "DEL f nothing",
    "UNLINK b c",
    "TOUCH d",
    "RPUSH l 1 2 3 4 5 6 7 8",
    "LPUSH l 0",
    "LPUSHX nothing 0",
    "LSET l 0 zero",
    "LINSERT l AFTER 1 x",
    "LREM l 1 x",
    "LREM l 1 x",
    "LTRIM l 0 6",
    "LPOP l",
    "RPOP l",
    "LMOVE l m LEFT RIGHT",
    "RPOPLPUSH l l",
    "LMPOP 1 l LEFT COUNT 1",
    "BLPOP l 0",
    "BLMOVE l m LEFT LEFT 0",
    "LTRIM m 5 0",
    "FLUSHALL",
]


@pytest.mark.parametrize("resp", [2, 3])
def test_every_deed_is_told_the_same(pair: Pair, resp: int) -> None:
    lines = ["w: CONFIG SET notify-keyspace-events KEAm", "a: PSUBSCRIBE __key*"]
    for words in DEEDS:
        lines += [f"w: {words}", "a?"]
    check_story(pair, [*lines, 'w: CONFIG SET notify-keyspace-events ""'], resp=resp)


@pytest.mark.parametrize("classes", ["KEA", "K$", "El", "Kx", "A", "Eg", "KEg$l", '""'])
def test_only_the_classes_that_were_asked_for_are_told(pair: Pair, classes: str) -> None:
    check_story(
        pair,
        [
            f"w: CONFIG SET notify-keyspace-events {classes}",
            "w: CONFIG GET notify-keyspace-events",
            "a: PSUBSCRIBE *",
            "w: SET k v",
            "w: RPUSH l 1",
            "w: DEL k l",
            "w: SET k v PX 1",
            "w: BLPOP nothing 0.02",
            "w: GET k",
            'w: CONFIG SET notify-keyspace-events ""',
        ],
    )
