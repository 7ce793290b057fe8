"""Which core a node runs on."""

from collections.abc import Sequence


def place(node_count: int, cores: Sequence[int]) -> tuple[int | None, ...]:
    """Deal nodes to cores round robin, so that neighbours (primaries come first) do not share one needlessly.

    Args:
        node_count: Nodes of this host.
        cores: Numbers of the cores our processes may use; fewer than two leave nothing to choose.
    Returns:
        A core for every node, None where the system may choose.
    """
    if len(cores) < 2:
        return (None,) * node_count
    return tuple(cores[index % len(cores)] for index in range(node_count))
