"""The process tree of one host: one bus and the nodes, each kept alive in its place."""

import enum
import logging
import os
from collections.abc import Callable, Container
from functools import partial
from typing import Any

import attrs
import trio

from pycluster.runtime import clock
from pycluster.supervisor import adoption
from pycluster.supervisor.backoff import Backoff
from pycluster.supervisor.bus_link import BusLink
from pycluster.supervisor.errors import StartError
from pycluster.supervisor.forker import Forker
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory, NodePlan
from pycluster.supervisor.placement import place
from pycluster.supervisor.probe import ClusterOpinion, ProbeError, Target, ask
from pycluster.supervisor.process import STOP_TIMEOUT_MS, ProcessIdentity, describe_status, stop_all
from pycluster.supervisor.report import Usage

log = logging.getLogger(__name__)

# How often a node that has just started is asked whether it serves yet.
PROBE_FIRST_S = 0.01
PROBE_MAX_S = 0.5
PROBE_GROWTH = 1.25
BUS_NAME = "bus"


class State(enum.StrEnum):
    """Where a process of the tree is in its life."""

    STARTING = "starting"
    SERVING = "serving"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@attrs.define(eq=False, kw_only=True)
class Place:
    """One process's place in the tree, and who is in it; ``plan`` is None for the bus.

    ``filled`` is set once the first process is in; ``serves`` is set, and replaced, as processes come and go.
    """

    name: str
    plan: NodePlan | None
    cpu: int | None = None
    state: State = State.STARTING
    identity: ProcessIdentity | None = None
    run_id: str = ""
    started_ms: int = 0
    restarts: int = 0
    exit_status: int | None = None
    problem: str = ""
    backoff: Backoff = attrs.field(factory=Backoff)
    restart_wanted: bool = False
    opinion: ClusterOpinion | None = None
    usage: Usage | None = None
    filled: trio.Event = attrs.field(factory=trio.Event)
    serves: trio.Event = attrs.field(factory=trio.Event)


class Happening(enum.Enum):
    """What can be told of a place."""

    STARTED = enum.auto()
    ADOPTED = enum.auto()
    SERVING = enum.auto()
    EXITED = enum.auto()
    FAILED = enum.auto()


Listener = Callable[[Place, Happening], None]


