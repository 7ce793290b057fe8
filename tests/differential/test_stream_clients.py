"""Several clients on one stream: those who wait are served, and those who watch are told, as on Valkey."""

import pytest
from differential.pair import Pair
from differential.stories import check_story


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("change", [
    "XADD s 1-1 f v",
    "XADD s MAXLEN 0 1-1 f v",
    "XGROUP CREATE s g $ MKSTREAM",
    "XSETID s 5-5",
    "SET s x",
    "DEL s",
    "RENAME q s",
    "COPY q s",
    "MOVE s 1",
    "FLUSHALL",
])  # fmt: skip
def test_a_waiting_reader_is_served_by_the_same_changes(pair: Pair, change: str, resp: int) -> None:
    for start in ("$", "0", "0-0", "1-1", "9-9", "+"):
        check_story(
            pair,
            [
                "a: XADD q 7-7 f v",
                f"b~ XREAD BLOCK 0 STREAMS s {start}",
                f"a: {change}",
                "a: CLIENT LIST TYPE nosuch",
                "a: DEL s",
                "a: XADD s 10-1 f v",
                "b< 1",
            ],
            resp=resp,
        )


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("change", [
    "XADD s 2-1 f v",
    "XGROUP DESTROY s g",
    "XGROUP DESTROY s h",
    "XGROUP SETID s g 0",
    "XGROUP DELCONSUMER s g c",
    "XGROUP CREATECONSUMER s g d",
    "XGROUP CREATE s i 0",
    "XREADGROUP GROUP g d STREAMS s 0",
    "XCLAIM s g d 0 1-1",
    "XDEL s 1-1",
    "XTRIM s MAXLEN 0",
    "XSETID s 5-5",
    "SET s x",
    "DEL s",
    "RENAME s q",
    "RENAME other s",
    "RENAME string s",
    "FLUSHALL",
    "EXPIRE s -1",
])  # fmt: skip
def test_a_waiting_consumer_is_told_of_the_same_changes(pair: Pair, change: str, resp: int) -> None:
    lines = [
        "a: XADD s 1-1 f v",
        "a: XGROUP CREATE s g 0",
        "a: XGROUP CREATE s h 0",
        "a: XADD other 3-3 f v",
        "a: SET string x",
        "a: XREADGROUP GROUP g b COUNT 1 STREAMS s >",
        "b~ XREADGROUP GROUP g c BLOCK 0 STREAMS s >",
        f"a: {change}",
        "a: XINFO GROUPS s",
        "a: XADD s 9-9 f v",
        "a: DEL s",
        "b< 1",
        "b: PING",
    ]
    check_story(pair, lines, resp=resp)


