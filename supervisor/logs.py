"""``pycluster logs``: what the processes of a cluster logged."""

import heapq
import os
import re
import select
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import IO

import attrs
import click

from pycluster.supervisor.errors import InputError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory
from pycluster.supervisor.options import directory_option, open_cluster

LINES_DEFAULT = 20
# How often files are looked at for new lines while following.
FOLLOW_INTERVAL_MS = 200
READ_BYTES = 64 * 1024
# How a line of either form begins; times in UTC of one length, so text sorts as they do.
_TIME = re.compile(r'(?:\{"time": ")?(\d{4}-\d\d-\d\dT[\d:.]+Z)')


@click.command()
@click.argument("node", required=False)
@directory_option
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are added, until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0),
    default=LINES_DEFAULT,
    show_default=True,
    help="Lines of each log.",
)
def logs(*, node: str | None, path: Path, follow: bool, lines: int) -> None:
    """Show the logs of NODE (a port or an id, `bus`, `supervisor`), or of all in one order of time."""
    directory, config = open_cluster(path)
    tails = [Tail(name, file) for name, file in log_files(directory, config, node)]
    width = max(len(tail.name) for tail in tails) if node is None else 0
    _print_lines({tail.name: tail.last_lines(lines) for tail in tails}, width)
    while follow:
        # Nothing is waited for but time: not every file system can tell that a file has grown.
        select.select([], [], [], FOLLOW_INTERVAL_MS / 1000)
        _print_lines({tail.name: tail.new_lines() for tail in tails}, width)


def log_files(directory: ClusterDirectory, config: ClusterConfig, name: str | None) -> list[tuple[str, Path]]:
    """Name and log file of the process that is meant, or of all; raises InputError if none is."""
    hosts = [("supervisor", directory.supervisor_log), ("bus", directory.bus_log)]
    if name is None:
        return [*hosts, *((plan.name, directory.node_log(plan)) for plan in config.nodes)]
    for host_name, file in hosts:
        if name == host_name:
            return [(name, file)]
    plan = config.node(name)
    return [(plan.name, directory.node_log(plan))]


@attrs.define
class Tail:
    """A log file's last lines, then those that are added; the file may still have to come."""

    name: str
    path: Path
    _offset: int = 0
    _rest: bytes = b""

    def last_lines(self, count: int) -> list[str]:
        """The last ``count`` whole lines; what is added later comes from :meth:`new_lines`."""
        last: deque[str] = deque(maxlen=count)
        last.extend(self._read())
        return list(last)

    def new_lines(self) -> list[str]:
        """Whole lines that were added since the last call; from the start if the file was cut."""
        return list(self._read())

    def _read(self) -> Iterator[str]:
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        except OSError as exc:
            raise InputError(f"cannot read {self.path}: {exc.strerror}") from exc
        with file:
            yield from self._lines_of(file)

    def _lines_of(self, file: IO[bytes]) -> Iterator[str]:
        if os.fstat(file.fileno()).st_size < self._offset:
            self._offset, self._rest = 0, b""
        file.seek(self._offset)
        while data := file.read(READ_BYTES):
            self._offset += len(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            for line in whole:
                yield line.decode(errors="replace")


def in_order(logs_lines: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Merge the lines of several logs by their times; a line without one (a traceback's) stays where it is.

    Args:
        logs_lines: lines of each log, by its name.
    Returns:
        Name and line.
    """
    timed = (_timed(name, lines) for name, lines in logs_lines.items())
    # By time alone: lines of one moment keep the order they have in their log.
    for _time, name, line in heapq.merge(*timed, key=itemgetter(0)):
        yield name, line


def _timed(name: str, lines: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    time = ""
    for line in lines:
        if found := _TIME.match(line):
            time = found[1]
        yield time, name, line


def _print_lines(logs_lines: Mapping[str, Sequence[str]], width: int) -> None:
    for name, line in in_order(logs_lines):
        click.echo(f"{name:{width}} | {line}" if width else line)
    sys.stdout.flush()
