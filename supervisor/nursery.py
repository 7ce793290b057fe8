"""The parent of bus and nodes: a small process that has imported what they need, and forks them on request.

A fork costs a millisecond or two where a fresh interpreter would spend a fifth of a second on imports, and
the pages of all that was imported stay shared. The nursery must therefore stay single-threaded and slim: it
runs no event loop and imports neither the command line nor the client.

It serves one peer, the supervisor, over a socket pair (frames). It ends when the supervisor is gone, and
leaves its children running: they are adopted by the next supervisor.
"""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from pycluster.runtime.frames import FrameDecoder, encode_frame
from pycluster.supervisor.layout import FileLock
from pycluster.supervisor.process import ProcessIdentity

PRELOADED = ("pycluster.cluster.bus", "pycluster.node.server")
RECEIVE_BYTES = 64 * 1024
# Exit status of a child that found its place taken by a living process (EX_TEMPFAIL of sysexits.h).
STATUS_PLACE_TAKEN = 75


def main() -> NoReturn:
    """Entry point of the process: ``argv[1]`` is the number of the inherited socket."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # Here and not above, so that a failure (an engine that was not built) can be told to the supervisor.
        for module in PRELOADED:
            importlib.import_module(module)
    except Exception as exc:
        traceback.print_exc()
        channel.sendall(encode_frame({"v": 1, "t": "Failed", "reason": f"{type(exc).__name__}: {exc}"}))
        os._exit(1)
    # What is frozen is never visited by a child's collector, so its pages stay shared.
    gc.collect()
    gc.disable()
    gc.freeze()
    Nursery(channel).serve()
    os._exit(0)


class Nursery:
    """Forks and reaps; one thread, no event loop."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._decoder = FrameDecoder()
        self._wakeup_read, self._wakeup_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def serve(self) -> None:
        """Answer requests and report deaths until the supervisor is gone."""
        signal.signal(signal.SIGCHLD, lambda _signum, _frame: None)
        signal.set_wakeup_fd(self._wakeup_write, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(self._wakeup_read, select.POLLIN)
        # A supervisor that is gone shows as an error on sending as well as on receiving.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._send({"t": "Ready"})
            while True:
                ready = {descriptor for descriptor, _event in poll.poll()}
                if self._wakeup_read in ready:
                    os.read(self._wakeup_read, RECEIVE_BYTES)
                    self._reap()
                if self._channel.fileno() in ready and not self._receive():
                    return

    def _receive(self) -> bool:
        data = self._channel.recv(RECEIVE_BYTES)
        self._decoder.feed(data)
        while (request := self._decoder.next_frame()) is not None:
            pid = os.fork()
            if pid == 0:
                self._become(request)
            identity = ProcessIdentity.of(pid)
            self._send({"t": "Forked", "pid": pid, "start_ticks": identity.start_ticks if identity else 0})
        return bool(data)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._send({"t": "Exited", "pid": pid, "status": os.waitstatus_to_exitcode(status)})

    def _send(self, message: dict[str, Any]) -> None:
        self._channel.sendall(encode_frame({"v": 1, **message}))

    def _become(self, request: dict[str, Any]) -> NoReturn:
        """In the child: take the place that ``request`` names and run; never returns."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for signum in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(signum, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._channel.close()
            os.close(self._wakeup_read)
            os.close(self._wakeup_write)
            gc.enable()
            status = _run(request)
        except SystemExit as exc:
            status = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)


def _run(request: dict[str, Any]) -> int:
    os.setsid()
    _redirect_output(Path(request["log"]))
    # Whoever lives in this place already has the lock: two processes never share a directory or a port.
    lock = FileLock(Path(request["record"]))
    if not lock.acquire():
        print(f"{lock.path} belongs to a living process", file=sys.stderr)
        return STATUS_PLACE_TAKEN
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None, "a process that runs has a start time"
    lock.write({**request["fields"], **identity.to_record()})
    _set_name(request["name"])
    if request["cpu"] is not None:
        # A core that went away since (a changed container limit) is no reason not to serve.
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {request["cpu"]})
    _ENTRIES[request["kind"]](request["spec"])
    return 0


def _redirect_output(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _set_name(name: str) -> None:
    # The 15 characters that ps and top show for a process.
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name[:15])


def _run_bus(spec: dict[str, Any]) -> None:
    from pycluster.cluster.bus import run
    from pycluster.cluster.bus_spec import BusSpec, PlannedNode

    nodes = tuple(PlannedNode(**node) for node in spec.pop("nodes"))
    run(BusSpec(**{**spec, "directory": Path(spec["directory"]), "nodes": nodes}))


def _run_node(spec: dict[str, Any]) -> None:
    from pycluster.node.server import run_member
    from pycluster.node.spec import NodeSpec

    paths = {field: Path(spec[field]) for field in ("directory", "bus_socket")}
    run_member(NodeSpec(**{**spec, **paths}))


_ENTRIES: dict[str, Callable[[dict[str, Any]], None]] = {"bus": _run_bus, "node": _run_node}


if __name__ == "__main__":
    main()
