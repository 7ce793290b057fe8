"""Servers to be treated badly, and a client that has to be served on while they are."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from differential.server import Server, start_oracle, start_subject

StartServer: TypeAlias = Callable[..., Server]


@pytest.fixture
def start_ours(tmp_path: Path) -> Iterator[StartServer]:
    """Starts a pycluster node with options, such as ``maxclients="20"``; stopped after the test."""
    yield from _starter(start_subject, tmp_path)


@pytest.fixture
def start_valkey(tmp_path: Path) -> Iterator[StartServer]:
    """Starts Valkey likewise."""
    yield from _starter(start_oracle, tmp_path)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One node for the tests of a file that leave it as it was."""
    server = start_subject(tmp_path_factory.mktemp("subject"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One Valkey likewise."""
    server = start_oracle(tmp_path_factory.mktemp("oracle"))
    yield server
    server.stop()


@pytest.fixture
def bystander(ours: Server) -> Iterator[None]:
    """Another client of ``ours``: connected before the test, and served after it, on the same connection."""
    with ours.connect() as wire:
        assert wire.call(b"SET", b"bystander", b"here").raw == b"+OK\r\n"
        yield
        assert wire.call(b"GET", b"bystander").raw == b"$4\r\nhere\r\n"
        assert ours.process.poll() is None


def _starter(start: Callable[..., Server], folder: Path) -> Iterator[StartServer]:
    started: list[Server] = []

    def remembered(**options: str) -> Server:
        started.append(start(folder, **options))
        return started[-1]

    yield remembered
    for server in started:
        server.stop()
