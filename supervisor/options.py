"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pycluster.supervisor.errors import InputError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory

DIRECTORY_DEFAULT = "pycluster-data"

F = TypeVar("F", bound=Callable[..., Any])


def directory_option(command: F) -> F:
    """``--dir``: which cluster of this host is meant."""
    return click.option(
        "--dir",
        "path",
        type=click.Path(path_type=Path, file_okay=False),
        default=DIRECTORY_DEFAULT,
        show_default=f"./{DIRECTORY_DEFAULT}",
        help="The cluster's directory.",
    )(command)


def open_cluster(path: Path) -> tuple[ClusterDirectory, ClusterConfig]:
    """The cluster that lives in a directory; raises InputError if there is none."""
    directory = ClusterDirectory(path)
    config = directory.load()
    if config is None:
        raise InputError(f"there is no cluster in {directory.path}; `pycluster up` makes one")
    return directory, config
