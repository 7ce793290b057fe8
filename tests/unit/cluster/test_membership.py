"""Membership: what hellos, exits, silence and restarts do to the view."""

import attrs
import pytest
from unit.cluster.plans import CLUSTER_ID, hello, node_id, plan, planned_view, run_id, shard_ids

from pycluster.cluster.bus_spec import PlanError
from pycluster.cluster.membership import ENDED_RUNS_MAX, HelloRefusedError, Membership, first_state
from pycluster.cluster.messages import NodeExited, NodeStarted, NodeStatus
from pycluster.cluster.state_file import SavedState
from pycluster.cluster.view import Health, LinkState, Role, UnknownNodeError

TIMEOUT_MS = 2_000


def new_membership() -> Membership:
    saved = first_state(CLUSTER_ID, plan(), new_id=shard_ids())
    return Membership(saved, node_timeout_ms=TIMEOUT_MS, now_ms=0)


def exited(index: int, run: int = 1) -> NodeExited:
    return NodeExited(node_id=node_id(index), run_id=run_id(index, run), exit_status=-9)


def started(index: int, run: int = 1) -> NodeStarted:
    return NodeStarted(node_id=node_id(index), run_id=run_id(index, run), pid=1)


def health(membership: Membership, index: int) -> Health:
    return membership.view.node(node_id(index)).health


