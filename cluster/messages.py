"""The messages of one host, and every message's way to and from the map that a frame carries.

They go between the host's bus, its nodes, its supervisor and the command line.
The messages between the buses of several hosts are in :mod:`pycluster.cluster.peer_messages`.
"""

import enum
from typing import Any, TypeVar

import attrs
from attrs.validators import instance_of, optional

from pycluster.cluster.view import (
    ClusterView,
    NodeId,
    NodeRecord,
    is_counter,
    is_hex_id,
    is_host,
    is_port,
)
from pycluster.cluster.wire import MessageError as MessageError
from pycluster.cluster.wire import from_plain, to_plain

PROTOCOL_VERSION = 1

_classes: dict[str, type] = {}

C = TypeVar("C", bound=type)


def message_class(kind: C) -> C:
    """Enter an attrs class into the table of messages, under its own name."""
    _classes[kind.__name__] = kind
    return kind


def is_message_class(kind: type) -> bool:
    """Whether objects of a class can be sent."""
    return _classes.get(kind.__name__) is kind


def encode(message: object) -> dict[str, Any]:
    """The map that a frame carries: ``{"v": 1, "t": "ClassName", ...fields}``."""
    name = type(message).__name__
    if not is_message_class(type(message)):
        raise TypeError(f"{name} is no message")
    return {"v": PROTOCOL_VERSION, "t": name, **to_plain(message)}


def decode(frame: dict[str, Any]) -> object:
    """The message in a frame's map.

    Raises:
        MessageError: another protocol version, an unknown class, or fields that are not as the class says.
    """
    fields = dict(frame)
    version, name = fields.pop("v", None), fields.pop("t", None)
    if type(version) is not int or version != PROTOCOL_VERSION:
        raise MessageError(f"protocol version {version!r:.60} is not {PROTOCOL_VERSION}")
    kind = _classes.get(name) if type(name) is str else None
    if kind is None:
        raise MessageError(f"unknown message {name!r:.60}")
    message: object = from_plain(kind, fields, kind.__name__)
    return message


# Node to bus


@message_class
@attrs.frozen(kw_only=True)
class NodeHello:
    """The first message of a node: this process serves clients at this address."""

    node_id: NodeId = attrs.field(validator=is_hex_id)
    run_id: str = attrs.field(validator=is_hex_id)
    pid: int = attrs.field(validator=is_counter)
    host: str = attrs.field(validator=is_host)
    port: int = attrs.field(validator=is_port)


@message_class
@attrs.frozen(kw_only=True)
class NodeStatus:
    """How a node is doing, every few seconds: for people to look at, decisions are not made by it."""

    keys_count: int = attrs.field(validator=is_counter)
    memory_used_bytes: int = attrs.field(validator=is_counter)
    clients_count: int = attrs.field(validator=is_counter)


# Bus to node


@message_class
@attrs.frozen(kw_only=True)
class NodeWelcome:
    """The answer to NodeHello: the node is a member, and this is the present view."""

    view: ClusterView


@message_class
@attrs.frozen(kw_only=True)
class HelloRefused:
    """The answer to a NodeHello that is not accepted; the bus closes the connection."""

    reason: str = attrs.field(validator=instance_of(str))


@message_class
@attrs.frozen(kw_only=True)
class TopologyUpdate:
    """The view has changed; only the newest is sent to a node that is slow to read."""

    view: ClusterView


@message_class
@attrs.frozen(kw_only=True)
class LeaseGrant:
    """A primary may accept writes until then; used once primaries write under leases.

    ``until_monotonic_ms`` is on the host's monotonic clock, counted from the moment the probe was sent that a
    majority of voters acknowledged. It counts for this run of the process only; no later message shortens it.
    """

    node_id: NodeId = attrs.field(validator=is_hex_id)
    run_id: str = attrs.field(validator=is_hex_id)
    config_epoch: int = attrs.field(validator=is_counter)
    until_monotonic_ms: int = attrs.field(validator=is_counter)


@message_class
@attrs.frozen(kw_only=True)
class ReplicationOffset:
    """How far a node's data goes, from node to bus; used once replicas follow their primaries.

    ``offset`` counts bytes of the replication stream named by ``replication_id``; offsets of two streams
    cannot be compared.
    """

    node_id: NodeId = attrs.field(validator=is_hex_id)
    replication_id: str = attrs.field(validator=is_hex_id)
    offset: int = attrs.field(validator=is_counter)


# Pub/sub across nodes, both ways


class Topic(enum.Enum):
    """What clients subscribe to."""

    CHANNEL = "channel"
    PATTERN = "pattern"
    SHARD = "shard"
    """A channel whose messages stay within the shard."""


@attrs.frozen(kw_only=True)
class SubscriptionChange:
    """A channel or pattern has subscribers now, or has none any more."""

    topic: Topic
    channel: bytes
    subscribed: bool


@attrs.frozen(kw_only=True)
class PublishedMessage:
    """A message to a channel or a shard channel."""

    topic: Topic
    channel: bytes
    payload: bytes
    patterns: tuple[bytes, ...] = ()
    """On the way to the bus: the patterns of other nodes that the channel matches."""


@message_class
@attrs.frozen(kw_only=True)
class NodeSubscriptions:
    """What a node has subscribers for, to the bus: at first everything, then the changes."""

    changes: tuple[SubscriptionChange, ...]


@message_class
@attrs.frozen(kw_only=True)
class RemoteSubscriptions:
    """What others have subscribers for, from the bus to a node: at first everything, then the changes."""

    changes: tuple[SubscriptionChange, ...]


@message_class
@attrs.frozen(kw_only=True)
class NodePublished:
    """What a node's clients have published and others want, to the bus."""

    messages: tuple[PublishedMessage, ...]


@message_class
@attrs.frozen(kw_only=True)
class RemotePublished:
    """What was published on other nodes, from the bus to a node with subscribers for it."""

    messages: tuple[PublishedMessage, ...]


# Supervisor and command line to bus


@message_class
@attrs.frozen(kw_only=True)
class NodeStarted:
    """The supervisor has started (or found alive) this run of a node: it will say hello by itself."""

    node_id: NodeId = attrs.field(validator=is_hex_id)
    run_id: str = attrs.field(validator=is_hex_id)
    pid: int = attrs.field(validator=is_counter)


@message_class
@attrs.frozen(kw_only=True)
class NodeExited:
    """The supervisor saw this run of a node end: it is down, at once and for good."""

    node_id: NodeId = attrs.field(validator=is_hex_id)
    run_id: str = attrs.field(validator=is_hex_id)
    exit_status: int | None = attrs.field(default=None, validator=optional(instance_of(int)))
    """As waitpid reports it: below zero the signal that ended it; None when nobody could tell."""


@message_class
@attrs.frozen(kw_only=True)
class BusStatusRequest:
    """Asks for BusStatus."""


@attrs.frozen(kw_only=True)
class NodeReport:
    """A member, and what its present process says of itself; None where it has not said it."""

    record: NodeRecord
    pid: int | None = attrs.field(default=None, validator=optional(is_counter))
    status: NodeStatus | None = None


@message_class
@attrs.frozen(kw_only=True)
class BusStatus:
    """The answer to BusStatusRequest."""

    cluster_id: str = attrs.field(validator=is_hex_id)
    pid: int = attrs.field(validator=is_counter)
    view_version: int = attrs.field(validator=is_counter)
    current_epoch: int = attrs.field(validator=is_counter)
    nodes: tuple[NodeReport, ...] = ()
