import os
import socket

import pytest

from pycluster.bench.servers import BenchError, free_ports, info, pinned, running, server_kind


def test_pinning_ends_with_its_block() -> None:
    before = os.sched_getaffinity(0)
    core = max(before)
    with pinned(core):
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before


def test_free_ports_are_neighbours_beyond_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_ports(3, start=port, end=65_536) > port
        with pytest.raises(BenchError, match="no 1 free ports"):
            free_ports(1, start=port, end=port + 1)


def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(BenchError, match="no program no-such-server"):
        server_kind("no-such-server")


def test_a_server_runs_on_its_core_and_ends_with_its_block() -> None:
    core = max(os.sched_getaffinity(0))
    with running(server_kind("valkey"), core=core) as server:
        assert os.sched_getaffinity(server.pid) == {core}
        assert info(server.port, "server")["valkey_version"].startswith("9.")
    assert info(server.port, "server") == {}


def test_a_server_that_ends_at_once_is_an_error_with_what_it_said() -> None:
    with (
        pytest.raises(BenchError, match=r"waiting for false to serve: it ended with 1"),
        running(server_kind("false"), core=None),
    ):
        pass
