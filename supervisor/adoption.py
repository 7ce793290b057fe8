"""Finding the processes of a cluster that already live, by the records they left in its directory."""

import attrs

from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory, NodePlan, read_record
from pycluster.supervisor.process import ProcessIdentity


@attrs.frozen
class LivingNode:
    """A node's living process and its run id."""

    identity: ProcessIdentity
    run_id: str


def living_node(directory: ClusterDirectory, plan: NodePlan) -> LivingNode | None:
    """The process that is this node now, whoever started it; None if there is none."""
    record = read_record(directory.node_file(plan))
    identity = ProcessIdentity.from_record(record)
    run_id = record.get("run_id")
    if identity is None or record.get("node_id") != plan.node_id or not isinstance(run_id, str):
        return None
    return LivingNode(identity, run_id)


def living_nodes(directory: ClusterDirectory, config: ClusterConfig) -> dict[str, LivingNode]:
    """All nodes that live, by node id."""
    found = ((plan.node_id, living_node(directory, plan)) for plan in config.nodes)
    return {node_id: node for node_id, node in found if node is not None}


def living_bus(directory: ClusterDirectory) -> ProcessIdentity | None:
    """The bus's process; None if there is none."""
    return ProcessIdentity.from_record(read_record(directory.bus_pid_file))


def living_supervisor(directory: ClusterDirectory) -> ProcessIdentity | None:
    """The supervisor's process; None if there is none."""
    return ProcessIdentity.from_record(read_record(directory.lock_file))
