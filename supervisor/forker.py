"""The supervisor's end of the nursery: starts it, asks it for forks, hears of deaths."""

import logging
import socket
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any

import trio

from pycluster.runtime.frames import FrameError, FrameStream
from pycluster.supervisor.errors import StartError
from pycluster.supervisor.process import ProcessIdentity

log = logging.getLogger(__name__)

# Exit statuses of children that nobody asked for yet; more than that many are forgotten, oldest first.
STATUSES_KEPT_MAX = 4_096
# A nursery that does not even get ready is not tried for ever.
NURSERY_FAILURES_MAX = 5
# A child's pidfd and the nursery's report tell of the same death; the report may come this much later.
STATUS_WAIT_S = 0.2


class NurseryProcess:
    """A started nursery and the socket to it; can be started before trio runs, to let both load at once."""

    def __init__(self, log_file: Path) -> None:
        """Start the process; its own output goes to ``log_file``. Raises OSError."""
        self.channel, theirs = socket.socketpair()
        with theirs, log_file.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pycluster.supervisor.nursery", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Out of the terminal's reach: Ctrl-C is for the supervisor alone, which then stops the rest.
                start_new_session=True,
            )

    def close(self) -> None:
        """Close the socket, which ends the nursery (its children stay), and collect its exit status."""
        self.channel.close()
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Forker:
    """Forks through a nursery process, and replaces it when it dies."""

    def __init__(self, log_file: Path, nursery: NurseryProcess) -> None:
        self._log_file = log_file
        self._nursery = nursery
        self._stream: FrameStream | None = None
        self._failures = 0
        self._failure: str | None = None
        self._changed = trio.Event()
        self._pending: deque[trio.MemorySendChannel[ProcessIdentity]] = deque()
        # Children of the living nursery that have not been seen to end; nobody reports on others.
        self._children: set[int] = set()
        self._statuses: dict[int, int] = {}
        self._reported = trio.Condition()

    async def run(self) -> None:
        """Keep a nursery alive and read what it says, until cancelled."""
        try:
            await self._converse()
            while self._failure is None:
                log.warning("the nursery has ended; starting another")
                self._nursery.close()
                self._nursery = NurseryProcess(self._log_file)
                await self._converse()
            log.error("no more forks: %s", self._failure)
        finally:
            self._nursery.close()

    async def fork(self, request: dict[str, Any]) -> ProcessIdentity:
        """Have a child made as the nursery's ``Fork`` request says.

        Raises:
            StartError: the nursery is broken, or ended before it answered.
        """
        while self._stream is None:
            if self._failure is not None:
                raise StartError(self._failure)
            await self._changed.wait()
        sender, receiver = trio.open_memory_channel[ProcessIdentity](1)
        self._pending.append(sender)
        try:
            await self._stream.send({"v": 1, "t": "Fork", **request})
            return await receiver.receive()
        except (trio.EndOfChannel, trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            raise StartError("the nursery ended before it forked") from exc

    async def exit_status(self, pid: int) -> int | None:
        """Status of a child that has ended, negative for a signal; None if no nursery of ours knows."""
        with trio.move_on_after(STATUS_WAIT_S):
            async with self._reported:
                while pid in self._children:
                    await self._reported.wait()
        return self._statuses.pop(pid, None)

    async def _converse(self) -> None:
        stream = FrameStream(trio.SocketStream(trio.socket.from_stdlib_socket(self._nursery.channel)))
        try:
            while (message := await stream.receive()) is not None:
                await self._handle(message, stream)
        except (trio.BrokenResourceError, FrameError) as exc:
            log.warning("lost the nursery: %s", exc)
        finally:
            self._stream = None
            self._children.clear()
            self._failures += 1
            if self._failures >= NURSERY_FAILURES_MAX and self._failure is None:
                self._failure = "the nursery does not stay alive"
            self._tell_waiters()
            while self._pending:
                self._pending.popleft().close()
            with trio.CancelScope(shield=True):
                await stream.aclose()

    def _tell_waiters(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def _handle(self, message: dict[str, Any], stream: FrameStream) -> None:
        match message["t"]:
            case "Ready":
                self._failures = 0
                self._stream = stream
                self._tell_waiters()
            case "Failed":
                self._failure = message["reason"]
            case "Forked":
                identity = ProcessIdentity(message["pid"], message["start_ticks"])
                self._children.add(identity.pid)
                self._pending.popleft().send_nowait(identity)
            case "Exited":
                async with self._reported:
                    self._children.discard(message["pid"])
                    self._statuses[message["pid"]] = message["status"]
                    while len(self._statuses) > STATUSES_KEPT_MAX:
                        del self._statuses[next(iter(self._statuses))]
                    self._reported.notify_all()
