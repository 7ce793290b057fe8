from collections.abc import Iterator

import pytest
from client_servers.shells import SHELLS
from client_servers.valkey import ValkeyCluster


@pytest.fixture(scope="session")
def valkey_cluster() -> Iterator[ValkeyCluster]:
    """A cluster that all tests share; each uses keys of its own and leaves the slots where they belong."""
    cluster = ValkeyCluster()
    yield cluster
    cluster.stop()


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """The client to play a scenario with."""
    name: str = request.param
    return name