class ProcessTree:
    """Starts, adopts, watches and restarts the bus and the nodes of one directory."""

    def __init__(
        self, directory: ClusterDirectory, config: ClusterConfig, forker: Forker, listener: Listener
    ) -> None:
        self.directory = directory
        self.config = config
        self.bus = Place(name=BUS_NAME, plan=None)
        cores = place(len(config.nodes), sorted(os.sched_getaffinity(0)))
        self.nodes = tuple(
            Place(name=plan.name, plan=plan, cpu=cpu) for plan, cpu in zip(config.nodes, cores, strict=True)
        )
        self._forker = forker
        self._listener = listener
        self._link = BusLink(directory.bus_socket, on_connect=self._bus_serves)
        self._stopping = False
        self._changed = trio.Event()
        self._forks_pending = 0
        self._forks_done = trio.Event()

    async def run(self) -> None:
        """Keep every place filled, until cancelled; processes are left as they are then."""
        async with trio.open_nursery() as tasks:
            tasks.start_soon(self._forker.run)
            tasks.start_soon(self._link.run)
            # The bus first: nodes that come up find it listening.
            tasks.start_soon(self._keep, self.bus)
            await self.bus.filled.wait()
            for each in self.nodes:
                tasks.start_soon(self._keep, each)

    async def wait_serving(self, *, without_pids: Container[int] = ()) -> None:
        """Return once every node serves its part of a cluster that serves.

        ``without_pids`` are processes known to have ended, even if that has not been noticed here yet.
        """
        while not self.serves or any(
            each.identity is not None and each.identity.pid in without_pids for each in self.nodes
        ):
            await self._changed.wait()

    @property
    def serves(self) -> bool:
        """Whether every node serves just now."""
        return all(each.serves.is_set() for each in self.nodes)

    async def restart(self, node: Place) -> None:
        """Stop a node gracefully and start it again; returns once the new process serves."""
        if node.identity is not None and node.identity.is_alive():
            node.restart_wanted = True
            _serves_no_more(node)
            await trio.to_thread.run_sync(stop_all, [node.identity])
        await node.serves.wait()

    async def stop(self, *, timeout_ms: int = STOP_TIMEOUT_MS) -> None:
        """End all processes, gracefully if they do so within ``timeout_ms``; nothing is restarted afterwards.

        The bus goes first: nobody then takes the end of the nodes for a failure that has to be healed.
        """
        self._stopping = True
        while self._forks_pending:
            await self._forks_done.wait()
        for group in ((self.bus,), self.nodes):
            alive = [each.identity for each in group if each.identity is not None]
            killed = await trio.to_thread.run_sync(partial(stop_all, alive, timeout_ms=timeout_ms))
            if killed:
                log.warning("had to kill %s", ", ".join(str(identity.pid) for identity in killed))

    async def _keep(self, each: Place) -> None:
        while not self._stopping:
            try:
                await self._fill(each)
            except (StartError, OSError) as exc:
                log.error("cannot start %s: %s", each.name, exc)
                each.problem = str(exc)
                self._tell(each, Happening.FAILED)
            else:
                each.filled.set()
                await self._watch(each)
            if self._stopping:
                break
            delay_ms = 0 if each.restart_wanted else each.backoff.next_delay_ms(run_ms=self._run_ms(each))
            if each.restart_wanted:
                each.backoff.reset()
                each.restart_wanted = False
            each.restarts += 1
            each.state = State.RESTARTING
            await trio.sleep(delay_ms / 1000)
        each.state = State.STOPPED

    async def _fill(self, each: Place) -> None:
        """Adopt the process that is in the place already, or start one."""
        each.started_ms = clock.monotonic_ms()
        each.state = State.STARTING
        if self._adopt(each):
            happening = Happening.ADOPTED
        else:
            each.run_id = clock.new_node_id()
            each.identity = await self._fork(each)
            happening = Happening.STARTED
        if each.plan is not None:
            self._link.node_started(each.plan.node_id, each.run_id, each.identity.pid if each.identity else 0)
        log.info("%s %s, pid %s", each.name, happening.name.lower(), each.identity and each.identity.pid)
        self._tell(each, happening)

    def _adopt(self, each: Place) -> bool:
        if each.plan is None:
            each.identity = adoption.living_bus(self.directory)
            return each.identity is not None
        living = adoption.living_node(self.directory, each.plan)
        each.identity = living.identity if living else None
        each.run_id = living.run_id if living else ""
        return living is not None

    async def _fork(self, each: Place) -> ProcessIdentity:
        self._forks_pending += 1
        try:
            request = self._bus_request() if each.plan is None else self._node_request(each, each.plan)
            return await self._forker.fork(request)
        finally:
            self._forks_pending -= 1
            self._forks_done.set()
            self._forks_done = trio.Event()

    async def _watch(self, each: Place) -> None:
        """Wait for the end of the process in the place, noticing meanwhile when it serves."""
        identity = each.identity
        if identity is None:
            return
        async with trio.open_nursery() as tasks:
            if each.plan is not None:
                tasks.start_soon(self._notice_serving, each, each.plan)
            await wait_ended(identity)
            tasks.cancel_scope.cancel()
        each.identity = None
        _serves_no_more(each)
        each.exit_status = await self._forker.exit_status(identity.pid)
        level = logging.INFO if self._stopping or each.restart_wanted else logging.WARNING
        log.log(level, "%s ended (%s), pid %d", each.name, describe_status(each.exit_status), identity.pid)
        if each.plan is not None:
            self._link.node_exited(each.plan.node_id, each.run_id, each.exit_status)
        if not self._stopping:
            self._tell(each, Happening.EXITED)

    async def _notice_serving(self, each: Place, plan: NodePlan) -> None:
        target = Target.of(self.config.host, plan.port, self.config.settings)
        delay_s = PROBE_FIRST_S
        while True:
            try:
                opinion = await ask(target)
            except ProbeError as exc:
                log.debug("%s does not serve yet: %s", each.name, exc)
            else:
                # Another program may sit on the port; only the node itself knows its id.
                if opinion.myself == plan.node_id and opinion.state_ok:
                    break
            await trio.sleep(delay_s)
            delay_s = min(PROBE_GROWTH * delay_s, PROBE_MAX_S)
        log.info("%s serves as %s", each.name, opinion.roles[plan.node_id].role)
        each.state = State.SERVING
        each.opinion = opinion
        each.serves.set()
        self._tell(each, Happening.SERVING)

    def _tell(self, each: Place, happening: Happening) -> None:
        self._changed.set()
        self._changed = trio.Event()
        self._listener(each, happening)

    def _bus_serves(self) -> None:
        self.bus.state = State.SERVING
        self.bus.serves.set()
        self._tell(self.bus, Happening.SERVING)

    def _run_ms(self, each: Place) -> int:
        return clock.monotonic_ms() - each.started_ms

    def _node_request(self, each: Place, plan: NodePlan) -> dict[str, Any]:
        return {
            "kind": "node",
            "name": f"node:{plan.name}",
            "cpu": each.cpu,
            "log": str(self.directory.node_log(plan)),
            "record": str(self.directory.node_file(plan)),
            "fields": {"node_id": plan.node_id, "port": plan.port, "run_id": each.run_id},
            "spec": {
                "node_id": plan.node_id,
                "run_id": each.run_id,
                "name": plan.name,
                "host": self.config.host,
                "port": plan.port,
                "directory": str(self.directory.node_directory(plan)),
                "bus_socket": str(self.directory.bus_socket),
                "settings": self.config.settings,
                "cpu": each.cpu,
                "log_format": self.config.log_format,
            },
        }

    def _bus_request(self) -> dict[str, Any]:
        return {
            "kind": "bus",
            "name": "pycluster-bus",
            "cpu": None,
            "log": str(self.directory.bus_log),
            "record": str(self.directory.bus_pid_file),
            "fields": {},
            "spec": {
                "cluster_id": self.config.cluster_id,
                "directory": str(self.directory.path),
                "nodes": [
                    {
                        "node_id": plan.node_id,
                        "name": plan.name,
                        "host": self.config.host,
                        "port": plan.port,
                        "replica_of": plan.replica_of,
                    }
                    for plan in self.config.nodes
                ],
                "log_format": self.config.log_format,
            },
        }


def _serves_no_more(each: Place) -> None:
    # Who already waits for the present event goes on waiting for it.
    if each.serves.is_set():
        each.serves = trio.Event()


async def wait_ended(identity: ProcessIdentity) -> None:
    """Return when the process has ended, child of ours or not."""
    descriptor = identity.open_pidfd()
    if descriptor is None:
        return
    try:
        await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)
