"""Too few and too many arguments: every command that pycluster lists refuses them in Valkey's words."""

import pytest
from differential.pair import Pair
from differential.server import Server
from differential.wire import Argv

# These would act on the server or on the connection instead of counting their arguments.
NOT_CALLED = {"SHUTDOWN", "MONITOR", "SYNC", "PSYNC", "QUIT", "RESET", "DEBUG"}
PADDING_MAX = 3


def _wrong_counts(server: Server) -> list[Argv]:
    with server.connect() as wire:
        entries = list(wire.call(b"COMMAND"))
    entries += [subcommand for entry in entries for subcommand in entry.items[9]]
    wrong: list[Argv] = []
    for entry in entries:
        words = tuple(entry.items[0].text.upper().split(b"|"))
        arity = int(entry.items[1].text)
        if words[0].decode() in NOT_CALLED:
            continue
        counts = range(len(words), abs(arity))
        if arity > 0:
            counts = [*counts, *range(arity + 1, arity + PADDING_MAX)]  # type: ignore[assignment]
        wrong += [words + (b"0",) * (count - len(words)) for count in counts]
    return wrong


@pytest.mark.parametrize("resp", [2, 3])
def test_a_wrong_number_of_arguments_is_refused_in_valkeys_words(pair: Pair, resp: int) -> None:
    commands = _wrong_counts(pair.subject)
    assert len(commands) > 100
    pair.check(commands, resp=resp)
