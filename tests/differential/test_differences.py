"""The table of differences in docs/compatibility.md is true: both servers answer as it says."""

import pytest
from differential.compare import Difference, load_differences
from differential.pair import Pair
from differential.server import Server


def _answer(server: Server, line: str) -> str:
    with server.connect() as wire:
        frame = wire.call(*line.encode().split())
    if frame.is_null:
        return "null"
    return frame.text.decode() if frame.kind in b"$=" else frame.raw.decode().strip().replace("\r\n", " ")


@pytest.mark.parametrize("difference", load_differences(), ids=lambda difference: difference.command)
def test_both_servers_answer_as_the_table_of_differences_says(pair: Pair, difference: Difference) -> None:
    pair.reset()
    answers = tuple(_answer(server, difference.command) for server in (pair.oracle, pair.subject))
    assert answers == (difference.oracle_reply, difference.subject_reply)
