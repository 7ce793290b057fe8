"""A node as a member of its cluster: applies views to the engine, and knows where it stands."""

import logging
from collections.abc import Sequence
from typing import Protocol

from pycluster.cluster.messages import NodeHello, NodeStatus
from pycluster.cluster.topology import UNHEARD, Topology, topology_of
from pycluster.cluster.view import ClusterView, NodeRecord, Role
from pycluster.node.cluster_commands import Standing
from pycluster.node.cluster_replies import ClusterReplies, LinkCounters
from pycluster.node.spec import NodeSpec

log = logging.getLogger(__name__)

FULL_COVERAGE_SETTING = "cluster-require-full-coverage"


class MemberEngine(Protocol):
    """The part of the engine that a member needs."""

    def set_topology(
        self,
        *,
        slot_owners: bytes,
        endpoints: Sequence[tuple[str, int]],
        mine: int | None,
        replica: bool,
        down_reason: str | None,
    ) -> None:
        """As ``Engine.set_topology``."""

    def info(self, *sections: str) -> dict[str, str]:
        """As ``Engine.info``."""

    def dbsize(self) -> int:
        """As ``Engine.dbsize``."""


class Member:
    """Keeps the engine's topology at the newest view; until the first one, the node serves no slot.

    Args:
        spec: The node.
        pid: The node's process.
        engine: Gets the topology, and the first one ("nothing heard yet") at once.
    """

    def __init__(self, spec: NodeSpec, pid: int, engine: MemberEngine) -> None:
        self._spec = spec
        self._pid = pid
        self._engine = engine
        self._replies = ClusterReplies(_alone(spec), spec.node_id)
        self._heard = False
        self._topology = UNHEARD
        self._set_topology(UNHEARD)

    @property
    def hello(self) -> NodeHello:
        """What this process says to a bus first."""
        spec = self._spec
        return NodeHello(
            node_id=spec.node_id, run_id=spec.run_id, pid=self._pid, host=spec.host, port=spec.port
        )

    @property
    def status(self) -> NodeStatus:
        """How this node is doing just now."""
        info = self._engine.info("memory", "clients")
        return NodeStatus(
            keys_count=self._engine.dbsize(),
            memory_used_bytes=int(info.get("used_memory", "0")),
            clients_count=int(info.get("connected_clients", "0")),
        )

    def standing(self, counters: LinkCounters) -> Standing:
        """What the ``CLUSTER`` commands answer from; the counters are those of the link with the bus."""
        return Standing(
            replies=self._replies,
            heard=self._heard,
            serving=self._topology.down_reason is None,
            counters=counters,
        )

    def apply(self, view: ClusterView) -> None:
        """Serve by this view from now on; it comes from the bus, so it is the newest there is."""
        # What the node was started with counts, not the engine's default (Redis's): by that, a slot that
        # is down for the moment of a restart would stop the whole cluster.
        full = self._spec.settings.get(FULL_COVERAGE_SETTING) == "yes"
        topology = topology_of(view, self._spec.node_id, require_full_coverage=full)
        if view.get(self._spec.node_id) is None:
            log.warning("this node is no member of cluster %s any more", view.cluster_id)
        else:
            self._replies = ClusterReplies(view, self._spec.node_id)
        if not self._heard or topology.down_reason != self._topology.down_reason:
            log.info("%s", topology.down_reason or f"serving as {self._replies.me.role.value}")
        self._heard = True
        if topology != self._topology:
            self._set_topology(topology)

    def _set_topology(self, topology: Topology) -> None:
        self._topology = topology
        self._engine.set_topology(
            slot_owners=topology.slot_owners,
            endpoints=topology.endpoints,
            mine=topology.mine,
            replica=topology.replica,
            down_reason=topology.down_reason,
        )


def _alone(spec: NodeSpec) -> ClusterView:
    """What a node knows before it has heard anything: itself, without slots."""
    myself = NodeRecord(
        node_id=spec.node_id,
        shard_id=spec.node_id,
        name=spec.name,
        host=spec.host,
        port=spec.port,
        bus_host=spec.host,
        bus_port=0,
        role=Role.PRIMARY,
        config_epoch=0,
    )
    return ClusterView(cluster_id=spec.node_id, version=0, current_epoch=0, nodes=(myself,))
