"""Processes by pid and start time: whether one still lives, waiting for its end, stopping it.

A pid alone names nobody for long; with the start time from ``/proc`` it names one process until the next
boot, and a pidfd then holds on to exactly that process, child of ours or not.
"""

import contextlib
import os
import select
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import attrs

from pycluster.runtime import clock

# How long a process may take to end after SIGTERM before it gets SIGKILL.
STOP_TIMEOUT_MS = 10_000
# After SIGKILL only the kernel is left to wait for.
KILL_TIMEOUT_MS = 5_000


@attrs.frozen
class ProcessIdentity:
    """One process; ``start_ticks`` is its start in clock ticks since boot."""

    pid: int
    start_ticks: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process that has this pid now; None if there is none, or only its corpse."""
        start_ticks = _start_ticks(pid)
        return None if start_ticks is None else cls(pid, start_ticks)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self | None:
        """The living process that a record (``to_record``) names; None if there is none."""
        pid, start_ticks = record.get("pid"), record.get("start_ticks")
        if type(pid) is not int or type(start_ticks) is not int:
            return None
        identity = cls(pid, start_ticks)
        return identity if identity.is_alive() else None

    def to_record(self) -> dict[str, Any]:
        """The fields a JSON record keeps of a process."""
        return {"pid": self.pid, "start_ticks": self.start_ticks}

    def is_alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return _start_ticks(self.pid) == self.start_ticks

    def open_pidfd(self) -> int | None:
        """A descriptor (the caller's to close), readable once the process has ended; None if it has."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        # The pid may have gone to somebody else between the record and the call above.
        if not self.is_alive():
            os.close(descriptor)
            return None
        return descriptor

    def send_signal(self, signum: signal.Signals) -> bool:
        """Send a signal to this very process; False if it has ended."""
        descriptor = self.open_pidfd()
        if descriptor is None:
            return False
        try:
            signal.pidfd_send_signal(descriptor, signum)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True


def stop_all(
    identities: Iterable[ProcessIdentity], *, timeout_ms: int = STOP_TIMEOUT_MS
) -> list[ProcessIdentity]:
    """SIGTERM to all, wait for all, SIGKILL to those that did not end in ``timeout_ms``; blocks.

    Returns:
        Those that had to be killed.
    """
    waiting = _ended_by(signal.SIGTERM, list(identities), timeout_ms=timeout_ms)
    if waiting:
        _ended_by(signal.SIGKILL, waiting, timeout_ms=KILL_TIMEOUT_MS)
    return waiting


def wait_ended(identities: Iterable[ProcessIdentity], *, timeout_ms: int) -> list[ProcessIdentity]:
    """Block until all have ended or the time is over; returns those that still live."""
    with contextlib.ExitStack() as stack:
        poll = select.poll()
        waiting: dict[int, ProcessIdentity] = {}
        for identity in identities:
            descriptor = identity.open_pidfd()
            if descriptor is not None:
                stack.callback(os.close, descriptor)
                poll.register(descriptor, select.POLLIN)
                waiting[descriptor] = identity
        deadline_ms = clock.monotonic_ms() + timeout_ms
        while waiting and (left_ms := deadline_ms - clock.monotonic_ms()) > 0:
            for descriptor, _event in poll.poll(left_ms):
                poll.unregister(descriptor)
                del waiting[descriptor]
        return list(waiting.values())


def describe_status(status: int | None) -> str:
    """An exit status in words: below zero it is a signal, None is unknown."""
    if status is None:
        return "nobody saw how"
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _ended_by(
    signum: signal.Signals, identities: list[ProcessIdentity], *, timeout_ms: int
) -> list[ProcessIdentity]:
    return wait_ended(
        [identity for identity in identities if identity.send_signal(signum)], timeout_ms=timeout_ms
    )


def _start_ticks(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, the name in parentheses, may itself hold blanks and parentheses.
    fields = stat[stat.rindex(b")") + 2 :].split()
    state, start_ticks = fields[0], fields[19]
    return None if state in (b"Z", b"X") else int(start_ticks)
