"""The membership state machine of one host's bus: hellos, exits and silence change the view.

It does no I/O. The shell feeds it messages with the time they came at, then looks at :attr:`Membership.view`
(to be sent to every node when its version has grown) and :attr:`Membership.durable_changes` (to be on disk
before that).
"""

from collections import deque
from collections.abc import Callable, Sequence

import attrs

from pycluster.cluster.bus_spec import PlanError, PlannedNode
from pycluster.cluster.messages import (
    BusStatus,
    NodeExited,
    NodeHello,
    NodeReport,
    NodeStarted,
    NodeStatus,
)
from pycluster.cluster.slots import split_evenly
from pycluster.cluster.state_file import SavedState
from pycluster.cluster.view import ClusterView, Health, LinkState, NodeId, NodeRecord, Role

VERSIONS_PER_INCARNATION = 2**32
"""View versions of one start of the bus; the next start begins above them, though no version was saved."""

ENDED_RUNS_MAX = 16
"""Runs of a node that are remembered as over; a process lingers for a few restarts of its node at most."""


class HelloRefusedError(Exception):
    """A process may not speak for the node it names: it is no member, or its run is known to be over."""


@attrs.define(kw_only=True)
class _Process:
    """The present process of a member, as far as known; ``silent_since_ms`` is None while it is connected."""

    run_id: str | None = None
    pid: int | None = None
    status: NodeStatus | None = None
    silent_since_ms: int | None
    ended_runs: deque[str] = attrs.field(factory=lambda: deque(maxlen=ENDED_RUNS_MAX))


class Membership:
    """Holds the view of one host's bus and changes it by what nodes, supervisor and the clock say.

    Args:
        saved: The durable facts, from a new plan or from disk. Nobody's health is taken from it: members
            count as loading until they say hello.
        node_timeout_ms: How long a member may be without a connection before it is PFAIL.
        now_ms: The monotonic time of the start.
    """

    def __init__(self, saved: SavedState, *, node_timeout_ms: int, now_ms: int) -> None:
        self._incarnation = saved.incarnation + 1
        self._node_timeout_ms = node_timeout_ms
        self.durable_changes = 0
        nodes = tuple(
            attrs.evolve(
                node, health=Health.LOADING, link=LinkState.DISCONNECTED, run_id=None, changed_unix_ms=0
            )
            for node in saved.view.nodes
        )
        version = self._incarnation * VERSIONS_PER_INCARNATION
        self._view = attrs.evolve(saved.view, version=version, nodes=nodes)
        self._processes = {node.node_id: _Process(silent_since_ms=now_ms) for node in nodes}

    @property
    def view(self) -> ClusterView:
        """The present view; its version grows with every change, also over restarts of the bus."""
        return self._view

    @property
    def saved_state(self) -> SavedState:
        """What has to be on disk; saved at the start, and whenever ``durable_changes`` has grown."""
        return SavedState(incarnation=self._incarnation, view=self._view)

    def handle_hello(self, hello: NodeHello, *, unix_ms: int) -> None:
        """A process serves as this node now: the member is healthy, whatever was known of earlier runs.

        Raises:
            HelloRefusedError: it may not; the view is unchanged.
        """
        record = self._view.get(hello.node_id)
        if record is None:
            raise HelloRefusedError(
                f"node {hello.node_id} is not a member of cluster {self._view.cluster_id}"
            )
        process = self._processes[hello.node_id]
        if hello.run_id in process.ended_runs:
            raise HelloRefusedError(f"run {hello.run_id} of node {hello.node_id} is over")
        if process.run_id not in (None, hello.run_id):
            # Its port was free for this one to listen on, so the run before is over.
            process.ended_runs.append(process.run_id)
        if process.run_id != hello.run_id:
            process.status = None
        process.run_id, process.pid, process.silent_since_ms = hello.run_id, hello.pid, None
        if (record.host, record.port) != (hello.host, hello.port):
            self.durable_changes += 1
        online = attrs.evolve(record, health=Health.ONLINE, link=LinkState.CONNECTED, run_id=hello.run_id)
        self._put(attrs.evolve(online, host=hello.host, port=hello.port), unix_ms=unix_ms)

    def handle_status(self, node_id: NodeId, status: NodeStatus) -> None:
        """A connected member says how it is; raises UnknownNodeError."""
        self._view.node(node_id)
        self._processes[node_id].status = status

    def handle_link_lost(self, node_id: NodeId, run_id: str, *, now_ms: int, unix_ms: int) -> None:
        """This run's connection ended; perhaps the process did, perhaps not. Raises UnknownNodeError."""
        record = self._view.node(node_id)
        process = self._processes[node_id]
        if record.run_id != run_id or record.link is LinkState.DISCONNECTED:
            return
        process.silent_since_ms = now_ms
        self._put(attrs.evolve(record, link=LinkState.DISCONNECTED), unix_ms=unix_ms)

    def handle_started(self, started: NodeStarted, *, now_ms: int, unix_ms: int) -> None:
        """The supervisor started a run, which will say hello. Raises UnknownNodeError."""
        record = self._view.node(started.node_id)
        process = self._processes[started.node_id]
        # The notice may come late: who has said hello is the present run, whatever was started before it.
        if started.run_id in process.ended_runs or record.link is LinkState.CONNECTED:
            return
        process.run_id, process.pid, process.status = started.run_id, started.pid, None
        process.silent_since_ms = now_ms
        # A failed node stays failed until its new run says hello: clients should not be sent to it earlier.
        health = Health.FAIL if record.health is Health.FAIL else Health.LOADING
        self._put(attrs.evolve(record, health=health, link=LinkState.DISCONNECTED), unix_ms=unix_ms)

    def handle_exited(self, exited: NodeExited, *, unix_ms: int) -> None:
        """The supervisor saw a run end: is it the present one, the node is FAIL. Raises UnknownNodeError."""
        record = self._view.node(exited.node_id)
        process = self._processes[exited.node_id]
        if exited.run_id not in process.ended_runs:
            process.ended_runs.append(exited.run_id)
        if process.run_id not in (None, exited.run_id):
            return
        process.run_id, process.pid, process.status, process.silent_since_ms = None, None, None, None
        self._put(attrs.evolve(record, health=Health.FAIL, link=LinkState.DISCONNECTED), unix_ms=unix_ms)

    def handle_time(self, *, now_ms: int, unix_ms: int) -> None:
        """Members that have been silent for too long become PFAIL."""
        for node_id, process in self._processes.items():
            deadline_ms = self._deadline_ms(process)
            if deadline_ms is not None and deadline_ms <= now_ms:
                process.silent_since_ms = None
                record = self._view.node(node_id)
                if record.health is not Health.FAIL:
                    self._put(attrs.evolve(record, health=Health.PFAIL), unix_ms=unix_ms)

    def next_deadline_ms(self) -> int | None:
        """The monotonic time when :meth:`handle_time` has something to do next; None if never."""
        deadlines = map(self._deadline_ms, self._processes.values())
        return min((deadline_ms for deadline_ms in deadlines if deadline_ms is not None), default=None)

    def status(self, *, pid: int) -> BusStatus:
        """The answer to BusStatusRequest; ``pid`` is the bus's own."""
        return BusStatus(
            cluster_id=self._view.cluster_id,
            pid=pid,
            view_version=self._view.version,
            current_epoch=self._view.current_epoch,
            nodes=tuple(map(self._report, self._view.nodes)),
        )

    def _report(self, record: NodeRecord) -> NodeReport:
        process = self._processes[record.node_id]
        return NodeReport(record=record, pid=process.pid, status=process.status)

    def _deadline_ms(self, process: _Process) -> int | None:
        return None if process.silent_since_ms is None else process.silent_since_ms + self._node_timeout_ms

    def _put(self, record: NodeRecord, *, unix_ms: int) -> None:
        if record != self._view.node(record.node_id):
            self._view = self._view.with_node(attrs.evolve(record, changed_unix_ms=unix_ms))


