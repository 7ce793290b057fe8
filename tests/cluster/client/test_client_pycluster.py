"""What our own cluster does and a plain one does not: nodes that die come back by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from client_servers import shells

from pycluster.client import Cluster
from pycluster.supervisor.local_cluster import LocalCluster


@pytest.fixture(scope="module")
def mortal_cluster() -> Iterator[LocalCluster]:
    """A cluster whose nodes a test may kill."""
    with LocalCluster(nodes=3, replicas=0) as cluster:
        yield cluster


def test_a_node_that_was_killed_is_waited_for(shell: str, mortal_cluster: LocalCluster) -> None:
    async def scenario(client: Any) -> None:
        values = {f"killed:{number}": str(number) for number in range(60)}
        await client.mset(values)
        mortal_cluster.kill(1)
        await client.mset(values)
        assert await client.mget(list(values)) == [value.encode() for value in values.values()]

    mortal_cluster.wait_serving()
    shells.run(shell, scenario, mortal_cluster.address, timeout_s=20)


def test_a_seed_is_enough_to_find_all_nodes(mortal_cluster: LocalCluster) -> None:
    mortal_cluster.wait_serving()
    for host, port in mortal_cluster.addresses:
        with Cluster(host, port) as client:
            assert sorted(client.primaries) == sorted(mortal_cluster.addresses)
