"""Views: what cannot be built, and what can be looked up."""

import attrs
import pytest
from unit.cluster.plans import node_id, planned_view

from pycluster.cluster.slots import SlotRange
from pycluster.cluster.view import ClusterView, Health, Role, UnknownNodeError


def test_a_view_with_two_owners_of_a_slot_cannot_be_built() -> None:
    view = planned_view()
    greedy = attrs.evolve(view.nodes[1], slots=(SlotRange(5460, 10922),))
    with pytest.raises(ValueError, match="slot 5460 has two owners"):
        view.with_node(greedy)


def test_a_replica_cannot_own_slots() -> None:
    with pytest.raises(ValueError, match="cannot own slots"):
        attrs.evolve(planned_view().nodes[3], slots=(SlotRange(0, 1),))


def test_a_shard_has_one_primary() -> None:
    view = planned_view()
    with pytest.raises(ValueError, match="two primaries have the same shard"):
        view.with_node(attrs.evolve(view.nodes[3], role=Role.PRIMARY))


def test_a_config_epoch_beyond_the_current_one_is_refused() -> None:
    view = planned_view()
    with pytest.raises(ValueError, match="in epoch 4, beyond 3"):
        view.with_node(attrs.evolve(view.nodes[0], config_epoch=4))


def test_an_id_is_there_once() -> None:
    view = planned_view()
    with pytest.raises(ValueError, match="same id"):
        attrs.evolve(view, nodes=(*view.nodes, view.nodes[5]))


@pytest.mark.parametrize("slots", [(SlotRange(0, 1), SlotRange(2, 3)), (SlotRange(4, 5), SlotRange(0, 1))])
def test_slots_of_a_node_are_normal(slots: tuple[SlotRange, ...]) -> None:
    with pytest.raises(ValueError, match="overlap, touch or do not ascend"):
        attrs.evolve(planned_view().nodes[0], slots=slots)


def test_a_changed_node_makes_the_next_version() -> None:
    view = planned_view()
    changed = view.with_node(attrs.evolve(view.nodes[2], health=Health.ONLINE))
    assert changed.version == view.version + 1
    assert changed.node(node_id(2)).health is Health.ONLINE
    assert view.node(node_id(2)).health is Health.LOADING
    assert [node.node_id for node in changed.nodes] == [node.node_id for node in view.nodes]


def test_lookups_follow_the_shards() -> None:
    view = planned_view()
    primary, replica = view.nodes[1], view.nodes[4]
    assert view.primary_of(replica) == view.primary_of(primary) == primary
    assert view.replicas_of(primary) == (replica,)
    assert view.shard(primary.shard_id) == (primary, replica)
    assert view.owner_of(5461) == primary
    assert view.slots_assigned_count == 16_384


def test_a_shard_without_primary_has_none() -> None:
    view = planned_view()
    orphan = attrs.evolve(view.nodes[3], shard_id="f" * 40)
    assert view.with_node(orphan).primary_of(orphan) is None


def test_owners_are_in_the_order_of_their_slots() -> None:
    view = planned_view(3, 0)
    first, last = view.nodes[0], view.nodes[2]
    emptied = view.with_node(attrs.evolve(first, slots=())).with_node(attrs.evolve(last, slots=()))
    swapped = emptied.with_node(attrs.evolve(first, slots=last.slots))
    swapped = swapped.with_node(attrs.evolve(last, slots=first.slots))
    assert [owner.node_id for owner in swapped.owners] == [node_id(2), node_id(1), node_id(0)]


def test_coverage_is_lost_with_a_failed_owner_but_not_with_a_suspected_one() -> None:
    view = planned_view()
    assert view.has_full_coverage
    assert view.with_node(attrs.evolve(view.nodes[0], health=Health.PFAIL)).has_full_coverage
    assert not view.with_node(attrs.evolve(view.nodes[0], health=Health.FAIL)).has_full_coverage
    assert not view.with_node(attrs.evolve(view.nodes[0], slots=())).has_full_coverage


def test_an_unknown_node_is_named() -> None:
    view: ClusterView = planned_view()
    assert view.get("f" * 40) is None
    with pytest.raises(UnknownNodeError, match="ffff"):
        view.node("f" * 40)
