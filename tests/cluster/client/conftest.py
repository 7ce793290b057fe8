from collections.abc import Iterator

import pytest
from client_servers.shells import SHELLS
from client_servers.valkey import ValkeyCluster

from pycluster.supervisor.local_cluster import LocalCluster


@pytest.fixture(scope="session")
def valkey_cluster() -> Iterator[ValkeyCluster]:
    """A cluster that all tests share; each uses keys of its own and leaves the slots where they belong."""
    cluster = ValkeyCluster()
    yield cluster
    cluster.stop()


@pytest.fixture(params=["valkey", "pycluster"])
def address(request: pytest.FixtureRequest) -> tuple[str, int]:
    """A node of a cluster, once of Valkey's and once of our own."""
    if request.param == "valkey":
        valkey: ValkeyCluster = request.getfixturevalue("valkey_cluster")
        return valkey.address
    own: LocalCluster = request.getfixturevalue("pycluster_cluster")
    return own.address


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """The client to play a scenario with."""
    name: str = request.param
    return name
