"""``pycluster down``: stop a cluster's processes, with or without its supervisor."""

from pathlib import Path

import click

from pycluster.supervisor import adoption, control
from pycluster.supervisor.errors import NotRunningError, SupervisorError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory, FileLock
from pycluster.supervisor.options import directory_option, open_cluster
from pycluster.supervisor.process import KILL_TIMEOUT_MS, STOP_TIMEOUT_MS, stop_all, wait_ended

# The supervisor itself waits for the bus, then for the nodes, each with these bounds.
SUPERVISOR_TIMEOUT_MS = 2 * (STOP_TIMEOUT_MS + KILL_TIMEOUT_MS) + 2_000


@click.command()
@directory_option
def down(*, path: Path) -> None:
    """Stop a cluster: supervisor, bus and nodes."""
    directory, config = open_cluster(path)
    stopped = stop_cluster(directory, config)
    click.echo("stopped" if stopped else "nothing was running")


def stop_cluster(directory: ClusterDirectory, config: ClusterConfig) -> bool:
    """Stop all processes of a cluster; False if none was alive.

    Raises:
        SupervisorError: the supervisor is there but does not stop.
    """
    supervisor = adoption.living_supervisor(directory)
    if supervisor is not None:
        try:
            control.request(directory.control_socket, {"t": "Down"})
        except NotRunningError:
            # It is only just coming up or already going down; a signal means the same.
            stop_all([supervisor], timeout_ms=SUPERVISOR_TIMEOUT_MS)
        if wait_ended([supervisor], timeout_ms=SUPERVISOR_TIMEOUT_MS):
            raise SupervisorError(
                f"the supervisor (pid {supervisor.pid}) does not stop; see {directory.supervisor_log}"
            )
    return _stop_orphans(directory, config) or supervisor is not None


def _stop_orphans(directory: ClusterDirectory, config: ClusterConfig) -> bool:
    """Stop what lives without a supervisor; the bus first, so that nobody takes it for a failure."""
    lock = FileLock(directory.lock_file)
    if not lock.acquire():
        raise SupervisorError("another supervisor has just started here")
    try:
        bus = adoption.living_bus(directory)
        nodes = [node.identity for node in adoption.living_nodes(directory, config).values()]
        stop_all([bus] if bus else [])
        stop_all(nodes)
        return bool(bus or nodes)
    finally:
        lock.release()
