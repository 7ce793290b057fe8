"""How a cluster is doing, as `status` shows it and `status --json` prints it."""

from collections.abc import Mapping
from typing import Any, Self

import attrs
import psutil

from pycluster.cluster.slots import SLOT_COUNT
from pycluster.runtime import clock
from pycluster.supervisor.layout import ClusterConfig, NodePlan
from pycluster.supervisor.probe import ClusterOpinion, NodeRole

SERVING, SILENT, STARTING, RESTARTING, STOPPED = "serving", "silent", "starting", "restarting", "stopped"


@attrs.frozen(kw_only=True)
class Usage:
    """What a process uses: percent of a core since the last look, resident bytes, seconds of life."""

    cpu_percent: float
    memory_bytes: int
    uptime_s: float


@attrs.frozen(kw_only=True)
class ProcessReport:
    """A process of the tree; without a living process, ``pid`` and ``usage`` are None."""

    pid: int | None
    state: str
    restarts: int = 0
    usage: Usage | None = None


@attrs.frozen(kw_only=True)
class NodeReport:
    """A node: who it is, what it holds, and its process. ``role`` is None while nobody knows it."""

    name: str
    node_id: str
    host: str
    port: int
    role: str | None
    primary: str | None
    slots: tuple[tuple[int, int], ...]
    pid: int | None
    state: str
    restarts: int
    cpu_percent: float | None
    memory_bytes: int | None
    uptime_s: float | None

    @property
    def slot_text(self) -> str:
        """The slots as ranges, such as ``0-5460``."""
        return " ".join(str(start) if start == end else f"{start}-{end}" for start, end in self.slots)


@attrs.frozen(kw_only=True)
class ClusterReport:
    """All of one host's cluster."""

    cluster_id: str
    directory: str
    host: str
    port: int
    supervisor_pid: int | None
    bus: ProcessReport
    nodes: tuple[NodeReport, ...]

    @property
    def state(self) -> str:
        """``ok``: every node serves and every slot is owned; ``degraded``: some do; ``down``: none does."""
        serving = [node for node in self.nodes if node.state == SERVING]
        if not serving:
            return "down"
        slots = sum(end - start + 1 for node in serving for start, end in node.slots)
        return "ok" if len(serving) == len(self.nodes) and slots == SLOT_COUNT else "degraded"

    def to_plain(self) -> dict[str, Any]:
        """The report as JSON (and CBOR) can carry it."""
        return {"state": self.state, **attrs.asdict(self)}

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> Self:
        """The report that :meth:`to_plain` wrote."""
        values = {key: value for key, value in fields.items() if key != "state"}
        bus = dict(values.pop("bus"))
        usage = bus.pop("usage")
        nodes = tuple(
            NodeReport(**{**node, "slots": tuple((start, end) for start, end in node["slots"])})
            for node in values.pop("nodes")
        )
        return cls(bus=ProcessReport(**bus, usage=usage and Usage(**usage)), nodes=nodes, **values)


def node_reports(
    config: ClusterConfig,
    processes: Mapping[str, ProcessReport],
    opinions: Mapping[str, ClusterOpinion],
) -> tuple[NodeReport, ...]:
    """Put together what is known of every node.

    Args:
        config: the cluster.
        processes: by node id; every node has one.
        opinions: what the nodes that answered said, by node id. A node's word on itself counts most.
    """
    return tuple(
        _node_report(config, plan, processes[plan.node_id], _role_of(plan.node_id, opinions))
        for plan in config.nodes
    )


def _node_report(
    config: ClusterConfig, plan: NodePlan, process: ProcessReport, role: NodeRole | None
) -> NodeReport:
    names = {other.node_id: other.name for other in config.nodes}
    return NodeReport(
        name=plan.name,
        node_id=plan.node_id,
        host=config.host,
        port=plan.port,
        role=role.role if role else None,
        primary=names.get(role.primary_id, role.primary_id) if role and role.primary_id else None,
        slots=role.slots if role else (),
        pid=process.pid,
        state=process.state,
        restarts=process.restarts,
        cpu_percent=process.usage.cpu_percent if process.usage else None,
        memory_bytes=process.usage.memory_bytes if process.usage else None,
        uptime_s=process.usage.uptime_s if process.usage else None,
    )


def _role_of(node_id: str, opinions: Mapping[str, ClusterOpinion]) -> NodeRole | None:
    if node_id in opinions:
        return opinions[node_id].roles.get(node_id)
    return next((view.roles[node_id] for view in opinions.values() if node_id in view.roles), None)


class UsageMeter:
    """Reads what processes use; keeps the last reading of each, as CPU percent is a difference of two."""

    def __init__(self) -> None:
        self._known: dict[int, psutil.Process] = {}

    def read(self, pid: int) -> Usage | None:
        """What the process uses, None if it is gone; the first CPU percentage is over its whole life."""
        process = self._known.get(pid)
        try:
            if process is None or not process.is_running():
                return self._first(pid)
            with process.oneshot():
                return Usage(
                    cpu_percent=process.cpu_percent(),
                    memory_bytes=process.memory_info().rss,
                    uptime_s=_age_s(process),
                )
        except psutil.Error:
            self._known.pop(pid, None)
            return None

    def _first(self, pid: int) -> Usage:
        process = psutil.Process(pid)
        process.cpu_percent()
        times, age_s = process.cpu_times(), _age_s(process)
        self._known[pid] = process
        return Usage(
            cpu_percent=round(100 * (times.user + times.system) / max(age_s, 0.01), 1),
            memory_bytes=process.memory_info().rss,
            uptime_s=age_s,
        )


def _age_s(process: psutil.Process) -> float:
    return round(max(clock.unix_ms() / 1000 - process.create_time(), 0.0), 3)
