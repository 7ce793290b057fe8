"""Clients that wait for lists and sorted sets are served the same on pycluster and on Valkey."""

import pytest
from differential.pair import Pair
from differential.stories import check_story

STORIES = {
    "in order of arrival": [
        "a~ BLPOP k 0",
        "b~ BRPOP other k 0",
        "c~ BLMPOP 0 1 k RIGHT COUNT 2",
        "w: RPUSH k 1 2 3 4 5",
        "w: LRANGE k 0 -1",
        "a< 1",
        "b< 1",
        "c< 1",
    ],
    "one by one": ["a~ BLPOP k 0", "b~ BLPOP k 0", "w: RPUSH k 1", "a< 1", "w: RPUSH k 2", "b< 1"],
    "something there already": [
        "w: RPUSH k 1 2 3 4",
        "a: BLPOP nothing k 0",
        "a: BRPOP k nothing 0",
        "a: BLMOVE k j LEFT RIGHT 0",
        "a: BRPOPLPUSH k j 0",
        "w: EXISTS k",
        "w: LRANGE j 0 -1",
        "a: BLMPOP 0 2 k j LEFT COUNT 10",
    ],
    "moved on": [
        "a~ BLMOVE k j LEFT RIGHT 0",
        "b~ BLPOP j 0",
        "w: RPUSH k x",
        "a< 1",
        "b< 1",
        "w: EXISTS k j",
    ],
    "moved in a circle": ["a~ BLMOVE k k LEFT RIGHT 0", "w: RPUSH k 1 2", "a< 1", "w: LRANGE k 0 -1"],
    "destination of another type": [
        "w: SET s x",
        "a~ BLMOVE k s LEFT RIGHT 0",
        "b~ BRPOPLPUSH k j 0",
        "w: RPUSH k 1",
        "a< 1",
        "b< 1",
    ],
    "two keys in one transaction": [
        "a~ BLPOP j k 0",
        "w: MULTI",
        "w: RPUSH k 1",
        "w: RPUSH j 2",
        "w: EXEC",
        "a< 1",
        "w: LRANGE k 0 -1",
    ],
    "gone within the transaction": [
        "a~ BLPOP k 0",
        "w: MULTI",
        "w: RPUSH k 1",
        "w: DEL k",
        "w: EXEC",
        "w: RPUSH k 2",
        "a< 1",
    ],
    "another type comes first": [
        "a~ BLPOP k 0",
        "w: SET k x",
        "w: DEL k",
        "w: APPEND k y",
        "w: DEL k",
        "w: RPUSH k 1",
        "a< 1",
    ],
    "other ways to fill a key": [
        "w: RPUSH j 1 2 3",
        "a~ BLPOP k 0",
        "w: RENAME j k",
        "a< 1",
        "a~ BLPOP m 0",
        "w: COPY k m",
        "a< 1",
        "a~ BLPOP n 0",
        "w: LMOVE m n LEFT LEFT",
        "a< 1",
        "w: SELECT 1",
        "w: RPUSH moved 1",
        "a~ BLPOP moved 0",
        "w: MOVE moved 0",
        "a< 1",
        "w: RPUSH swapped 1",
        "a~ BLPOP swapped 0",
        "w: SWAPDB 0 1",
        "a< 1",
    ],
    "in a transaction nobody waits": [
        "a: MULTI",
        "a: BLPOP k 0",
        "a: BRPOP k 1",
        "a: BLMOVE k j LEFT LEFT 0",
        "a: BRPOPLPUSH k j 0",
        "a: BLMPOP 0 1 k LEFT",
        "a: EXEC",
    ],
    "timeouts": [
        "a: BLPOP k 0.01",
        "a: BRPOP k 0.001",
        "a: BLMOVE k j LEFT LEFT 0.01",
        "a: BRPOPLPUSH k j 0.01",
        "a: BLMPOP 0.01 1 k LEFT",
    ],
    "wrong arguments": [
        "a: BLPOP k -1",
        "a: BLPOP k x",
        "a: BLPOP k inf",
        "a: BLPOP k -inf",
        "a: BLPOP k nan",
        "a: BLPOP k 1e18",
        'a: BLPOP k ""',
        "a: BLPOP k _1",
        "a: BLPOP 0",
        "a: BLMOVE k j LEFT MIDDLE -1",
        "a: BLMOVE k j LEFT LEFT -1",
        "a: BRPOPLPUSH k j x",
        "a: BLMPOP 0 0 k LEFT",
        "a: BLMPOP x 1 k LEFT",
        "a: BLMPOP 0 2 k LEFT",
        "a: BLMPOP 0 1 k MIDDLE",
        "a: BLMPOP 0 1 k LEFT COUNT 0",
        "a: BLMPOP 0 1 k LEFT COUNT 1 COUNT 1",
        "w: SET k x",
        "a: BLPOP k 0",
        "a: BLPOP nothing k 0",
        "a: BLMOVE k j LEFT LEFT 0",
        "a: BLMPOP 0 1 k LEFT",
    ],
    "sorted sets": [
        "a~ BZPOPMIN z y 0",
        "b~ BZPOPMAX z 0",
        "c~ BZMPOP 0 1 z MAX COUNT 2",
        "d~ BLPOP z 0",
        "w: ZADD z 1 one 2 two 3 three 4 four 5 five",
        "w: ZRANGE z 0 -1",
        "a< 1",
        "b< 1",
        "c< 1",
        "w: DEL z",
        "w: RPUSH z 1",
        "d< 1",
        "a~ BZPOPMIN z 0",
        "w: ZADD y 7 seven",
        "w: ZRANGESTORE z y 0 -1",
        "a< 1",
    ],
    "sorted sets that are there, or wrong": [
        "w: ZADD z 1.5 a 2 b 3 c 4 d",
        "a: BZPOPMIN nothing z 0",
        "a: BZPOPMAX z 0",
        "a: BZMPOP 0 2 nothing z MIN COUNT 9",
        "a: BZPOPMIN z 0.01",
        "a: BZPOPMAX z x",
        "a: BZMPOP x 1 z MIN",
        "a: BZMPOP 0 1 z MIDDLE",
        "a: BZMPOP 0 0 z MIN",
        "a: BZMPOP 0.01 1 z MAX",
        "w: SET z x",
        "a: BZPOPMIN z 0",
        "a: BZMPOP 0 1 z MIN",
        "a: MULTI",
        "a: BZPOPMIN y 0",
        "a: BZPOPMAX y 0",
        "a: BZMPOP 0 1 y MIN",
        "a: EXEC",
    ],
    "hang up": ["a~ BLPOP k 0", "b~ BLPOP k 0", "a!", "w: CLIENT LIST TYPE replica", "w: PING"],
    "pipelined behind it": ["a~ BLPOP k 0", "w: RPUSH k 1", "a< 1", "a: PING"],
    "reply off": ["a: CLIENT REPLY ON", "a~ BLPOP k 0", "w: RPUSH k 1", "a< 1"],
    "paused": [
        "w: CLIENT PAUSE 100000 WRITE",
        "a~ BLPOP k 0.01",
        "w: CLIENT UNPAUSE",
        "a< 1",
    ],
}


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("name", STORIES)
def test_waiting_clients_are_served_the_same(pair: Pair, name: str, resp: int) -> None:
    check_story(pair, STORIES[name], resp=resp)


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("how", ["", "TIMEOUT", "ERROR"])
def test_client_unblock_ends_a_wait_once(pair: Pair, how: str, resp: int) -> None:
    endings = []
    for server in pair.servers:
        with server.connect(resp=resp) as waiting, server.connect() as other:
            number = waiting.call(b"CLIENT", b"ID").text
            other.call(b"DEL", b"k")
            words = [word.encode() for word in (how,) if word]
            waiting.send_raw(b"*3\r\n$5\r\nBLPOP\r\n$1\r\nk\r\n$1\r\n0\r\n")
            while other.call(b"CLIENT", b"UNBLOCK", number, *words).raw == b":0\r\n":
                pass
            again = other.call(b"CLIENT", b"UNBLOCK", number).raw
            endings.append((waiting.frames(1)[0].raw, again, waiting.call(b"PING").raw))
    assert endings[0] == endings[1]
