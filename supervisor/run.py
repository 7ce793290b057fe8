"""One run of a supervisor: the process tree, the control socket, the signals and what the user sees of it."""

import contextlib
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import attrs
import trio

from pycluster.supervisor.control import ControlServer
from pycluster.supervisor.display import Display
from pycluster.supervisor.errors import InputError, StartError
from pycluster.supervisor.forker import Forker, NurseryProcess
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory
from pycluster.supervisor.probe import ClusterOpinion, ProbeError, Target, ask
from pycluster.supervisor.report import SILENT, ClusterReport, ProcessReport, UsageMeter, node_reports
from pycluster.supervisor.tree import Happening, Place, ProcessTree, State

log = logging.getLogger(__name__)

# How long a cluster may take to come up: so much, and a little more for every node.
START_TIMEOUT_S = 30
START_TIMEOUT_PER_NODE_S = 0.1
RESTART_TIMEOUT_S = 30
# A node that dies this often before the cluster has come up once will not come up at all.
START_DEATHS_MAX = 4
# CPU use is the difference between two looks, this far apart.
USAGE_INTERVAL_S = 0.1


@attrs.frozen(kw_only=True)
class RunOptions:
    """How one run of a supervisor differs from another on the same directory.

    ``lifeline`` is a socket's descriptor (or None): one JSON line is written there when the cluster serves,
    and when its other end closes, everything is stopped. ``on_serving`` is called at that moment as well (a
    daemon lets go of its terminal). ``keep_on_failure``: processes were alive before; a failure to start must
    not stop them.
    """

    lifeline: int | None = None
    on_serving: Callable[[], None] | None = None
    keep_on_failure: bool = False


