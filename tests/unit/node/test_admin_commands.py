"""SHUTDOWN and its options."""

import pytest

from pycluster.node.admin_commands import AdminCommands
from pycluster.node.answers import SILENCE, CommandError
from pycluster.node.commands import Call, Handler


@pytest.fixture
def stops() -> list[str]:
    """Grows by one each time a stop begins."""
    return []


@pytest.fixture
def shutdown(stops: list[str]) -> Handler:
    return AdminCommands(lambda: stops.append("stop")).table()["SHUTDOWN"]


@pytest.mark.parametrize(
    "words", [(), (b"NOSAVE",), (b"nosave", b"now"), (b"FORCE",), (b"SAVE", b"FORCE"), (b"NOW", b"FORCE")]
)
def test_shutdown_stops_without_an_answer(
    words: tuple[bytes, ...], shutdown: Handler, stops: list[str]
) -> None:
    assert shutdown(Call(arguments=words)) == SILENCE
    assert stops == ["stop"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((b"FOO",), "ERR syntax error"),
        ((b"\xff",), "ERR syntax error"),
        ((b"SAVE", b"NOSAVE"), "ERR syntax error"),
        ((b"ABORT", b"NOW"), "ERR syntax error"),
        ((b"ABORT",), "ERR No shutdown in progress."),
        ((b"SAVE",), "ERR Errors trying to SHUTDOWN. Check logs."),
    ],
)
def test_a_shutdown_that_is_refused_stops_nothing(
    words: tuple[bytes, ...], error: str, shutdown: Handler, stops: list[str]
) -> None:
    with pytest.raises(CommandError) as raised:
        shutdown(Call(arguments=words))
    assert (str(raised.value), stops) == (error, [])
