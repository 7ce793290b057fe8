"""A cluster for other people's test suites: started by a ``with`` block, gone after it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import anyio.to_thread

from pycluster.runtime import clock
from pycluster.supervisor import control
from pycluster.supervisor.errors import InputError, StartError, SupervisorError
from pycluster.supervisor.layout import ClusterDirectory
from pycluster.supervisor.ports import free_port_range
from pycluster.supervisor.report import ClusterReport, NodeReport

# Longer than the supervisor takes to give up by itself and say why, however many nodes there are.
START_TIMEOUT_S = 150
STOP_TIMEOUT_S = 35
# How often other ports are tried when somebody took those that had just been free.
PORT_ATTEMPTS_MAX = 10


class LocalCluster:
    """A whole cluster on this machine, for as long as a ``with`` (or ``async with``) block lasts.

    Its processes end with the block, and also when this process dies without leaving it.

    Args:
        nodes: Nodes in all; ``replicas`` of every primary are among them.
        replicas: Replicas of every primary.
        port: Port of the first node, the others follow; 0 finds a range that is free.
        directory: Where the cluster's files are; None makes a temporary directory and removes it in the end.
        maxmemory: Memory a node's data may take, such as ``100mb``; None leaves it unlimited.
        settings: Further options of Redis for all nodes, by name.

    Raises (by ``start`` and on entering the block):
        InputError: this cluster is not possible.
        StartError: it did not come up; the text says why.
    """

    def __init__(
        self,
        *,
        nodes: int = 6,
        replicas: int = 1,
        port: int = 0,
        directory: str | os.PathLike[str] | None = None,
        maxmemory: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._nodes = nodes
        self._replicas = replicas
        self._port = port
        self._settings = {**(settings or {}), **({} if maxmemory is None else {"maxmemory": maxmemory})}
        self._is_temporary = directory is None
        self._directory = None if directory is None else ClusterDirectory(Path(directory))
        self._supervisor: subprocess.Popen[str] | None = None
        self._lifeline: socket.socket | None = None
        self._report: ClusterReport | None = None
        self._killed_pids: list[int] = []

    @property
    def directory(self) -> Path:
        """Where the cluster's files are; raises SupervisorError before the start."""
        return self._place().path

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of every node."""
        return [(node.host, node.port) for node in self._started().nodes]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the first node, which is enough for a cluster client to find the others."""
        return self.addresses[0]

    @property
    def url(self) -> str:
        """The first node's address as ``redis://HOST:PORT``."""
        host, port = self.address
        return f"redis://[{host}]:{port}" if ":" in host else f"redis://{host}:{port}"

    def start(self) -> Self:
        """Start the cluster and return once all nodes serve; does nothing if it runs already."""
        if self._report is not None:
            return self
        if self._directory is None:
            self._directory = ClusterDirectory(Path(tempfile.mkdtemp(prefix="pycluster-")))
        try:
            self._start_on_some_port()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop all processes, and remove the directory if it was a temporary one; may be called twice."""
        self._report = None
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None
        if self._supervisor is not None:
            try:
                self._supervisor.communicate(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.communicate()
            self._supervisor = None
        if self._is_temporary and self._directory is not None:
            shutil.rmtree(self._directory.path, ignore_errors=True)
            self._directory = None

    def status(self) -> ClusterReport:
        """Nodes, roles, slots, pids and what they use, as of now; raises SupervisorError."""
        self._started()
        return control.request_report(self._place().control_socket)

    def kill(self, node: int | str) -> int:
        """End a node's process as a crash would (SIGKILL); the supervisor starts it again.

        Args:
            node: The node's place in ``addresses``, its port, or its id.
        Returns:
            The pid that was killed.
        Raises:
            InputError: there is no such node, or it has no process just now.
        """
        target = self._find(node)
        if target.pid is None:
            raise InputError(f"node {target.name} has no process")
        os.kill(target.pid, signal.SIGKILL)
        self._killed_pids.append(target.pid)
        return target.pid

    def wait_serving(self) -> None:
        """Return once all nodes serve, those that were killed in a new process; raises SupervisorError."""
        request = {"t": "Wait", "without_pids": self._killed_pids}
        control.request(self._place().control_socket, request)
        self._killed_pids.clear()

    def restart(self, node: int | str) -> None:
        """Stop a node gracefully and start it again; returns once it serves. Raises as :meth:`kill`."""
        target = self._find(node)
        control.request(self._place().control_socket, {"t": "Restart", "node": target.node_id})

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        """Start without blocking the event loop (trio or asyncio); the methods themselves do block."""
        return await anyio.to_thread.run_sync(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.stop)

    def _start_on_some_port(self) -> None:
        attempts = 1 if self._port else PORT_ATTEMPTS_MAX
        while True:
            attempts -= 1
            port = self._port or free_port_range(self._nodes)
            try:
                self._report = self._launch(port)
            except InputError as exc:
                if attempts and "in use" in str(exc):
                    continue
                raise
            return

    def _launch(self, port: int) -> ClusterReport:
        self._lifeline, theirs = socket.socketpair()
        with theirs:
            self._supervisor = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pycluster.supervisor", "up"),
                    *("--nodes", str(self._nodes), "--replicas", str(self._replicas), "--port", str(port)),
                    *("--dir", str(self._place().path), "--lifeline", str(theirs.fileno())),
                    *(word for name, value in self._settings.items() for word in (f"--{name}", value)),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                # Ctrl-C is for the tests; the cluster ends when they are done with it.
                start_new_session=True,
            )
        line = self._read_line()
        if line:
            return ClusterReport.from_plain(json.loads(line)["report"])
        self._raise_failure()

    def _read_line(self) -> bytes:
        """The line that says that all serve; empty if the supervisor ended before."""
        assert self._lifeline is not None
        received = b""
        deadline_ms = clock.monotonic_ms() + 1000 * START_TIMEOUT_S
        while not received.endswith(b"\n"):
            self._lifeline.settimeout(max(deadline_ms - clock.monotonic_ms(), 1) / 1000)
            try:
                data = self._lifeline.recv(64 * 1024)
            except TimeoutError as exc:
                raise StartError(f"the cluster did not come up in {START_TIMEOUT_S} s") from exc
            except ConnectionResetError:
                return b""
            if not data:
                return b""
            received += data
        return received

    def _raise_failure(self) -> NoReturn:
        assert self._supervisor is not None
        _out, errors = self._supervisor.communicate()
        status = self._supervisor.returncode
        self._supervisor = None
        message = errors.strip().removeprefix("pycluster: ") or f"the supervisor ended with status {status}"
        raise (InputError if status == 2 else StartError)(message)

    def _find(self, node: int | str) -> NodeReport:
        nodes = self.status().nodes
        if isinstance(node, int) and 0 <= node < len(nodes):
            return nodes[node]
        for each in nodes:
            if str(node) in (each.name, each.node_id):
                return each
        raise InputError(f"no node {node!r} here; the nodes are {', '.join(each.name for each in nodes)}")

    def _place(self) -> ClusterDirectory:
        if self._directory is None:
            raise SupervisorError("the cluster has not been started")
        return self._directory

    def _started(self) -> ClusterReport:
        if self._report is None:
            raise SupervisorError("the cluster has not been started")
        return self._report
