"""The messages between the buses of several hosts: probes, gossip, failure reports, claims and leases.

They are laid out for the issues that build detection, election and migration on them; a bus that serves one
host sends none of them. The rules behind them: detection has two roads, every change of ownership is a claim
that a majority of voters accepted, and a primary writes under a lease.
"""

import enum
from collections.abc import Mapping

import attrs
from attrs.validators import instance_of, optional

from pycluster.cluster.messages import message_class
from pycluster.cluster.slots import SlotRange, are_normal
from pycluster.cluster.view import ClusterView, Health, NodeId, ShardId, is_counter, is_hex_id


class FailReason(enum.Enum):
    """Why a node is FAIL: the two roads of detection."""

    EXITED = "exited"
    """The supervisor of its host saw the process end: final, no vote needed."""
    SILENT = "silent"
    """A majority of voters probed it themselves and heard nothing."""


class ClaimKind(enum.Enum):
    """What a claim changes."""

    PROMOTION = "promotion"
    FAILOVER = "failover"
    MIGRATION = "migration"
    JOIN = "join"
    LEAVE = "leave"
    TAKEOVER = "takeover"
    """The one kind that is announced without votes, because an administrator insisted."""


class Refusal(enum.Enum):
    """Why a voter does not support a claim."""

    EPOCH_TAKEN = "epoch-taken"
    """It has accepted another claim for this shard and epoch."""
    EPOCH_OLD = "epoch-old"
    """It knows a higher epoch; the claimant has to fetch the newest view first."""
    LEASE_HELD = "lease-held"
    """The present primary's lease, which this voter acknowledged, has not run out on its clock."""
    NOT_FAILED = "not-failed"
    """It does not hold the present primary for failed."""
    DATA_BEHIND = "data-behind"
    """The candidate's offset is lower than one it knows, or too few offsets were shown."""
    RESTARTED = "restarted"
    """It restarted less than a lease time ago, and may have promised what it no longer knows."""


@message_class
@attrs.frozen(kw_only=True)
class Probe:
    """Asks a host whether a node is alive; answered without the node's data thread."""

    sender: NodeId = attrs.field(validator=is_hex_id)
    target: NodeId = attrs.field(validator=is_hex_id)
    probe_number: int = attrs.field(validator=is_counter)


@message_class
@attrs.frozen(kw_only=True)
class ProbeAnswer:
    """The answer to Probe, with the newest the sender knows; ``busy`` means alive, within a slow command."""

    target: NodeId = attrs.field(validator=is_hex_id)
    run_id: str | None = attrs.field(validator=optional(is_hex_id))
    probe_number: int = attrs.field(validator=is_counter)
    busy: bool = attrs.field(validator=instance_of(bool))
    current_epoch: int = attrs.field(validator=is_counter)


@attrs.frozen(kw_only=True)
class NodeDigest:
    """What gossip says of one node: enough to notice that somebody knows more."""

    node_id: NodeId = attrs.field(validator=is_hex_id)
    config_epoch: int = attrs.field(validator=is_counter)
    health: Health
    run_id: str | None = attrs.field(default=None, validator=optional(is_hex_id))


@message_class
@attrs.frozen(kw_only=True)
class Gossip:
    """Changes since the last gossip to this peer, or (``complete``) a digest of every node."""

    sender: NodeId = attrs.field(validator=is_hex_id)
    current_epoch: int = attrs.field(validator=is_counter)
    complete: bool = attrs.field(validator=instance_of(bool))
    digests: tuple[NodeDigest, ...] = ()


@message_class
@attrs.frozen(kw_only=True)
class ViewRequest:
    """Asks for a ViewOffer; a candidate sends it before it claims."""

    sender: NodeId = attrs.field(validator=is_hex_id)


@message_class
@attrs.frozen(kw_only=True)
class ViewOffer:
    """The sender's whole view; who receives it keeps, node by node, the higher config epoch."""

    sender: NodeId = attrs.field(validator=is_hex_id)
    view: ClusterView


@message_class
@attrs.frozen(kw_only=True)
class FailureReport:
    """The reporter holds this run of the suspect for PFAIL (or no longer, when ``withdrawn``)."""

    reporter: NodeId = attrs.field(validator=is_hex_id)
    suspect: NodeId = attrs.field(validator=is_hex_id)
    run_id: str | None = attrs.field(default=None, validator=optional(is_hex_id))
    withdrawn: bool = attrs.field(default=False, validator=instance_of(bool))


@message_class
@attrs.frozen(kw_only=True)
class FailNotice:
    """This run of a node is FAIL; a later run of it is not meant."""

    node_id: NodeId = attrs.field(validator=is_hex_id)
    run_id: str | None = attrs.field(validator=optional(is_hex_id))
    reason: FailReason
    reporters: tuple[NodeId, ...] = ()


@message_class
@attrs.frozen(kw_only=True)
class Claim:
    """A candidate asks the voters for the ownership of slots in a new epoch.

    ``offsets`` are the replication offsets, by node, that the candidate has seen of its shard; where writes
    are acknowledged, voters ask for enough of them to know that no acknowledged write is missing.
    """

    kind: ClaimKind
    epoch: int = attrs.field(validator=is_counter)
    shard_id: ShardId = attrs.field(validator=is_hex_id)
    candidate: NodeId = attrs.field(validator=is_hex_id)
    run_id: str = attrs.field(validator=is_hex_id)
    slots: tuple[SlotRange, ...] = ()
    offsets: Mapping[str, int] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if not are_normal(self.slots):
            raise ValueError("slots of a claim overlap, touch or do not ascend")


@message_class
@attrs.frozen(kw_only=True)
class Vote:
    """A voter's answer to a claim, on its disk before it was sent; ``refusal`` is None if it accepts."""

    voter: NodeId = attrs.field(validator=is_hex_id)
    epoch: int = attrs.field(validator=is_counter)
    shard_id: ShardId = attrs.field(validator=is_hex_id)
    candidate: NodeId = attrs.field(validator=is_hex_id)
    refusal: Refusal | None = None
    current_epoch: int = attrs.field(validator=is_counter)


@message_class
@attrs.frozen(kw_only=True)
class ClaimWon:
    """A majority accepted the claim; everyone applies it unless they know a higher epoch for those slots."""

    claim: Claim
    voters: tuple[NodeId, ...] = ()


@message_class
@attrs.frozen(kw_only=True)
class LeaseProbe:
    """A primary's bus asks the voters to acknowledge the lease of this run for another lease time."""

    primary: NodeId = attrs.field(validator=is_hex_id)
    run_id: str = attrs.field(validator=is_hex_id)
    config_epoch: int = attrs.field(validator=is_counter)
    probe_number: int = attrs.field(validator=is_counter)


@message_class
@attrs.frozen(kw_only=True)
class LeaseAck:
    """The voter supports no claim against this primary for ``valid_ms`` of its own clock from now on."""

    voter: NodeId = attrs.field(validator=is_hex_id)
    primary: NodeId = attrs.field(validator=is_hex_id)
    run_id: str = attrs.field(validator=is_hex_id)
    probe_number: int = attrs.field(validator=is_counter)
    valid_ms: int = attrs.field(validator=is_counter)
