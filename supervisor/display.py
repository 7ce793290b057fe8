"""What `up` shows: a table that fills as nodes come, how to connect, then a line for whatever happens.

On a terminal the table is redrawn in place (rich); elsewhere each node is a line, printed when it serves.
"""

import sys
from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING

from pycluster.runtime import clock
from pycluster.supervisor.audience import Audience
from pycluster.supervisor.process import describe_status
from pycluster.supervisor.report import SERVING, ClusterReport
from pycluster.supervisor.table import COLUMNS, WIDTHS_FIRST, format_row

if TYPE_CHECKING:
    from rich.table import Table

    from pycluster.supervisor.tree import Happening, Place

STATE_STYLES = {SERVING: "green", "starting": "yellow", "restarting": "yellow"}


class Display(ABC):
    """Where one run of a supervisor shows what it does; made by :func:`make_display`."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._is_ready = False

    def happened(self, place: "Place", happening: "Happening", report: ClusterReport) -> None:
        """Something happened to a process; ``report`` is how all stands now."""
        if self._is_ready:
            self._say_later(f"{_wall_time()}  {describe(place, happening)}")
        else:
            self._progress(place, happening, report)

    def ready(self, report: ClusterReport) -> None:
        """All serve: the last state of the table, and how to connect."""
        self._finish_table(report)
        self._is_ready = True
        took_s = (clock.monotonic_ms() - self._audience.started_ms) / 1000
        count = "1 node serves" if len(report.nodes) == 1 else f"{len(report.nodes)} nodes serve"
        self._say(f"\n{count} after {took_s:.2f} s\n\n{how_to_connect(report)}")
        keys = ", or Ctrl-C" if self._audience.stays else ""
        self._say(f"look      {self._audience.look}\nstop      {self._audience.stop}{keys}")

    def stopping(self) -> None:
        """A stop was asked for."""
        self.close()
        self._say_later("stopping")

    def stopped(self) -> None:
        """All processes have ended."""
        self._say_later("stopped")

    def close(self) -> None:  # noqa: B027 - only a live table has something to let go of
        """Leave the terminal as it should be; may be called twice."""

    @abstractmethod
    def _progress(self, place: "Place", happening: "Happening", report: ClusterReport) -> None: ...

    @abstractmethod
    def _finish_table(self, report: ClusterReport) -> None: ...

    def _say(self, text: str) -> None:
        print(text, flush=True)

    def _say_later(self, text: str) -> None:
        if self._audience.stays or not self._is_ready:
            self._say(text)


class PlainDisplay(Display):
    """One line for every node when it serves, for pipes and log files."""

    def __init__(self, audience: Audience) -> None:
        super().__init__(audience)
        self._shown: set[str] = set()

    def _progress(self, place: "Place", happening: "Happening", report: ClusterReport) -> None:
        if place.plan is None:
            return
        if happening.name in ("EXITED", "FAILED"):
            self._say(describe(place, happening))
        elif happening.name == "SERVING" and place.name not in self._shown:
            if not self._shown:
                self._say(format_row([column.title for column in COLUMNS], WIDTHS_FIRST))
            self._shown.add(place.name)
            node = next(node for node in report.nodes if node.name == place.name)
            self._say(format_row([column.cell(node) for column in COLUMNS], WIDTHS_FIRST))

    def _finish_table(self, report: ClusterReport) -> None:
        pass


class LiveDisplay(Display):
    """A table redrawn in place."""

    def __init__(self, audience: Audience) -> None:
        super().__init__(audience)
        from rich.live import Live

        # Redrawn when something happens and not by a thread: nothing may run beside the event loop.
        self._live = Live(auto_refresh=False)
        self._live.start()

    def close(self) -> None:
        self._live.stop()

    def _progress(self, place: "Place", happening: "Happening", report: ClusterReport) -> None:
        self._live.update(rich_table(report), refresh=True)

    def _finish_table(self, report: ClusterReport) -> None:
        self._live.update(rich_table(report), refresh=True)
        self._live.stop()


def make_display(audience: Audience) -> Display:
    """The display that suits standard output."""
    return LiveDisplay(audience) if sys.stdout.isatty() else PlainDisplay(audience)


def describe(place: "Place", happening: "Happening") -> str:
    """One line on what happened to a process."""
    match happening.name:
        case "STARTED":
            text = f"started, pid {place.identity.pid}" if place.identity else "started"
        case "ADOPTED":
            text = f"adopted, pid {place.identity.pid}" if place.identity else "adopted"
        case "SERVING":
            text = "serves"
        case "EXITED":
            text = f"ended ({describe_status(place.exit_status)})"
        case _:
            text = "could not be started"
    return f"{place.name} {text}"


def rich_table(report: ClusterReport) -> "Table":
    """The nodes as a table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    # No titles beyond the edge and no padding there: the table is as wide as the one that `status` shows.
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in COLUMNS:
        table.add_column(column.title, no_wrap=True)
    for node in report.nodes:
        *cells, state = (column.cell(node) for column in COLUMNS)
        table.add_row(*cells, Text(state, style=STATE_STYLES.get(state, "red")))
    return table


def how_to_connect(report: ClusterReport) -> str:
    """What to type next."""
    host, port = report.nodes[0].host, report.nodes[0].port
    shown = "127.0.0.1" if host in ("0.0.0.0", "*") else "::1" if host == "::" else host
    host_option = "" if shown == "127.0.0.1" else f"-h {shown} "
    return (
        f"connect   redis-cli -c {host_option}-p {port}\n"
        f'          from pycluster.client import Cluster; cluster = Cluster("{shown}", {port})'
    )


def _wall_time() -> str:
    return datetime.fromtimestamp(clock.unix_ms() / 1000).astimezone().strftime("%H:%M:%S")
