"""Small clusters for the tests of several modules."""

import itertools
from collections.abc import Callable

from pycluster.cluster.bus_spec import PlannedNode, assign_roles
from pycluster.cluster.membership import first_state
from pycluster.cluster.messages import NodeHello
from pycluster.cluster.view import ClusterView

CLUSTER_ID = "c" * 40


def node_id(index: int) -> str:
    """The id of the node at an index of the plan."""
    return f"{index:040x}"


def run_id(index: int, run: int = 1) -> str:
    """The id of a node's first, second, ... run."""
    return f"{run:020x}{index:020x}"


def plan(node_count: int = 6, replica_count: int = 1) -> tuple[PlannedNode, ...]:
    """Nodes 0, 1, ... on ports 7000, 7001, ...; primaries first."""
    return tuple(
        PlannedNode(
            node_id=node_id(index),
            name=f"node-{index}",
            host="127.0.0.1",
            port=7000 + index,
            bus_port=17000,
            replica_of=None if primary is None else node_id(primary),
        )
        for index, primary in enumerate(assign_roles(node_count, replica_count))
    )


def shard_ids() -> Callable[[], str]:
    """Makes shard ids that tell their order."""
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):039x}5"


def planned_view(node_count: int = 6, replica_count: int = 1) -> ClusterView:
    """The first view of a plan: nobody has said hello."""
    return first_state(CLUSTER_ID, plan(node_count, replica_count), new_id=shard_ids()).view


def hello(index: int, run: int = 1) -> NodeHello:
    """What a run of a node says first."""
    return NodeHello(
        node_id=node_id(index),
        run_id=run_id(index, run),
        pid=1000 + index,
        host="127.0.0.1",
        port=7000 + index,
    )
