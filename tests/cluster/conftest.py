"""Clusters for tests: started with the command line or with LocalCluster, on ports that are free."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from support.command_line import CommandLine

from pycluster.supervisor.local_cluster import LocalCluster
from pycluster.supervisor.ports import free_port_range


@pytest.fixture
def command_line(tmp_path: Path) -> Iterator[CommandLine]:
    """A command line on a directory that is yet to be made; whatever it leaves running is stopped."""
    line = CommandLine(tmp_path / "data")
    yield line
    if line.directory.config_file.exists():
        line.run("down")


@pytest.fixture
def up(command_line: CommandLine) -> Callable[..., int]:
    """Brings a cluster up in the background; returns its first port."""

    def bring_up(*, nodes: int = 2, replicas: int = 0) -> int:
        port = free_port_range(nodes)
        command_line.succeed(
            *("up", "--detach", "--nodes", str(nodes), "--replicas", str(replicas), "--port", str(port))
        )
        return port

    return bring_up


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Three primaries with a replica each, shared by a module's tests, which leave it as it was."""
    with LocalCluster(nodes=6, replicas=1) as running:
        yield running


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def connect(request: pytest.FixtureRequest, cluster: LocalCluster) -> Iterator[Callable[[int], Any]]:
    """Makes clients of redis-py that enter the cluster at the node of that place; deletes what they wrote."""
    clients: list[Any] = []

    def connect_at(place: int) -> Any:
        address = cluster.addresses[place]
        clients.append(redis.RedisCluster(*address, protocol=request.param, decode_responses=True))
        return clients[-1]

    yield connect_at
    clients[0].flushall()
    for client in clients:
        client.close()
