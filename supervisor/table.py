"""Nodes as the rows of a table, for `up` and `status`."""

import shutil
import sys
from collections.abc import Callable, Sequence

import attrs

from pycluster.supervisor.report import NodeReport

# Slots in more pieces than fit here are counted instead of listed.
SLOT_TEXT_MAX = 24


@attrs.frozen
class Column:
    """A column's title and what stands in it; one that ``can_go`` does so where the table is too wide."""

    title: str
    cell: Callable[[NodeReport], str]
    can_go: bool = False


def _role(node: NodeReport) -> str:
    if node.role == "replica" and node.primary:
        return f"replica of {node.primary:.8}"
    return node.role or "-"


def _slots(node: NodeReport) -> str:
    text = node.slot_text or "-"
    if len(text) <= SLOT_TEXT_MAX:
        return text
    return f"{sum(end - start + 1 for start, end in node.slots)} in {len(node.slots)} ranges"


def _cpu(node: NodeReport) -> str:
    return "-" if node.cpu_percent is None else f"{node.cpu_percent:.1f} %"


def _memory(node: NodeReport) -> str:
    return "-" if node.memory_bytes is None else f"{node.memory_bytes / 2**20:.1f} MiB"


def _uptime(node: NodeReport) -> str:
    return "-" if node.uptime_s is None else _duration(node.uptime_s)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"


COLUMNS = (
    Column("port", lambda node: str(node.port)),
    Column("role", _role),
    Column("slots", _slots),
    Column("pid", lambda node: "-" if node.pid is None else str(node.pid)),
    Column("state", lambda node: node.state),
)
USAGE_COLUMNS = (
    Column("cpu", _cpu, can_go=True),
    Column("memory", _memory, can_go=True),
    Column("restarts", lambda node: str(node.restarts), can_go=True),
    Column("uptime", _uptime, can_go=True),
)
# Of COLUMNS while roles and slots are yet to be known: the longest that a new cluster has.
WIDTHS_FIRST = (5, 16, 11, 7, 8)


def table_lines(nodes: Sequence[NodeReport], columns: Sequence[Column], *, width: int | None) -> list[str]:
    """Title and rows as lines of equal columns; from the right, columns that can go do so until they fit.

    Args:
        nodes: one row each.
        columns: what stands in it.
        width: characters that fit on a line; None: any number.
    """
    chosen = list(columns)
    cells = [[column.title, *map(column.cell, nodes)] for column in columns]
    while width is not None and _width(cells) > width and chosen[-1].can_go:
        del chosen[-1], cells[-1]
    widths = [max(map(len, column)) for column in cells]
    return [format_row(row, widths) for row in zip(*cells, strict=True)]


def format_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Cells as one line of plain text."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def terminal_width() -> int | None:
    """Characters on a line of standard output; None if it is no terminal, where lines may be long."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _width(cells: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) for column in cells) + 2 * (len(cells) - 1)
