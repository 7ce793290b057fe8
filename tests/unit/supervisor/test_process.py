"""Processes by pid and start time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pycluster.supervisor.process import ProcessIdentity, describe_status, stop_all, wait_ended

SLEEPER = "import signal, sys; print(flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def _start(processes: list[subprocess.Popen[bytes]], code: str) -> ProcessIdentity:
    process = subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE)
    processes.append(process)
    assert process.stdout is not None
    process.stdout.readline()
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    return identity


def test_a_process_is_found_again_by_its_record() -> None:
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    assert ProcessIdentity.from_record({**identity.to_record(), "node_id": "x"}) == identity


def test_a_record_of_another_process_with_the_same_pid_names_nobody() -> None:
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    stranger = ProcessIdentity(identity.pid, identity.start_ticks - 1)
    assert ProcessIdentity.from_record(stranger.to_record()) is None
    assert stranger.open_pidfd() is None
    assert not stranger.send_signal(signal.SIGTERM)


@pytest.mark.parametrize(
    "record", [{}, {"pid": 1}, {"pid": "1", "start_ticks": 0}, {"pid": True, "start_ticks": 1}]
)
def test_a_record_without_a_process_names_nobody(record: dict[str, object]) -> None:
    assert ProcessIdentity.from_record(record) is None


def test_a_zombie_does_not_live(processes: list[subprocess.Popen[bytes]]) -> None:
    identity = _start(processes, SLEEPER)
    processes[0].kill()
    assert wait_ended([identity], timeout_ms=5_000) == []
    assert not identity.is_alive()
    assert ProcessIdentity.of(identity.pid) is None


def test_processes_that_heed_sigterm_are_not_killed(processes: list[subprocess.Popen[bytes]]) -> None:
    identities = [_start(processes, SLEEPER) for _ in range(2)]
    assert stop_all(identities, timeout_ms=5_000) == []
    assert [process.wait() for process in processes] == [-signal.SIGTERM] * 2


def test_a_process_that_ignores_sigterm_is_killed(processes: list[subprocess.Popen[bytes]]) -> None:
    identity = _start(processes, STUBBORN)
    assert stop_all([identity], timeout_ms=50) == [identity]
    assert processes[0].wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "nobody saw how"),
        (0, "exit status 0"),
        (1, "exit status 1"),
        (-9, "SIGKILL"),
        (-99, "signal 99"),
    ],
)
def test_exit_statuses_in_words(status: int | None, words: str) -> None:
    assert describe_status(status) == words