class SupervisorRun:
    """Runs until it is told to stop, by a signal, a request or the end of the lifeline."""

    def __init__(
        self,
        directory: ClusterDirectory,
        config: ClusterConfig,
        nursery: NurseryProcess,
        display: Display,
        options: RunOptions,
    ) -> None:
        self._config = config
        self._directory = directory
        self._display = display
        self._options = options
        forker = Forker(directory.supervisor_log, nursery)
        self._tree = ProcessTree(directory, config, forker, self._on_happening)
        self._meter = UsageMeter()
        self._stop_wanted = trio.Event()
        self._serving = False
        self._broken = trio.Event()

    async def run(self) -> None:
        """Bring the cluster up, keep it up, and stop it when told to.

        Raises:
            StartError: it did not come up; what had been started is stopped again.
        """
        # Before the first checkpoint: what trio itself makes of Ctrl-C would leave processes behind.
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            await self._run(signals)

    async def _run(self, signals: AsyncIterator[int]) -> None:
        control = ControlServer(self._directory.control_socket, self._handle)
        listener = control.listen()
        async with trio.open_nursery() as tasks:
            tasks.start_soon(control.serve, listener)
            tasks.start_soon(self._watch_signals, signals)
            if self._options.lifeline is not None:
                tasks.start_soon(self._watch_lifeline, self._options.lifeline)
            tasks.start_soon(self._tree.run)
            failure = await self._bring_up()
            if failure is None:
                await self._stop_wanted.wait()
                self._display.stopping()
            if failure is None or not self._options.keep_on_failure:
                await self._tree.stop()
            self._directory.control_socket.unlink(missing_ok=True)
            tasks.cancel_scope.cancel()
        log.info("stopped")
        if failure is not None:
            raise failure
        self._display.stopped()

    async def _bring_up(self) -> StartError | None:
        """Return when all serve or a stop is wanted (None), or when they will not come up (why)."""

        async def end_after(wait: Callable[[], Awaitable[None]]) -> None:
            await wait()
            tasks.cancel_scope.cancel()

        with trio.move_on_after(start_timeout_s(len(self._config.nodes))):
            async with trio.open_nursery() as tasks:
                for wait in (self._stop_wanted.wait, self._broken.wait, self._tree.wait_serving):
                    tasks.start_soon(end_after, wait)
        if self._tree.serves:
            self._serving = True
            await self._announce()
        elif not self._stop_wanted.is_set():
            return self._start_error()
        return None

    async def _announce(self) -> None:
        report = await self.report()
        self._display.ready(report)
        if self._options.lifeline is not None:
            line = json.dumps({"report": report.to_plain()}) + "\n"
            with contextlib.suppress(OSError):
                os.write(self._options.lifeline, line.encode())
        if self._options.on_serving is not None:
            self._options.on_serving()

    def _start_error(self) -> StartError:
        late = [each for each in (self._tree.bus, *self._tree.nodes) if each.state is not State.SERVING]
        problem = next((each.problem for each in late if each.problem), None)
        if problem is not None:
            return StartError(f"cannot start processes: {problem} (see {self._directory.supervisor_log})")
        names = ", ".join(each.name for each in late)
        timeout_s = start_timeout_s(len(self._config.nodes))
        reason = "keeps ending" if self._broken.is_set() else f"does not serve after {timeout_s:.0f} s"
        return StartError(f"{names} {reason}{self._last_words(late)}")

    def _last_words(self, late: list[Place]) -> str:
        for each in late:
            path = self._directory.bus_log if each.plan is None else self._directory.node_log(each.plan)
            with contextlib.suppress(OSError):
                lines = path.read_text(errors="replace").splitlines()
                if lines:
                    return f": {lines[-1]} ({path})"
        return f" (see {self._directory.supervisor_log})"

    def _on_happening(self, each: Place, happening: Happening) -> None:
        if not self._serving and each.restarts + 1 >= START_DEATHS_MAX and happening in _ENDS:
            self._broken.set()
        self._display.happened(each, happening, self._quick_report())

    async def _watch_signals(self, signals: AsyncIterator[int]) -> None:
        async for signum in signals:
            log.info("stopping on %s", signal.Signals(signum).name)
            if self._stop_wanted.is_set():
                # Asked twice: somebody does not want to wait.
                await self._tree.stop(timeout_ms=0)
            self._stop_wanted.set()

    async def _watch_lifeline(self, descriptor: int) -> None:
        while True:
            await trio.lowlevel.wait_readable(descriptor)
            try:
                data = os.read(descriptor, 1024)
            except OSError:
                data = b""
            if not data:
                log.info("stopping: whoever started this is gone")
                self._stop_wanted.set()
                return

    async def _handle(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.get("t"):
            case "Status":
                return {"t": "Report", "report": (await self.report()).to_plain()}
            case "Restart":
                return await self._restart(str(request.get("node")))
            case "Wait":
                return await self._wait(request.get("without_pids"))
            case "Down":
                log.info("stopping: the command line says so")
                self._stop_wanted.set()
                return {"t": "Done"}
            case other:
                raise InputError(f"unknown request {other!r}")

    async def _restart(self, name: str) -> dict[str, Any]:
        plan = self._config.node(name)
        node = next(each for each in self._tree.nodes if each.plan is plan)
        with trio.move_on_after(RESTART_TIMEOUT_S) as scope:
            await self._tree.restart(node)
        if scope.cancelled_caught:
            raise StartError(f"{plan.name} does not serve {RESTART_TIMEOUT_S} s after its restart")
        return {"t": "Done"}

    async def _wait(self, without_pids: object) -> dict[str, Any]:
        if not isinstance(without_pids, list):
            raise InputError("without_pids has to be a list")
        with trio.move_on_after(start_timeout_s(len(self._config.nodes))) as scope:
            await self._tree.wait_serving(without_pids=without_pids)
        if scope.cancelled_caught:
            raise self._start_error()
        return {"t": "Done"}

    async def report(self) -> ClusterReport:
        """How the cluster is doing now; takes as long as the slowest node's answer, which has a bound."""
        places = (self._tree.bus, *self._tree.nodes)
        for each in places:
            each.usage = self._meter.read(each.identity.pid) if each.identity else None
        opinions: dict[str, ClusterOpinion] = {}
        async with trio.open_nursery() as tasks:
            for each in self._tree.nodes:
                tasks.start_soon(self._ask, each, opinions)
            if self._serving:
                tasks.start_soon(trio.sleep, USAGE_INTERVAL_S)
        for each in places:
            each.usage = self._meter.read(each.identity.pid) if each.identity else None
        return self._compose(opinions, silent=True)

    def _quick_report(self) -> ClusterReport:
        """What is known without asking anybody."""
        known = {each.plan.node_id: each.opinion for each in self._tree.nodes if each.plan and each.opinion}
        return self._compose(known, silent=False)

    def _compose(self, opinions: dict[str, ClusterOpinion], *, silent: bool) -> ClusterReport:
        """A report; with ``silent``, a node that serves and has no opinion is one that does not answer."""
        processes: dict[str, ProcessReport] = {}
        for each in self._tree.nodes:
            if each.plan is not None:
                mute = silent and each.state is State.SERVING and each.plan.node_id not in opinions
                processes[each.plan.node_id] = _process_report(each, SILENT if mute else str(each.state))
        return ClusterReport(
            cluster_id=self._config.cluster_id,
            directory=str(self._directory.path),
            host=self._config.host,
            port=self._config.port,
            supervisor_pid=os.getpid(),
            bus=_process_report(self._tree.bus, str(self._tree.bus.state)),
            nodes=node_reports(self._config, processes, opinions),
        )

    async def _ask(self, each: Place, opinions: dict[str, ClusterOpinion]) -> None:
        if each.plan is None or each.identity is None:
            return
        with contextlib.suppress(ProbeError):
            opinion = await ask(Target.of(self._config.host, each.plan.port, self._config.settings))
            if opinion.myself == each.plan.node_id:
                opinions[opinion.myself] = opinion


def start_timeout_s(nodes: int) -> float:
    """How long that many nodes may take until they serve."""
    return START_TIMEOUT_S + START_TIMEOUT_PER_NODE_S * nodes


def _process_report(each: Place, state: str) -> ProcessReport:
    pid = each.identity.pid if each.identity else None
    return ProcessReport(pid=pid, state=state, restarts=each.restarts, usage=each.usage if pid else None)


_ENDS = (Happening.EXITED, Happening.FAILED)
