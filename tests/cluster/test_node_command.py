"""`pycluster node`: one node alone, run as redis-server would be."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from support.command_line import CommandLine, pycluster
from support.processes import running

from pycluster.supervisor.ports import free_port_range


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


def test_logs_go_where_and_in_the_form_that_was_asked_for(tmp_path: Path) -> None:
    log_file, port = tmp_path / "node.log", free_port_range(1)
    words = ["node", "--port", str(port), "--logfile", str(log_file), "--log-format", "json"]
    with running([*pycluster(), *words], stderr=subprocess.PIPE) as process:
        with redis.Redis(port=port, retry=Retry(ExponentialBackoff(cap=0.2), retries=100)) as client:
            assert client.ping()
        process.terminate()
        assert process.communicate(timeout=10)[1] == ""
    messages = [json.loads(line)["message"] for line in log_file.read_text().splitlines()]
    assert messages == [f"listening on 127.0.0.1:{port}", "stopping on SIGTERM", "stopped"]


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
    assert done.stderr == f"pycluster: port {port} is in use\n"
