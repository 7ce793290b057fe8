"""The view of a cluster: its nodes, who holds which slot in which epoch, and how everyone is.

A view is a frozen value; every change makes a new one with a higher version.
"""

import enum
import re
from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import attrs
from attrs.validators import and_, ge, instance_of, le

from pycluster.cluster.slots import SLOT_COUNT, SlotRange, are_normal

COUNTER_MAX = 2**63 - 1
PORT_MAX = 65_535
HOST_CHARS_MAX = 255
NODE_COUNT_MAX = 1_000

NodeId = str
ShardId = str

_HEX_ID = re.compile(r"[0-9a-f]{40}")


class UnknownNodeError(LookupError):
    """No node of the view has this id."""

    def __init__(self, node_id: NodeId) -> None:
        super().__init__(f"unknown node {node_id}")
        self.node_id = node_id


def is_hex_id(_instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """An attrs validator: forty lower-case hexadecimal digits, as all our ids are."""
    if not isinstance(value, str) or not _HEX_ID.fullmatch(value):
        raise ValueError(f"{attribute.name} has to be forty hexadecimal digits, not {value!r:.60}")


def is_host(_instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """An attrs validator: a host name or address without spaces; empty means all addresses of the host."""
    if (
        not isinstance(value, str)
        or len(value) > HOST_CHARS_MAX
        or not all("!" <= char <= "~" for char in value)
    ):
        raise ValueError(f"{attribute.name} is no host name or address: {value!r:.60}")


is_port = and_(instance_of(int), ge(0), le(PORT_MAX))
is_counter = and_(instance_of(int), ge(0), le(COUNTER_MAX))


class Role(enum.Enum):
    """What a node is to its shard."""

    PRIMARY = "primary"
    REPLICA = "replica"


class Health(enum.Enum):
    """What the cluster holds of a node."""

    LOADING = "loading"
    """A member that has not said hello yet: about to start, or not heard since the bus started."""
    ONLINE = "online"
    PFAIL = "pfail"
    """Silent, in the eyes of this bus alone."""
    FAIL = "fail"
    """Down by agreement, or because its process is known to have ended."""


class LinkState(enum.Enum):
    """Whether the bus of the node's host has a connection with it."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


@attrs.frozen(kw_only=True)
class NodeRecord:
    """One member of the cluster.

    ``host`` and ``port`` are for clients, ``bus_host`` and ``bus_port`` for other hosts' buses; a host may be
    empty or a wildcard address, and is then named by the address that the asking client used. ``slots`` are
    normal (see :func:`pycluster.cluster.slots.are_normal`) and empty in a replica. ``run_id`` is the process
    that said hello last, or None; ``changed_unix_ms`` is when its link or health changed last, 0 if never.
    """

    node_id: NodeId = attrs.field(validator=is_hex_id)
    shard_id: ShardId = attrs.field(validator=is_hex_id)
    name: str = attrs.field(validator=instance_of(str))
    host: str = attrs.field(validator=is_host)
    port: int = attrs.field(validator=is_port)
    bus_host: str = attrs.field(validator=is_host)
    bus_port: int = attrs.field(validator=is_port)
    role: Role = attrs.field(validator=instance_of(Role))
    config_epoch: int = attrs.field(validator=is_counter)
    slots: tuple[SlotRange, ...] = ()
    health: Health = attrs.field(default=Health.LOADING, validator=instance_of(Health))
    link: LinkState = attrs.field(default=LinkState.DISCONNECTED, validator=instance_of(LinkState))
    run_id: str | None = attrs.field(default=None, validator=attrs.validators.optional(is_hex_id))
    changed_unix_ms: int = attrs.field(default=0, validator=is_counter)

    def __attrs_post_init__(self) -> None:
        if not are_normal(self.slots):
            raise ValueError(f"slots of node {self.node_id} overlap, touch or do not ascend")
        if self.slots and self.role is Role.REPLICA:
            raise ValueError(f"replica {self.node_id} cannot own slots: its shard's primary does")

    @property
    def is_failing(self) -> bool:
        """Whether anyone holds the node for down: PFAIL or FAIL."""
        return self.health in (Health.PFAIL, Health.FAIL)

    @property
    def slot_count(self) -> int:
        """Number of slots the node owns."""
        return sum(map(len, self.slots))


@attrs.frozen(kw_only=True)
class ClusterView:
    """All members in a stable order, with the highest epoch any of them has heard of.

    Raises:
        ValueError: two nodes share an id, two primaries a slot or shard, an epoch is beyond the current one.
    """

    cluster_id: str = attrs.field(validator=is_hex_id)
    version: int = attrs.field(validator=is_counter)
    current_epoch: int = attrs.field(validator=is_counter)
    nodes: tuple[NodeRecord, ...] = attrs.field()

    def __attrs_post_init__(self) -> None:
        if len(self.nodes) > NODE_COUNT_MAX:
            raise ValueError(f"a cluster has {NODE_COUNT_MAX} nodes at most, not {len(self.nodes)}")
        if len({node.node_id for node in self.nodes}) != len(self.nodes):
            raise ValueError("two nodes have the same id")
        primary_shards = [node.shard_id for node in self.nodes if node.role is Role.PRIMARY]
        if len(set(primary_shards)) != len(primary_shards):
            raise ValueError("two primaries have the same shard id")
        ranges = sorted(slots for node in self.nodes for slots in node.slots)
        for left, right in pairwise(ranges):
            if right.start <= left.end:
                raise ValueError(f"slot {right.start} has two owners")
        for node in self.nodes:
            if node.config_epoch > self.current_epoch:
                raise ValueError(
                    f"node {node.node_id} is in epoch {node.config_epoch}, beyond {self.current_epoch}"
                )

    @cached_property
    def _by_id(self) -> Mapping[NodeId, NodeRecord]:
        return MappingProxyType({node.node_id: node for node in self.nodes})

    @cached_property
    def _by_shard(self) -> Mapping[ShardId, tuple[NodeRecord, ...]]:
        shards: dict[ShardId, tuple[NodeRecord, ...]] = {}
        for node in self.nodes:
            members = shards.get(node.shard_id, ())
            shards[node.shard_id] = (node, *members) if node.role is Role.PRIMARY else (*members, node)
        return MappingProxyType(shards)

    def get(self, node_id: NodeId) -> NodeRecord | None:
        """The node of this id, or None."""
        return self._by_id.get(node_id)

    def node(self, node_id: NodeId) -> NodeRecord:
        """The node of this id; raises UnknownNodeError."""
        record = self._by_id.get(node_id)
        if record is None:
            raise UnknownNodeError(node_id)
        return record

    @cached_property
    def owners(self) -> tuple[NodeRecord, ...]:
        """The primaries that own slots, in the order of their lowest slot."""
        return tuple(sorted((node for node in self.nodes if node.slots), key=lambda node: node.slots[0]))

    def shard(self, shard_id: ShardId) -> tuple[NodeRecord, ...]:
        """The shard's primary, if it has one, and then its replicas."""
        return self._by_shard.get(shard_id, ())

    def primary_of(self, record: NodeRecord) -> NodeRecord | None:
        """The primary of the node's shard (the node itself, if it is one); None while the shard has none."""
        members = self.shard(record.shard_id)
        return members[0] if members and members[0].role is Role.PRIMARY else None

    def replicas_of(self, primary: NodeRecord) -> tuple[NodeRecord, ...]:
        """The replicas in the node's shard."""
        return tuple(node for node in self.shard(primary.shard_id) if node.role is Role.REPLICA)

    def owner_of(self, slot: int) -> NodeRecord | None:
        """The primary that owns a slot, or None; linear in the number of ranges."""
        return next((node for node in self.owners if any(slot in slots for slots in node.slots)), None)

    @property
    def slots_assigned_count(self) -> int:
        """Number of slots that have an owner, at most 16384."""
        return sum(node.slot_count for node in self.owners)

    @property
    def has_full_coverage(self) -> bool:
        """Whether every slot has an owner that is not FAIL."""
        covered = sum(node.slot_count for node in self.owners if node.health is not Health.FAIL)
        return covered == SLOT_COUNT

    def with_node(self, record: NodeRecord) -> "ClusterView":
        """The next version, with the node of this id replaced; raises UnknownNodeError."""
        self.node(record.node_id)
        nodes = tuple(record if node.node_id == record.node_id else node for node in self.nodes)
        return attrs.evolve(self, version=self.version + 1, nodes=nodes)
