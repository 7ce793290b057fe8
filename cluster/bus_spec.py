"""What the supervisor hands to the bus: where it lives, and the plan of a cluster that is yet to be made."""

from collections.abc import Iterable
from pathlib import Path

import attrs
from attrs.validators import in_, instance_of, optional

from pycluster.cluster.view import NodeId, is_counter, is_hex_id, is_host, is_port
from pycluster.runtime.logs import LOG_FORMATS, LogFormat

NODE_TIMEOUT_MS = 2_000


class PlanError(ValueError):
    """The plan describes no cluster: roles that do not divide, a replica of nobody, an id twice."""


@attrs.frozen(kw_only=True)
class PlannedNode:
    """A node as the supervisor plans it; ``replica_of`` is the id of its primary, None in a primary.

    ``bus_port`` is where the bus of the node's host is reached from other hosts, 0 if nowhere; ``bus_host``
    is ``host`` unless it is given.
    """

    node_id: NodeId = attrs.field(validator=is_hex_id)
    name: str = attrs.field(validator=instance_of(str))
    host: str = attrs.field(validator=is_host)
    port: int = attrs.field(validator=is_port)
    replica_of: NodeId | None = attrs.field(default=None, validator=optional(is_hex_id))
    bus_host: str = attrs.field(
        default=attrs.Factory(lambda self: self.host, takes_self=True), validator=is_host
    )
    bus_port: int = attrs.field(default=0, validator=is_port)


def _to_tuple(nodes: Iterable[PlannedNode]) -> tuple[PlannedNode, ...]:
    return tuple(nodes)


@attrs.frozen(kw_only=True)
class BusSpec:
    """All a bus needs to run.

    Args:
        cluster_id: Forty hexadecimal digits; a state file of another cluster is refused.
        directory: The cluster's directory: ``bus.sock``, ``bus.state`` and ``bus.pid`` are in it.
        nodes: The plan, read only while there is no state file: afterwards the state says who is a member.
        node_timeout_ms: Silence after which a node counts as PFAIL.
        log_format: ``text`` or ``json``.
    """

    cluster_id: str = attrs.field(validator=is_hex_id)
    directory: Path = attrs.field(validator=instance_of(Path))
    nodes: tuple[PlannedNode, ...] = attrs.field(converter=_to_tuple)
    node_timeout_ms: int = attrs.field(default=NODE_TIMEOUT_MS, validator=is_counter)
    log_format: LogFormat = attrs.field(default="text", validator=in_(LOG_FORMATS))


def assign_roles(node_count: int, replica_count: int) -> tuple[int | None, ...]:
    """Which node replicates which: for every node the index of its primary, None for a primary itself.

    Primaries come first; replicas are dealt round, so neighbours in the list serve different shards.

    Args:
        node_count: Nodes in all, at least 1.
        replica_count: Replicas of every primary, 0 or more.
    Raises:
        PlanError: the nodes cannot be divided into shards of ``1 + replica_count`` members.
    """
    if node_count < 1 or replica_count < 0:
        raise PlanError(f"a cluster cannot have {node_count} nodes with {replica_count} replicas each")
    primary_count, rest = divmod(node_count, 1 + replica_count)
    if rest or not primary_count:
        raise PlanError(
            f"{node_count} nodes cannot be divided into shards of {1 + replica_count} "
            f"(a primary and {replica_count} replica{'' if replica_count == 1 else 's'} each)"
        )
    replicas = (index % primary_count for index in range(node_count - primary_count))
    return (*(None for _ in range(primary_count)), *replicas)
