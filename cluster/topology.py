"""What a node's engine has to know of a view: who serves which slot, and whether it may serve at all."""

from array import array

import attrs

from pycluster.cluster.slots import SLOT_COUNT
from pycluster.cluster.view import ClusterView, NodeId, NodeRecord, Role

NOBODY = 0xFFFF
WILDCARD_HOSTS = frozenset({"", "0.0.0.0", "::", "*"})

NOT_HEARD = "The cluster is down: this node has not heard from its bus yet"
NOT_A_MEMBER = "The cluster is down: this node is not a member of it"
NOT_COVERED = "The cluster is down"


@attrs.frozen(kw_only=True)
class Topology:
    """The arguments of ``Engine.set_topology``; an empty host stands for the one the client came by."""

    slot_owners: bytes
    endpoints: tuple[tuple[str, int], ...]
    mine: int | None
    replica: bool
    down_reason: str | None


UNHEARD = Topology(
    slot_owners=NOBODY.to_bytes(2, "little") * SLOT_COUNT,
    endpoints=(),
    mine=None,
    replica=False,
    down_reason=NOT_HEARD,
)
"""For a node that no bus has talked to yet: it owns nothing and says so."""


def topology_of(view: ClusterView, node_id: NodeId, *, require_full_coverage: bool = False) -> Topology:
    """The topology of one node.

    A slot whose primary is down stays that primary's: its clients are sent there and retry until it is back,
    which after a crash is well under a second. The other slots are served on meanwhile, unless
    ``require_full_coverage`` (Redis's ``cluster-require-full-coverage yes``): then nobody serves until every
    slot is served.

    Args:
        view: The node's view.
        node_id: The node.
        require_full_coverage: Whether an uncovered slot stops the whole cluster.
    """
    owners = array("H", [NOBODY]) * SLOT_COUNT
    for index, owner in enumerate(view.owners):
        for slots in owner.slots:
            owners[slots.start : slots.end + 1] = array("H", [index]) * len(slots)
    me = view.get(node_id)
    return Topology(
        slot_owners=_little_endian(owners),
        endpoints=tuple((endpoint_host(owner), owner.port) for owner in view.owners),
        mine=_index_held(view, me),
        replica=me is not None and me.role is Role.REPLICA,
        down_reason=_down_reason(view, me, require_full_coverage),
    )


def endpoint_host(record: NodeRecord) -> str:
    """The host to name to clients; empty when only the address they came by is known to be right."""
    return "" if record.host in WILDCARD_HOSTS else record.host


def _index_held(view: ClusterView, me: NodeRecord | None) -> int | None:
    primary = None if me is None else view.primary_of(me)
    if primary is None or not primary.slots:
        return None
    return view.owners.index(primary)


def _down_reason(view: ClusterView, me: NodeRecord | None, require_full_coverage: bool) -> str | None:
    if me is None:
        return NOT_A_MEMBER
    if require_full_coverage and not view.has_full_coverage:
        return NOT_COVERED
    return None


def _little_endian(numbers: "array[int]") -> bytes:
    if array("H", [1]).tobytes() != b"\x01\x00":
        numbers.byteswap()
    return numbers.tobytes()
