"""The command line and the process tree of one host."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pycluster.supervisor.local_cluster import LocalCluster as LocalCluster

__all__ = ["LocalCluster"]


def __getattr__(name: str) -> object:
    # The command line and every node's process import this package: only who wants the class pays for it.
    if name == "LocalCluster":
        from pycluster.supervisor.local_cluster import LocalCluster

        return LocalCluster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
