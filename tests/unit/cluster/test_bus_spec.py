"""Plans: who replicates whom."""

from pathlib import Path

import pytest
from unit.cluster.plans import CLUSTER_ID, plan

from pycluster.cluster.bus_spec import BusSpec, PlanError, PlannedNode, assign_roles


def test_primaries_come_first_and_replicas_are_dealt_round() -> None:
    assert assign_roles(6, 1) == (None, None, None, 0, 1, 2)
    assert assign_roles(6, 2) == (None, None, 0, 1, 0, 1)
    assert assign_roles(1, 0) == (None,)


@pytest.mark.parametrize(("nodes", "replicas"), [(0, 0), (5, 1), (2, 2), (3, -1)])
def test_roles_that_do_not_divide_are_refused(nodes: int, replicas: int) -> None:
    with pytest.raises(PlanError, match=r"cannot (have|be divided)"):
        assign_roles(nodes, replicas)


def test_the_bus_is_reached_at_the_nodes_host_unless_said_otherwise() -> None:
    assert plan()[0].bus_host == "127.0.0.1"


@pytest.mark.parametrize("change", [{"node_id": "x"}, {"port": -1}, {"host": "a b"}, {"replica_of": "x"}])
def test_a_planned_node_with_something_wrong_is_refused(change: dict[str, object]) -> None:
    good: dict[str, object] = {"node_id": CLUSTER_ID, "name": "n", "host": "::1", "port": 7000}
    with pytest.raises(ValueError, match=next(iter(change))):
        PlannedNode(**{**good, **change})  # type: ignore[arg-type]


def test_a_bus_spec_knows_two_log_formats(tmp_path: Path) -> None:
    assert BusSpec(cluster_id=CLUSTER_ID, directory=tmp_path, nodes=plan()).log_format == "text"
    with pytest.raises(ValueError, match="log_format"):
        BusSpec(cluster_id=CLUSTER_ID, directory=tmp_path, nodes=plan(), log_format="xml")  # type: ignore[arg-type]