def first_state(cluster_id: str, plan: Sequence[PlannedNode], *, new_id: Callable[[], str]) -> SavedState:
    """The state of a cluster made from a plan: slots dealt evenly, a shard and an epoch for every primary.

    Args:
        cluster_id: Forty hexadecimal digits.
        plan: Primaries and their replicas, in any order.
        new_id: Makes ids for the shards.
    Raises:
        PlanError: no primary, a replica of something that is no primary of the plan, or an id twice.
    """
    primaries = [planned for planned in plan if planned.replica_of is None]
    if not primaries:
        raise PlanError("a cluster needs a primary")
    shard_ids = {primary.node_id: new_id() for primary in primaries}
    ranges = dict(zip(shard_ids, split_evenly(len(primaries)), strict=True))
    # Epochs are dealt like slots, one each: an epoch names one owner from the first view on.
    epochs = {node_id: epoch for epoch, node_id in enumerate(shard_ids, start=1)}
    nodes: list[NodeRecord] = []
    for planned in plan:
        primary_id = planned.node_id if planned.replica_of is None else planned.replica_of
        if primary_id not in shard_ids:
            raise PlanError(f"{planned.name} replicates {primary_id}, which is no primary of the plan")
        is_primary = planned.replica_of is None
        nodes.append(
            NodeRecord(
                node_id=planned.node_id,
                shard_id=shard_ids[primary_id],
                name=planned.name,
                host=planned.host,
                port=planned.port,
                bus_host=planned.bus_host,
                bus_port=planned.bus_port,
                role=Role.PRIMARY if is_primary else Role.REPLICA,
                config_epoch=epochs[primary_id] if is_primary else 0,
                slots=(ranges[primary_id],) if is_primary else (),
            )
        )
    try:
        view = ClusterView(cluster_id=cluster_id, version=0, current_epoch=len(primaries), nodes=tuple(nodes))
    except ValueError as exc:
        raise PlanError(str(exc)) from exc
    return SavedState(incarnation=0, view=view)
