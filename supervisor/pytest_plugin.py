"""Fixtures for test suites that need a cluster; loaded by pytest wherever pycluster is installed.

``pycluster_cluster`` starts one cluster for the whole session when the first test asks for it. How large it
is stands in the pytest configuration (``pycluster_nodes``, ``pycluster_replicas``).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

# Every pytest run on the machine imports this module: what costs time to load is loaded when it is needed.
if TYPE_CHECKING:
    from pycluster.supervisor.local_cluster import LocalCluster

NODES_DEFAULT = 3
REPLICAS_DEFAULT = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the settings of the configuration file."""
    parser.addini(
        "pycluster_nodes", "nodes of the cluster that pycluster_cluster starts", default=str(NODES_DEFAULT)
    )
    parser.addini("pycluster_replicas", "replicas of every primary in it", default=str(REPLICAS_DEFAULT))


@pytest.fixture(scope="session")
def pycluster_cluster(pytestconfig: pytest.Config) -> "Iterator[LocalCluster]":
    """A running cluster, the same for the whole session."""
    from pycluster.supervisor.local_cluster import LocalCluster

    nodes, replicas = (
        int(pytestconfig.getini("pycluster_nodes")),
        int(pytestconfig.getini("pycluster_replicas")),
    )
    with LocalCluster(nodes=nodes, replicas=replicas) as cluster:
        yield cluster


@pytest.fixture
def pycluster_address(pycluster_cluster: "LocalCluster") -> tuple[str, int]:
    """Host and port of one node of the session's cluster."""
    return pycluster_cluster.address


@pytest.fixture
def pycluster_url(pycluster_cluster: "LocalCluster") -> str:
    """The same as ``redis://HOST:PORT``."""
    return pycluster_cluster.url
