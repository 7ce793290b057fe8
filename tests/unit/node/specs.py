"""Node specifications for tests."""

from pathlib import Path
from typing import Any

from unit.cluster.plans import node_id, run_id

from pycluster.node.spec import NodeSpec


def node_spec(index: int = 0, directory: Path = Path("/nowhere"), **changes: Any) -> NodeSpec:
    """The specification of a node of ``plans.plan()``."""
    fields: dict[str, Any] = {
        "node_id": node_id(index),
        "run_id": run_id(index),
        "name": f"node-{index}",
        "host": "127.0.0.1",
        "port": 7000 + index,
        "directory": directory,
        "bus_socket": directory / "bus.sock",
    }
    return NodeSpec(**{**fields, **changes})