STORIES = {
    "readers of one stream all get an entry": [
        "b~ XREAD BLOCK 0 STREAMS s $",
        "c~ XREAD COUNT 1 BLOCK 0 STREAMS s t 0 0",
        "d~ XREAD BLOCK 0 STREAMS t s $ $",
        "a: MULTI",
        "a: XADD s 1-1 f v",
        "a: XADD s 1-2 f v",
        "a: XADD t 1-1 f v",
        "a: EXEC",
        "b< 1",
        "c< 1",
        "d< 1",
    ],
    "consumers are served in order of arrival": [
        "a: XGROUP CREATE s g $ MKSTREAM",
        "b~ XREADGROUP GROUP g b COUNT 1 BLOCK 0 STREAMS s >",
        "c~ XREADGROUP GROUP g c COUNT 1 BLOCK 0 STREAMS s >",
        "d~ XREADGROUP GROUP g d BLOCK 0 NOACK STREAMS s >",
        "a: MULTI",
        "a: XADD s 1-1 f v",
        "a: XADD s 1-2 f v",
        "a: XADD s 1-3 f v",
        "a: XADD s 1-4 f v",
        "a: EXEC",
        "b< 1",
        "c< 1",
        "d< 1",
        "a: XPENDING s g",
        "a: XINFO GROUPS s",
    ],
    "a consumer that waits for several streams": [
        "a: XGROUP CREATE s g $ MKSTREAM",
        "a: XGROUP CREATE t g $ MKSTREAM",
        "b~ XREADGROUP GROUP g b BLOCK 0 STREAMS s t > >",
        "c~ XREADGROUP GROUP g c BLOCK 0 STREAMS s s > >",
        "a: XADD t 1-1 f v",
        "b< 1",
        "a: XADD s 1-1 f v",
        "c< 1",
        "b~ XREADGROUP GROUP g b BLOCK 0 STREAMS s t > >",
        "a: XGROUP DESTROY t g",
        "b< 1",
    ],
    "what has been there is no reason to wait": [
        "a: XADD s 1-1 f v",
        "a: XGROUP CREATE s g 0",
        "b: XREADGROUP GROUP g b BLOCK 0 STREAMS s >",
        "b: XREADGROUP GROUP g b BLOCK 0 STREAMS s 0",
        "b: XREADGROUP GROUP g b BLOCK 0 STREAMS s 5",
        "b: XREAD BLOCK 0 STREAMS s 0",
        "b: XREAD BLOCK 1 STREAMS s 1-1",
        "b: XREAD BLOCK 1 STREAMS s $",
        "b: XREADGROUP GROUP g b BLOCK 1 STREAMS s >",
        "b: XREAD BLOCK 0 STREAMS s $ $",
        "b: XREAD BLOCK -1 STREAMS s $",
        "b: XREAD BLOCK 1.5 STREAMS s $",
        "b: XREAD BLOCK 9223372036854775807 STREAMS s $",
    ],
    "in a transaction nobody waits": [
        "a: XGROUP CREATE s g $ MKSTREAM",
        "a: MULTI",
        "a: XREAD BLOCK 0 STREAMS s $",
        "a: XREADGROUP GROUP g a BLOCK 0 STREAMS s >",
        "a: XADD s 1-1 f v",
        "a: XREAD BLOCK 0 STREAMS s 0",
        "a: EXEC",
    ],
    "the end that is waited behind is that of the beginning": [
        "a: XADD s 5-5 f v",
        "b~ XREAD BLOCK 0 STREAMS s $",
        "a: MULTI",
        "a: DEL s",
        "a: XADD s 1-1 f v",
        "a: EXEC",
        "a: XADD s 6-6 f v",
        "b< 1",
    ],
}


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("name", STORIES)
def test_clients_that_wait_for_streams(pair: Pair, name: str, resp: int) -> None:
    check_story(pair, STORIES[name], resp=resp)


CHANGES = [
    "XADD s 9-9 f v",
    "XADD s MAXLEN 5 1-1 f v",
    "XADD s NOMKSTREAM 9-9 f v",
    "XTRIM s MAXLEN 9",
    "XTRIM s MAXLEN 1",
    "XDEL s 1-1",
    "XDEL s 7-7",
    "XSETID s 9-9",
    "XACK s g 1-1",
    "XREAD STREAMS s 0",
    "XREADGROUP GROUP g c STREAMS s >",
    "XREADGROUP GROUP g d STREAMS s 0",
    "XCLAIM s g d 0 1-1",
    "XAUTOCLAIM s g d 0 0",
    "XGROUP CREATE s i 0",
    "XGROUP CREATE s i 0 MKSTREAM",
    "XGROUP CREATECONSUMER s g d",
    "XGROUP DELCONSUMER s g c",
    "XGROUP SETID s g 0",
    "XGROUP DESTROY s g",
]


@pytest.mark.parametrize("existed", [False, True], ids=["missing", "there"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_same_changes_make_exec_fail(pair: Pair, change: str, existed: bool) -> None:
    fill = [
        "a: XADD s 1-1 f v",
        "a: XADD s 2-1 f v",
        "a: XGROUP CREATE s g 0",
        "a: XREADGROUP GROUP g c COUNT 1 STREAMS s >",
    ]
    check_story(
        pair, [*(fill if existed else []), "a: WATCH s", f"b: {change}", "a: MULTI", "a: PING", "a: EXEC"]
    )
