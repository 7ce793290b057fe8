"""Transactions of several clients go the same way on pycluster and on Valkey."""

import pytest
from differential.pair import Pair
from differential.stories import check_story

# What another client does while a key is watched, and whether it was there before.
CHANGES = [
    "SET k 2",
    "DEL k",
    "UNLINK k",
    "APPEND k x",
    "INCR k",
    "SETRANGE k 0 9",
    'SETRANGE k 5 ""',
    "GETDEL k",
    "GETEX k EX 100",
    "GETEX k",
    "GET k",
    "GETSET k 1",
    "EXPIRE k 100",
    "EXPIRE k -1",
    "PERSIST k",
    "RENAME k j",
    "RENAME j k",
    "COPY k j",
    "COPY j k",
    "COPY j k REPLACE",
    "MOVE k 1",
    "MSET j 1",
    "MSET j 1 k 1",
    "MSETNX k 1 q 1",
    "SETNX k 1",
    "SET k 1 XX",
    "SET k 1 NX",
    "FLUSHDB",
    "FLUSHALL",
    "FLUSHALL ASYNC",
    "SWAPDB 0 1",
    "SWAPDB 1 2",
    "SWAPDB 0 0",
    "TOUCH k",
]


@pytest.mark.parametrize("existed", [False, True], ids=["missing", "there"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_same_changes_make_exec_fail(pair: Pair, change: str, existed: bool) -> None:
    check_story(
        pair,
        [
            "b: SET j 7",
            *(["b: SET k 1"] if existed else []),
            "b: SELECT 2",
            "b: SET k in_2",
            "b: SELECT 0",
            "a: WATCH k",
            f"b: {change}",
            "a: MULTI",
            "a: PING",
            "a: EXEC",
            "# the watch is over",
            "b: SET k 3",
            "a: MULTI",
            "a: GET k",
            "a: EXEC",
        ],
    )


STORIES = {
    "watch of a key in another database": [
        "a: SELECT 1",
        "a: WATCH k",
        "a: SELECT 0",
        "b: SET k 1",
        "a: MULTI",
        "a: PING",
        "a: EXEC",
        "a: SELECT 1",
        "a: WATCH k",
        "a: SELECT 0",
        "b: SELECT 1",
        "b: SET k 1",
        "a: MULTI",
        "a: PING",
        "a: EXEC",
    ],
    "own change": ["a: WATCH k", "a: SET k 1", "a: MULTI", "a: PING", "a: EXEC"],
    "change inside": ["a: WATCH k", "a: MULTI", "a: SET k 1", "a: EXEC", "a: MULTI", "a: EXEC"],
    "unwatch": ["a: WATCH k", "b: SET k 1", "a: UNWATCH", "a: MULTI", "a: PING", "a: EXEC"],
    "unwatch inside": ["a: WATCH k", "b: SET k 1", "a: MULTI", "a: UNWATCH", "a: EXEC"],
    "discard": ["a: WATCH k", "a: MULTI", "a: SET k 1", "a: DISCARD", "b: SET k 2", "a: MULTI", "a: EXEC"],
    "refused and changed": ["a: WATCH k", "b: SET k 1", "a: MULTI", "a: NOSUCH", "a: EXEC"],
    "watch again after the change": ["a: WATCH k", "b: SET k 1", "a: WATCH k j", "a: MULTI", "a: EXEC"],
    "reset": ["a: WATCH k", "a: MULTI", "a: RESET", "b: SET k 1", "a: MULTI", "a: EXEC", "a: DISCARD"],
    "quit": ["a: MULTI", "a: SET k 1", "a: QUIT", "b: GET k"],
    "hang up": ["a: MULTI", "a: SET k 1", "a!", "b: GET k"],
    "not allowed inside": [
        "a: MULTI",
        "a: MULTI",
        "a: EXEC",
        "a: MULTI",
        "a: WATCH k",
        "a: EXEC",
        "a: MULTI",
        "a: CLIENT REPLY OFF",
        "a: EXEC",
    ],
    "wrong number of arguments": [
        "a: EXEC now",
        "a: MULTI now",
        "a: DISCARD now",
        "a: WATCH",
        "a: UNWATCH k",
        "a: MULTI",
        "a: SET k 1",
        "a: EXEC now",
        "a: EXEC",
        "a: GET k",
    ],
    "protocol changed inside": ["a: MULTI", "a: GET k", "a: CLIENT GETNAME", "a: GET k", "a: EXEC"],
    "errors inside": [
        "a: MULTI",
        "a: SET k v",
        "a: INCR k",
        "a: SELECT 77",
        "a: SELECT 3",
        "a: GET k",
        "a: EXEC",
        "a: GET k",
    ],
    "paused": [
        "a: MULTI",
        "a: SET k 1",
        "c: MULTI",
        "c: GET k",
        "b: CLIENT PAUSE 100000 WRITE",
        "c: EXEC",
        "a~ EXEC",
        "c: GET k",
        "b: CLIENT UNPAUSE",
        "a< 1",
        "c: GET k",
    ],
}


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("name", STORIES)
def test_transactions_go_the_same_way(pair: Pair, name: str, resp: int) -> None:
    check_story(pair, STORIES[name], resp=resp)