def test_a_plan_becomes_shards_with_slots_and_an_epoch_for_every_primary() -> None:
    view = planned_view()
    assert [str(node.slots[0]) for node in view.owners] == ["0-5460", "5461-10922", "10923-16383"]
    assert [node.config_epoch for node in view.nodes] == [1, 2, 3, 0, 0, 0]
    assert view.current_epoch == 3
    assert [node.role for node in view.nodes] == [Role.PRIMARY] * 3 + [Role.REPLICA] * 3
    assert view.nodes[3].shard_id == view.nodes[0].shard_id


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ((), "needs a primary"),
        ((attrs.evolve(plan()[3]),), "needs a primary"),
        ((*plan(), attrs.evolve(plan()[3], node_id="e" * 40, replica_of="d" * 40)), "no primary of the plan"),
        (
            (*plan(), attrs.evolve(plan()[3], node_id="e" * 40, replica_of=node_id(4))),
            "no primary of the plan",
        ),
        ((*plan(), plan()[3]), "same id"),
    ],
)
def test_a_plan_of_no_cluster_is_refused(broken: tuple, complaint: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(PlanError, match=complaint):
        first_state(CLUSTER_ID, broken, new_id=shard_ids())


def test_a_member_is_loading_until_it_says_hello() -> None:
    membership = new_membership()
    assert health(membership, 0) is Health.LOADING
    membership.handle_hello(hello(0), unix_ms=77)
    record = membership.view.node(node_id(0))
    assert (record.health, record.link, record.run_id) == (Health.ONLINE, LinkState.CONNECTED, run_id(0))
    assert record.changed_unix_ms == 77


def test_a_strangers_hello_is_refused() -> None:
    membership = new_membership()
    with pytest.raises(HelloRefusedError, match="not a member"):
        membership.handle_hello(attrs.evolve(hello(0), node_id="f" * 40), unix_ms=0)


def test_a_death_the_supervisor_saw_is_a_failure_at_once_and_a_new_run_heals_it() -> None:
    membership = new_membership()
    membership.handle_hello(hello(1), unix_ms=0)
    membership.handle_exited(exited(1), unix_ms=5)
    assert health(membership, 1) is Health.FAIL
    membership.handle_started(started(1, run=2), now_ms=6, unix_ms=6)
    assert health(membership, 1) is Health.FAIL
    membership.handle_hello(hello(1, run=2), unix_ms=9)
    assert health(membership, 1) is Health.ONLINE


def test_a_run_that_ended_says_hello_in_vain() -> None:
    membership = new_membership()
    membership.handle_exited(exited(1), unix_ms=0)
    with pytest.raises(HelloRefusedError, match="over"):
        membership.handle_hello(hello(1), unix_ms=0)


def test_a_late_death_notice_does_not_touch_the_next_run() -> None:
    membership = new_membership()
    membership.handle_hello(hello(1), unix_ms=0)
    membership.handle_hello(hello(1, run=2), unix_ms=0)
    membership.handle_exited(exited(1), unix_ms=0)
    assert health(membership, 1) is Health.ONLINE


def test_a_process_that_dies_before_its_hello_leaves_a_failed_node() -> None:
    membership = new_membership()
    membership.handle_started(started(1), now_ms=0, unix_ms=0)
    membership.handle_exited(exited(1), unix_ms=0)
    assert health(membership, 1) is Health.FAIL


def test_a_start_after_an_unnoticed_death_is_loading_until_the_hello() -> None:
    membership = new_membership()
    membership.handle_hello(hello(1), unix_ms=0)
    membership.handle_link_lost(node_id(1), run_id(1), now_ms=0, unix_ms=0)
    membership.handle_started(started(1, run=2), now_ms=0, unix_ms=0)
    assert health(membership, 1) is Health.LOADING
    membership.handle_hello(hello(1, run=2), unix_ms=0)
    assert health(membership, 1) is Health.ONLINE


def test_a_hello_ends_the_run_before_it() -> None:
    membership = new_membership()
    membership.handle_hello(hello(1), unix_ms=0)
    membership.handle_hello(hello(1, run=2), unix_ms=0)
    with pytest.raises(HelloRefusedError, match="over"):
        membership.handle_hello(hello(1), unix_ms=0)


def test_late_notices_of_an_earlier_run_do_not_shut_out_the_present_one() -> None:
    membership = new_membership()
    membership.handle_hello(hello(1, run=2), unix_ms=0)
    membership.handle_started(started(1), now_ms=0, unix_ms=0)
    membership.handle_exited(exited(1), unix_ms=0)
    assert health(membership, 1) is Health.ONLINE
    membership.handle_hello(hello(1, run=2), unix_ms=0)


def test_a_started_notice_after_the_hello_changes_nothing() -> None:
    membership = new_membership()
    membership.handle_hello(hello(1), unix_ms=0)
    before = membership.view
    membership.handle_started(started(1), now_ms=0, unix_ms=0)
    assert membership.view is before


def test_a_lost_link_is_no_failure_until_the_node_timeout() -> None:
    membership = new_membership()
    for index in range(6):
        membership.handle_hello(hello(index), unix_ms=0)
    assert membership.next_deadline_ms() is None
    membership.handle_link_lost(node_id(1), run_id(1), now_ms=1_000, unix_ms=0)
    assert (health(membership, 1), membership.next_deadline_ms()) == (Health.ONLINE, 1_000 + TIMEOUT_MS)
    membership.handle_time(now_ms=999 + TIMEOUT_MS, unix_ms=0)
    assert health(membership, 1) is Health.ONLINE
    membership.handle_time(now_ms=1_000 + TIMEOUT_MS, unix_ms=0)
    assert health(membership, 1) is Health.PFAIL
    assert membership.next_deadline_ms() is None
    membership.handle_hello(hello(1), unix_ms=0)
    assert health(membership, 1) is Health.ONLINE


def test_a_link_lost_by_an_earlier_run_changes_nothing() -> None:
    membership = new_membership()
    membership.handle_hello(hello(1), unix_ms=0)
    membership.handle_hello(hello(1, run=2), unix_ms=0)
    before = membership.view
    membership.handle_link_lost(node_id(1), run_id(1), now_ms=0, unix_ms=0)
    assert membership.view is before


def test_members_that_never_say_hello_are_suspected() -> None:
    membership = new_membership()
    membership.handle_hello(hello(0), unix_ms=0)
    membership.handle_time(now_ms=TIMEOUT_MS, unix_ms=0)
    assert [health(membership, index) for index in (0, 1)] == [Health.ONLINE, Health.PFAIL]


def test_a_failed_node_that_is_slow_to_come_back_stays_failed() -> None:
    membership = new_membership()
    membership.handle_hello(hello(1), unix_ms=0)
    membership.handle_exited(exited(1), unix_ms=0)
    membership.handle_started(started(1, run=2), now_ms=0, unix_ms=0)
    membership.handle_time(now_ms=10 * TIMEOUT_MS, unix_ms=0)
    assert health(membership, 1) is Health.FAIL


def test_versions_grow_over_a_restart_although_health_is_not_saved() -> None:
    membership = new_membership()
    saved = membership.saved_state
    for index in range(6):
        membership.handle_hello(hello(index), unix_ms=0)
    assert membership.durable_changes == 0
    restarted = Membership(saved, node_timeout_ms=TIMEOUT_MS, now_ms=0)
    assert restarted.view.version > membership.view.version
    assert health(restarted, 0) is Health.LOADING
    assert restarted.saved_state.incarnation == saved.incarnation + 1


def test_a_node_that_moved_to_another_port_is_a_durable_change() -> None:
    membership = new_membership()
    membership.handle_hello(attrs.evolve(hello(1), port=7999), unix_ms=0)
    assert membership.durable_changes == 1
    assert membership.saved_state.view.node(node_id(1)).port == 7999


def test_what_is_said_of_an_unknown_node_is_an_error() -> None:
    membership = new_membership()
    status = NodeStatus(keys_count=1, memory_used_bytes=2, clients_count=3)
    with pytest.raises(UnknownNodeError):
        membership.handle_status("f" * 40, status)
    with pytest.raises(UnknownNodeError):
        membership.handle_exited(NodeExited(node_id="f" * 40, run_id=run_id(1)), unix_ms=0)


def test_the_status_report_tells_pid_and_figures_of_the_present_run_only() -> None:
    membership = new_membership()
    membership.handle_hello(hello(0), unix_ms=0)
    figures = NodeStatus(keys_count=1, memory_used_bytes=2, clients_count=3)
    membership.handle_status(node_id(0), figures)
    report = membership.status(pid=99)
    assert (report.pid, report.view_version) == (99, membership.view.version)
    assert (report.nodes[0].pid, report.nodes[0].status) == (1000, figures)
    membership.handle_exited(exited(0), unix_ms=0)
    assert (membership.status(pid=99).nodes[0].pid, membership.status(pid=99).nodes[0].status) == (None, None)


def test_the_memory_of_ended_runs_is_bounded() -> None:
    membership = new_membership()
    for run in range(1, ENDED_RUNS_MAX + 10):
        membership.handle_exited(exited(1, run), unix_ms=0)
    with pytest.raises(HelloRefusedError):
        membership.handle_hello(hello(1, ENDED_RUNS_MAX + 9), unix_ms=0)
    membership.handle_hello(hello(1, 1), unix_ms=0)


def test_a_saved_state_is_what_the_next_bus_starts_from() -> None:
    membership = new_membership()
    state = membership.saved_state
    assert isinstance(state, SavedState)
    assert state.incarnation == 1
