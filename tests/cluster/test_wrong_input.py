"""Wrong input to the command line: one clear line on standard error, status 2, and nothing left behind."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command_line import CommandLine

Up = Callable[..., int]


def _assert_refused(command_line: CommandLine, words: list[str], part: str) -> None:
    done = command_line.run(*words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("pycluster: ")
    assert part in done.stderr


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["up", "--nodes", "5", "--replicas", "1"], "5 nodes cannot be divided"),
        (["up", "--nodes", "2", "--replicas", "2"], "cannot be divided"),
        (["up", "--nodes", "0"], "--nodes"),
        (["up", "--nodes", "x"], "--nodes"),
        (["up", "--nodes", "100000"], "--nodes"),
        (["up", "--port", "65534"], "65535"),
        (["up", "--port", "0"], "--port"),
        (["up", "--bogus", "1"], "unknown option --bogus"),
        (["up", "--maxmemory"], "--maxmemory"),
        (["up", "--maxmemory", "lots"], "--maxmemory"),
        (["up", "--maxmemory-policy", "fifo"], "--maxmemory-policy"),
        (["up", "--bind", "192.0.2.1"], "192.0.2.1"),
        (["up", "--bind", "no such host"], "no such host"),
        (["up", "stray"], "stray"),
        (["status"], "no cluster"),
        (["down"], "no cluster"),
        (["logs"], "no cluster"),
        (["restart", "7000"], "no cluster"),
        (["dance"], "dance"),
    ],
)
def test_wrong_input_is_one_line(command_line: CommandLine, words: list[str], part: str) -> None:
    _assert_refused(command_line, words, part)
    assert not command_line.path.exists()


def test_a_port_in_use_is_named(command_line: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _assert_refused(
            command_line, ["up", "--nodes", "1", "--replicas", "0", "--port", str(port)], str(port)
        )
    assert not command_line.path.exists()


def test_a_directory_of_something_else_is_left_alone(command_line: CommandLine) -> None:
    command_line.path.mkdir()
    (command_line.path / "thesis.txt").touch()
    _assert_refused(command_line, ["up"], "thesis.txt")
    assert [entry.name for entry in command_line.path.iterdir()] == ["thesis.txt"]


def test_a_file_in_place_of_the_directory(command_line: CommandLine) -> None:
    command_line.path.touch()
    _assert_refused(command_line, ["up"], str(command_line.path))


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    _assert_refused(CommandLine(tmp_path / ("x" * 100)), ["up"], "too long")


def test_what_contradicts_a_running_cluster(up: Up, command_line: CommandLine) -> None:
    port = up(nodes=2)
    _assert_refused(command_line, ["up"], "already")
    _assert_refused(command_line, ["up", "--nodes", "3"], "--nodes 2")
    _assert_refused(command_line, ["up", "--maxmemory", "1mb"], "--maxmemory")
    _assert_refused(command_line, ["restart", "1"], f"{port}, {port + 1}")
    _assert_refused(command_line, ["logs", "1"], f"{port}, {port + 1}")
    assert command_line.status()["state"] == "ok"
