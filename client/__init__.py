"""The cluster-aware client: blocking and async shells over one sans-IO core."""

from pycluster.client.address import Address
from pycluster.client.async_cluster import AsyncCluster
from pycluster.client.async_pipeline import AsyncPipeline
from pycluster.client.cluster import Cluster
from pycluster.client.cluster_pipeline import Pipeline
from pycluster.client.errors import (
    ClusterError,
    ConnectionLostError,
    DeadlineExceededError,
    ResponseError,
    UsageError,
)
from pycluster.client.options import ClientOptions, ReadFrom
from pycluster.client.slots import key_slot

__all__ = [
    "Address",
    "AsyncCluster",
    "AsyncPipeline",
    "ClientOptions",
    "Cluster",
    "ClusterError",
    "ConnectionLostError",
    "DeadlineExceededError",
    "Pipeline",
    "ReadFrom",
    "ResponseError",
    "UsageError",
    "key_slot",
]
