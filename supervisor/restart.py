"""``pycluster restart NODE``: stop one node gracefully and start it again."""

from pathlib import Path

import click

from pycluster.supervisor import control
from pycluster.supervisor.options import directory_option, open_cluster


@click.command()
@click.argument("node")
@directory_option
def restart(*, node: str, path: Path) -> None:
    """Restart a node, named by its port or its id; returns once it serves again."""
    directory, config = open_cluster(path)
    plan = config.node(node)
    control.request(directory.control_socket, {"t": "Restart", "node": plan.node_id})
    click.echo(f"{plan.name} restarted")
