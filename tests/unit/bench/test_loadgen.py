import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pycluster.bench import _loadgen
from pycluster.bench.servers import Server, ask, info, running, server_kind


@pytest.fixture(scope="module")
def valkey() -> Iterator[Server]:
    """A Valkey that the tests of this module share."""
    with running(server_kind("valkey"), core=None) as server:
        yield server


def test_every_key_filled_is_found_again(valkey: Server) -> None:
    filled = _loadgen.run(
        "127.0.0.1", valkey.port, ops=3_000, keys=3_000, reads=0, distribution="sequential", pipeline=16
    )
    assert (filled["ops_done"], filled["errors"]) == (3_000, {})
    read = _loadgen.run(
        "127.0.0.1", valkey.port, ops=2_000, keys=3_000, writes=0, rate=20_000.0, value_size=100
    )
    assert (read["hits"], read["misses"], read["latency"]["count"]) == (2_000, 0, 2_000)


def test_writes_have_the_sizes_and_the_expiry_asked_for(valkey: Server) -> None:
    _loadgen.run(
        "127.0.0.1",
        valkey.port,
        ops=1,
        keys=1,
        key_size=20,
        value_size=37,
        expire_s=600,
        reads=0,
        connections=1,
    )
    key = b"key:" + b"0" * 16
    assert ask(valkey.port, b"STRLEN", key) == b":37"
    assert ask(valkey.port, b"TTL", key) == b":600"


def test_connections_are_as_many_as_asked_for(valkey: Server) -> None:
    before = int(info(valkey.port, "stats")["total_connections_received"])
    _loadgen.run("127.0.0.1", valkey.port, ops=100, connections=7, cluster=False)
    after = int(info(valkey.port, "stats")["total_connections_received"])
    # One connection finds out whether there is a server, and one asks for this number.
    assert after - before == 7 + 1 + 1


def test_settings_out_of_range_are_value_errors(valkey: Server) -> None:
    with pytest.raises(ValueError, match="connections must be 1 to 20000"):
        _loadgen.run("127.0.0.1", valkey.port, ops=1, connections=0)
    with pytest.raises(ValueError, match="either ops or duration_s"):
        _loadgen.run("127.0.0.1", valkey.port)
    with pytest.raises(ValueError, match="duration_s"):
        _loadgen.run("127.0.0.1", valkey.port, duration_s=float("nan"))


def test_no_server_is_a_connection_error(valkey: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionError, match=f"cannot connect to 127.0.0.1:{port}"):
        _loadgen.run("127.0.0.1", port, ops=1)
    with pytest.raises(ConnectionError, match="is no cluster: ERR"):
        _loadgen.run("127.0.0.1", valkey.port, ops=1, cluster=True)


def test_an_interrupt_ends_a_run(valkey: Server) -> None:
    program = (
        "import sys; from pycluster.bench import _loadgen\n"
        "try: _loadgen.run('127.0.0.1', int(sys.argv[1]), duration_s=60.0, rate=10.0)\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(valkey.port)], stdout=subprocess.PIPE, text=True
    )
    # Only a run that has begun has so many connections.
    while int(info(valkey.port, "clients")["connected_clients"]) < 50:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[0] == "interrupted\n"


def test_the_report_is_plain_data(valkey: Server) -> None:
    report = _loadgen.run("127.0.0.1", valkey.port, ops=10, connections=2)
    assert json.loads(json.dumps(report)) == report
    assert report["ops"] == report["ops_done"] == 10
