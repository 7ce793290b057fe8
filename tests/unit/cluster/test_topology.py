"""The topology that a node's engine gets of a view."""

import struct

import attrs
import pytest
from unit.cluster.plans import node_id, planned_view

from pycluster.cluster.slots import SLOT_COUNT, SlotRange
from pycluster.cluster.topology import NOBODY, UNHEARD, Topology, topology_of
from pycluster.cluster.view import Health


def owners(topology: Topology) -> tuple[int, ...]:
    return struct.unpack(f"<{SLOT_COUNT}H", topology.slot_owners)


def test_every_slot_names_its_owners_endpoint() -> None:
    topology = topology_of(planned_view(), node_id(1))
    assert topology.endpoints == (("127.0.0.1", 7000), ("127.0.0.1", 7001), ("127.0.0.1", 7002))
    assert [owners(topology)[slot] for slot in (0, 5460, 5461, 10922, 10923, 16383)] == [0, 0, 1, 1, 2, 2]
    assert (topology.mine, topology.replica, topology.down_reason) == (1, False, None)


def test_a_replica_holds_the_slots_of_its_primary() -> None:
    topology = topology_of(planned_view(), node_id(5))
    assert (topology.mine, topology.replica) == (2, True)


def test_slots_of_nobody_are_marked() -> None:
    view = planned_view()
    view = view.with_node(attrs.evolve(view.nodes[1], slots=(SlotRange(6000, 6000),)))
    found = owners(topology_of(view, node_id(0)))
    assert (found[5461], found[6000], found[6001]) == (NOBODY, 1, NOBODY)


def test_a_primary_without_slots_holds_nothing() -> None:
    view = planned_view()
    view = view.with_node(attrs.evolve(view.nodes[1], slots=()))
    assert topology_of(view, node_id(1)).mine is None
    assert topology_of(view, node_id(4)).mine is None
    assert len(topology_of(view, node_id(1)).endpoints) == 2


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::"])
def test_a_wildcard_host_is_left_to_the_way_the_client_came(host: str) -> None:
    view = planned_view()
    view = view.with_node(attrs.evolve(view.nodes[1], host=host))
    assert topology_of(view, node_id(0)).endpoints[1] == ("", 7001)


def test_the_other_slots_are_served_on_while_a_primary_is_down() -> None:
    view = planned_view()
    view = view.with_node(attrs.evolve(view.nodes[1], health=Health.FAIL))
    topology = topology_of(view, node_id(0))
    assert topology.down_reason is None
    assert owners(topology)[5461] == 1


def test_full_coverage_stops_everyone_if_it_is_asked_for() -> None:
    view = planned_view()
    assert topology_of(view, node_id(0), require_full_coverage=True).down_reason is None
    view = view.with_node(attrs.evolve(view.nodes[1], health=Health.FAIL))
    assert topology_of(view, node_id(0), require_full_coverage=True).down_reason == "The cluster is down"


def test_who_is_no_member_or_has_heard_nothing_serves_nothing() -> None:
    stranger = topology_of(planned_view(), "f" * 40)
    assert stranger.mine is None
    assert stranger.down_reason == "The cluster is down: this node is not a member of it"
    assert set(owners(UNHEARD)) == {NOBODY}
    assert UNHEARD.down_reason is not None
