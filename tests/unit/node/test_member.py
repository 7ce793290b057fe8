"""A member: what its engine is told of each view, and where the node says it stands."""

import attrs
import pytest
from unit.cluster.plans import hello, node_id, planned_view
from unit.node.fake_engine import FakeEngine
from unit.node.specs import node_spec

from pycluster.cluster.topology import NOT_A_MEMBER, UNHEARD, topology_of
from pycluster.cluster.view import Health
from pycluster.node.cluster_replies import LinkCounters
from pycluster.node.member import FULL_COVERAGE_SETTING, Member

COUNTERS = LinkCounters()


def test_a_member_that_has_heard_nothing_serves_nothing_and_shows_itself() -> None:
    engine = FakeEngine()
    standing = Member(node_spec(), 1, engine).standing(COUNTERS)
    assert engine.topologies == [UNHEARD]
    assert (standing.heard, standing.serving) == (False, False)
    assert standing.replies.nodes("") == f"{node_id(0)} 127.0.0.1:7000@0 myself,master - 0 0 0 connected\n"
    assert standing.replies.slots("") == []


def test_the_first_view_makes_it_serve() -> None:
    engine = FakeEngine()
    member = Member(node_spec(), 1, engine)
    member.apply(planned_view())
    assert engine.topologies[1:] == [topology_of(planned_view(), node_id(0))]
    standing = member.standing(COUNTERS)
    assert (standing.heard, standing.serving) == (True, True)
    assert standing.replies.view == planned_view()


def test_a_view_that_changes_nobodys_slots_does_not_touch_the_engine() -> None:
    engine = FakeEngine()
    member = Member(node_spec(), 1, engine)
    member.apply(planned_view())
    view = planned_view()
    member.apply(view.with_node(attrs.evolve(view.nodes[4], health=Health.FAIL)))
    assert len(engine.topologies) == 2
    assert ",fail " in member.standing(COUNTERS).replies.nodes("")


@pytest.mark.parametrize(
    ("settings", "serving"),
    [({}, True), ({FULL_COVERAGE_SETTING: "no"}, True), ({FULL_COVERAGE_SETTING: "yes"}, False)],
)
def test_full_coverage_is_the_settings_choice(settings: dict[str, str], serving: bool) -> None:
    engine = FakeEngine()
    member = Member(node_spec(settings=settings), 1, engine)
    view = planned_view()
    member.apply(view.with_node(attrs.evolve(view.nodes[1], health=Health.FAIL)))
    assert member.standing(COUNTERS).serving is serving
    assert (engine.topologies[-1].down_reason is None) is serving


def test_a_node_that_is_no_member_any_more_serves_nothing() -> None:
    engine = FakeEngine()
    member = Member(node_spec(0), 1, engine)
    member.apply(planned_view())
    member.apply(attrs.evolve(planned_view(), nodes=planned_view().nodes[1:]))
    assert engine.topologies[-1].down_reason == NOT_A_MEMBER
    assert not member.standing(COUNTERS).serving


def test_hello_and_status_tell_of_this_process() -> None:
    member = Member(node_spec(1), 1001, FakeEngine())
    assert member.hello == hello(1)
    status = member.status
    assert (status.keys_count, status.memory_used_bytes, status.clients_count) == (7, 1000, 3)
