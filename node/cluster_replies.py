"""A view as ``CLUSTER SLOTS``, ``SHARDS``, ``NODES`` and their kin show it; pure.

One :class:`ClusterReplies` belongs to one view and keeps what it has rendered: after a failure all clients
ask for the slots at once, and are answered from one rendering.
"""

from collections.abc import Callable
from functools import cached_property

import attrs

from pycluster.cluster.slots import SlotRange
from pycluster.cluster.topology import endpoint_host
from pycluster.cluster.view import ClusterView, Health, LinkState, NodeId, NodeRecord, Role
from pycluster.node.answers import Plain

ADDRESSES_KEPT_MAX = 64
"""Addresses of this node whose renderings are kept; a host has far fewer."""

_HEALTH_WORDS = {
    Health.ONLINE: "online",
    Health.LOADING: "loading",
    Health.PFAIL: "online",
    Health.FAIL: "fail",
}
_HEALTH_FLAGS = {Health.PFAIL: "fail?", Health.FAIL: "fail"}


@attrs.frozen(kw_only=True)
class LinkCounters:
    """Messages this process has exchanged with its bus since it started."""

    sent_count: int = 0
    received_count: int = 0


class ClusterReplies:
    """Renders a view as one of its members.

    Args:
        view: The view; ``node_id`` is in it.
        node_id: The member that answers.
    """

    def __init__(self, view: ClusterView, node_id: NodeId) -> None:
        self.view = view
        self._me = view.node(node_id)
        self._rendered: dict[tuple[str, str], Plain] = {}

    @property
    def me(self) -> NodeRecord:
        """The member that answers."""
        return self._me

    def slots(self, local_address: str) -> Plain:
        """``CLUSTER SLOTS``: for every range of slots its start, end, primary and the replicas that are up.

        Args:
            local_address: Where the client reached this node; stands for hosts that are wildcards.
        """
        return self._once("slots", local_address, self._slots)

    def shards(self, local_address: str) -> Plain:
        """``CLUSTER SHARDS``: for every shard its slots and all its nodes, up or not; Valkey 9's fields."""
        return self._once("shards", local_address, self._shards)

    def nodes(self, local_address: str) -> str:
        """``CLUSTER NODES``: one line a node."""
        return str(self._once("nodes", local_address, self._nodes))

    def replicas(self, primary: NodeRecord, local_address: str) -> Plain:
        """``CLUSTER REPLICAS``: the lines of one primary's replicas."""
        return [self._line(replica, local_address) for replica in self.view.replicas_of(primary)]

    def links(self) -> Plain:
        """``CLUSTER LINKS``: the members that can be reached.

        Nodes have no connections with each other: their buses carry what they have to say. So there is one
        entry for each member that is connected with its bus, since when it is, and no buffer of this node.
        """
        return [
            {
                "direction": "to",
                "node": node.node_id,
                "create-time": node.changed_unix_ms,
                "events": "rw",
                "send-buffer-allocated": 0,
                "send-buffer-used": 0,
            }
            for node in self.view.nodes
            if node is not self._me and node.link is LinkState.CONNECTED
        ]

    def info(self, *, serving: bool, counters: LinkCounters) -> str:
        """``CLUSTER INFO``; ``serving`` is whether this node answers for its slots."""
        slots = dict.fromkeys(Health, 0)
        nodes = dict(slots)
        owners = dict(slots)
        for node in self.view.nodes:
            slots[node.health] += node.slot_count
            nodes[node.health] += 1
            owners[node.health] += bool(node.slots)
        fields: dict[str, str | int] = {
            "cluster_state": "ok" if serving else "fail",
            "cluster_slots_assigned": self.view.slots_assigned_count,
            "cluster_slots_ok": slots[Health.ONLINE] + slots[Health.LOADING],
            "cluster_slots_pfail": slots[Health.PFAIL],
            "cluster_slots_fail": slots[Health.FAIL],
            "cluster_nodes_pfail": nodes[Health.PFAIL],
            "cluster_nodes_fail": nodes[Health.FAIL],
            "cluster_voting_nodes_pfail": owners[Health.PFAIL],
            "cluster_voting_nodes_fail": owners[Health.FAIL],
            "cluster_known_nodes": len(self.view.nodes),
            "cluster_size": len(self.view.owners),
            "cluster_current_epoch": self.view.current_epoch,
            "cluster_my_epoch": self._epoch(self._me),
            "cluster_stats_messages_sent": counters.sent_count,
            "cluster_stats_messages_received": counters.received_count,
            "total_cluster_links_buffer_limit_exceeded": 0,
        }
        return "".join(f"{name}:{value}\r\n" for name, value in fields.items())

    @cached_property
    def _address_matters(self) -> bool:
        return not all(endpoint_host(node) for node in self.view.nodes)

    def _once(self, name: str, local_address: str, render: Callable[[str], Plain]) -> Plain:
        key = (name, local_address if self._address_matters else "")
        if key not in self._rendered:
            if len(self._rendered) >= ADDRESSES_KEPT_MAX:
                self._rendered.clear()
            self._rendered[key] = render(local_address)
        return self._rendered[key]

    def _slots(self, local_address: str) -> Plain:
        entries: dict[SlotRange, Plain] = {}
        for owner in self.view.owners:
            up = [replica for replica in self.view.replicas_of(owner) if not replica.is_failing]
            members = [_slots_node(node, local_address) for node in (owner, *up)]
            entries |= {slots: [slots.start, slots.end, *members] for slots in owner.slots}
        return [entries[slots] for slots in sorted(entries)]

    def _shards(self, local_address: str) -> Plain:
        shard_ids = dict.fromkeys(node.shard_id for node in (*self.view.owners, *self.view.nodes))
        return [self._shard(self.view.shard(shard_id), local_address) for shard_id in shard_ids]

    def _shard(self, members: tuple[NodeRecord, ...], local_address: str) -> Plain:
        ends = [slot for slots in members[0].slots for slot in (slots.start, slots.end)]
        nodes = [_shard_node(node, local_address) for node in members]
        return {"slots": ends, "nodes": nodes, "id": members[0].shard_id}

    def _nodes(self, local_address: str) -> str:
        return "".join(self._line(node, local_address) + "\n" for node in self.view.nodes)

    def _line(self, node: NodeRecord, local_address: str) -> str:
        mine = node is self._me
        primary = self.view.primary_of(node)
        flags = ["myself"] if mine else []
        flags.append("master" if node.role is Role.PRIMARY else "slave")
        if node.health in _HEALTH_FLAGS and not mine:
            flags.append(_HEALTH_FLAGS[node.health])
        connected = mine or node.link is LinkState.CONNECTED
        fields = (
            node.node_id,
            f"{_host(node, local_address)}:{node.port}@{node.bus_port}",
            ",".join(flags),
            primary.node_id if node.role is Role.REPLICA and primary is not None else "-",
            # Buses do not ping their own nodes: what is shown is since when the node is there or away.
            "0" if connected else str(node.changed_unix_ms),
            "0" if mine else str(node.changed_unix_ms),
            str(self._epoch(node)),
            "connected" if connected else "disconnected",
            *map(str, node.slots),
        )
        return " ".join(fields)

    def _epoch(self, node: NodeRecord) -> int:
        """A replica shows its primary's epoch."""
        primary = self.view.primary_of(node)
        return node.config_epoch if primary is None else primary.config_epoch


def _host(node: NodeRecord, local_address: str) -> str:
    return endpoint_host(node) or local_address


def _slots_node(node: NodeRecord, local_address: str) -> Plain:
    # The map at the end is for further endpoints of a node, of which ours have none.
    return [_host(node, local_address), node.port, node.node_id, {}]


def _shard_node(node: NodeRecord, local_address: str) -> Plain:
    return {
        "id": node.node_id,
        "port": node.port,
        "ip": _host(node, local_address),
        "endpoint": _host(node, local_address),
        "role": "master" if node.role is Role.PRIMARY else "replica",
        # Nothing is replicated yet, so every stream is at its beginning.
        "replication-offset": 0,
        "health": _HEALTH_WORDS[node.health],
    }
