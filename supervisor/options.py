"""Options that several commands share."""

import os
import shlex
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
        help=f"The cluster's directory.  [default: ./{DIRECTORY_DEFAULT}]",
    )(command)


def program() -> str:
    """The command line's name as the user typed it; a script that starts it says so in the environment."""
    return os.environ.get("PYCLUSTER_PROGRAM", "pycluster")


def command_words(command: str, path: Path) -> str:
    """What the user has to type for a command on the cluster in ``path``, the directory as they gave it."""
    place = "" if path == Path(DIRECTORY_DEFAULT) else f" --dir {shlex.quote(str(path))}"
    return f"{program()} {command}{place}"


def open_cluster(path: Path) -> tuple[ClusterDirectory, ClusterConfig]:
    """The cluster that lives in a directory; raises InputError if there is none."""
    directory = ClusterDirectory(path)
    config = directory.load()
    if config is None:
        raise InputError(f"there is no cluster in {directory.path}; `{command_words('up', path)}` makes one")
    return directory, config
