"""Redis's options on the command line."""

import pytest

from pycluster.supervisor.errors import InputError
from pycluster.supervisor.settings import parse_options


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["--maxmemory", "100mb"], {"maxmemory": "100mb"}),
        (["--MaxMemory", "100mb"], {"maxmemory": "100mb"}),
        (["--maxmemory=100mb"], {"maxmemory": "100mb"}),
        (["--save", ""], {"save": ""}),
        (["--save", "900", "1", "--appendonly", "no"], {"save": "900 1", "appendonly": "no"}),
        (["--save", "900", "1", "--save", "60", "100"], {"save": "900 1 60 100"}),
        (["--hz", "10", "--hz", "20"], {"hz": "20"}),
        (["--list-max-listpack-size", "-2"], {"list-max-listpack-size": "-2"}),
    ],
)
def test_options_are_read_as_redis_server_reads_them(words: list[str], options: dict[str, str]) -> None:
    assert parse_options(words) == options


@pytest.mark.parametrize("words", [["stray"], ["--maxmemory"], ["--maxmemory", "--hz", "10"], ["-x", "1"]])
def test_words_that_are_no_option_with_a_value_are_refused(words: list[str]) -> None:
    with pytest.raises(InputError):
        parse_options(words)
