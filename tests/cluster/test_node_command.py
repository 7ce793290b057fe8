"""`pycluster node`: one node alone, run as redis-server would be."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from support.command_line import CommandLine, pycluster
from support.processes import running

from pycluster.supervisor.local_cluster import free_port_range


@contextmanager
def _node(*words: str) -> Iterator[tuple[subprocess.Popen[str], redis.Redis]]:
    port = free_port_range(1)
    command = [*pycluster(), "node", "--port", str(port), *words]
    with running(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        # It logs once it listens.
        assert "listening" in process.stderr.readline()
        with redis.Redis(port=port, decode_responses=True) as client:
            yield process, client


def test_it_serves_with_redis_options_until_sigterm(tmp_path: Path) -> None:
    words = [
        "--save",
        "",
        "--appendonly",
        "no",
        "--daemonize",
        "no",
        "--maxmemory",
        "10mb",
        "--dir",
        str(tmp_path),
    ]
    with _node(*words) as (process, client):
        assert client.set("key", "value")
        client.select(5)
        assert client.get("key") is None
        assert client.config_get("maxmemory")["maxmemory"] == str(10 * 2**20)
        assert client.info("server")["process_id"] == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--bogus", "1"], "unknown option --bogus"),
        (["--maxmemory", "lots"], "--maxmemory"),
        (["--daemonize", "yes"], "--daemonize"),
        (["--loglevel", "loud"], "--loglevel"),
        (["--port", "65536"], "--port"),
        (["--maxmemory"], "--maxmemory"),
        (["stray"], "stray"),
    ],
)
def test_wrong_options_are_one_line(tmp_path: Path, words: list[str], part: str) -> None:
    done = CommandLine(tmp_path).run("node", *words)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert part in done.stderr


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with _node() as (_process, client):
        port = client.connection_pool.connection_kwargs["port"]
        done = CommandLine(tmp_path).run("node", "--port", str(port))
    assert done.returncode == 2
    assert str(port) in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
