"""Medians, ratios and verdicts of a comparison, and their forms: table, Markdown, JSON."""

import platform
import statistics
from pathlib import Path
from typing import Literal, TypeAlias

import attrs
from rich.table import Table

from pycluster.bench.runners import Numbers
from pycluster.bench.work_kinds import AnyWork, Figure

Verdict: TypeAlias = Literal["target", "floor", "missed", ""]
HEADINGS = ("figure", "subject", "peer", "ratio", "floor", "target", "verdict")
_VERDICT_STYLES: dict[Verdict, str] = {"target": "green", "floor": "yellow", "missed": "bold red", "": ""}


@attrs.frozen(kw_only=True)
class FigureResult:
    """One figure over all rounds; ``peer`` is empty where the row has none."""

    figure: Figure
    subject: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def subject_median(self) -> float:
        return statistics.median(self.subject)

    @property
    def peer_median(self) -> float | None:
        return statistics.median(self.peer) if self.peer else None

    @property
    def ratio(self) -> float | None:
        """Subject's median by peer's; None without a peer, or when the peer's is 0."""
        return self.subject_median / self.peer_median if self.peer_median else None

    @property
    def verdict(self) -> Verdict:
        """What was reached; empty when the figure has no limits or they cannot be judged."""
        value = self.subject_median if self.figure.limits == "value" else self.ratio
        if value is None or self.figure.floor is None:
            return ""
        for name, limit in (("target", self.figure.target), ("floor", self.figure.floor)):
            if limit is not None and (value <= limit if self.figure.better == "lower" else value >= limit):
                return "target" if name == "target" else "floor"
        return "missed"


@attrs.frozen(kw_only=True)
class RowResult:
    """One row of the comparison."""

    work: AnyWork
    figures: tuple[FigureResult, ...]


@attrs.frozen(kw_only=True)
class Comparison:
    """A whole run: who was compared, where and when."""

    subject: str
    peer: str
    date: str
    machine: str
    rounds: int
    quick: bool
    rows: tuple[RowResult, ...]


def row_result(work: AnyWork, subject: list[Numbers], peer: list[Numbers]) -> RowResult:
    """Gather the rounds of a row by figure."""
    figures = tuple(
        FigureResult(
            figure=figure,
            subject=tuple(numbers[figure.name] for numbers in subject),
            peer=tuple(numbers[figure.name] for numbers in peer),
        )
        for figure in work.figures
    )
    return RowResult(work=work, figures=figures)


def machine() -> str:
    """Processor, number of cores and kernel of this machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    kind = (
        "virtual machine"
        if any("hypervisor" in line for line in lines if line.startswith("flags"))
        else "machine"
    )
    return f"{max(len(models), 1)}-core {kind}, {model}, Linux {platform.release().split('-')[0]}"


def number(value: float | None) -> str:
    """A value with about three significant digits; a dash for None."""
    if value is None:
        return "-"
    magnitude = abs(value)
    digits = 0 if magnitude >= 100 else 1 if magnitude >= 10 else 2 if magnitude >= 1 else 3
    return f"{value:,.{digits}f}"


def _limit(figure: Figure, limit: float | None) -> str:
    if limit is None:
        return ""
    return f"{limit:g}x" if figure.limits == "ratio" else f"{limit:g} {figure.unit}"


def _cells(result: FigureResult) -> tuple[str, ...]:
    figure = result.figure
    return (
        f"{figure.name} ({figure.unit})",
        number(result.subject_median),
        number(result.peer_median),
        f"{result.ratio:.2f}x" if result.ratio is not None else "-",
        _limit(figure, figure.floor),
        _limit(figure, figure.target),
        result.verdict,
    )


def to_table(comparison: Comparison) -> Table:
    """The comparison for a terminal."""
    caption = f"{comparison.date}, {comparison.machine}, medians of {comparison.rounds} rounds"
    title = f"{comparison.subject} against {comparison.peer}"
    table = Table(title=title, caption=caption + (" (quick)" if comparison.quick else ""))
    table.add_column("row", overflow="fold")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in ("figure", "verdict") else "right")
    for row in comparison.rows:
        for index, result in enumerate(row.figures):
            cells = _cells(result)
            last = index == len(row.figures) - 1
            style = _VERDICT_STYLES[result.verdict]
            verdict = f"[{style}]{cells[-1]}[/]" if style else ""
            table.add_row(row.work.name if index == 0 else "", *cells[:-1], verdict, end_section=last)
    return table


def to_markdown(comparison: Comparison) -> str:
    """The comparison as ``docs/benchmarks.md`` records it."""
    lines = [
        f"{comparison.subject} against {comparison.peer}; {comparison.date}; {comparison.machine};"
        f" medians of {comparison.rounds} rounds" + (" (quick)." if comparison.quick else "."),
        "",
        "| row | " + " | ".join(HEADINGS) + " |",
        "|---|---|" + "---:|" * 5 + "---|",
    ]
    for row in comparison.rows:
        for index, result in enumerate(row.figures):
            name = f"`{row.work.name}`" if index == 0 else ""
            lines.append("| " + " | ".join((name, *_cells(result))) + " |")
    return "\n".join(lines) + "\n"


def to_json(comparison: Comparison) -> dict[str, object]:
    """The comparison with every round, for later evaluation."""
    rows = [
        {
            "name": row.work.name,
            "title": row.work.title,
            "work": attrs.asdict(row.work, filter=lambda attribute, _: attribute.name != "figures"),
            "figures": [
                {
                    **attrs.asdict(result.figure),
                    "subject": result.subject,
                    "peer": result.peer,
                    "ratio": result.ratio,
                    "verdict": result.verdict,
                }
                for result in row.figures
            ],
        }
        for row in comparison.rows
    ]
    return {**attrs.asdict(comparison, filter=lambda attribute, _: attribute.name != "rows"), "rows": rows}
