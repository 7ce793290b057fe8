"""The two servers, one of each for the whole test session."""

from collections.abc import Iterator

import pytest
from differential.compare import load_rules
from differential.pair import Pair
from differential.server import Server, start_oracle, start_subject


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Valkey 9.1."""
    server = start_oracle(tmp_path_factory.mktemp("oracle"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One pycluster node alone."""
    server = start_subject(tmp_path_factory.mktemp("subject"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pair(subject: Server, oracle: Server) -> Pair:
    """Both, with the rules of docs/compatibility.md."""
    return Pair(subject, oracle, load_rules())


@pytest.fixture(scope="session")
def supported(subject: Server) -> frozenset[str]:
    """Names of the commands and subcommands that the subject lists, such as ``OBJECT ENCODING``."""
    with subject.connect() as wire:
        table = wire.call(b"COMMAND")
    names = [entry.items[0].text for entry in table]
    names += [
        subcommand.items[0].text for entry in table if len(entry.items) > 9 for subcommand in entry.items[9]
    ]
    return frozenset(name.decode().upper().replace("|", " ") for name in names)
