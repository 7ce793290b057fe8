"""The readable form of one load's report."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from pycluster.bench.load import LatencySummary, LoadReport, LoadSettings

# Beyond this share of the rate asked for, the server or the generator did not keep up.
RATE_SHORTFALL_MAX = 0.01
# An open loop whose generator is later than this shows its own latency, not the server's.
LATENESS_P99_US_MAX = 100.0


def to_tables(settings: LoadSettings, report: LoadReport) -> Iterator[RenderableType]:
    """What was asked, what was reached, latencies, and what to be wary of."""
    yield _headline(settings, report)
    table = Table("us", *(Column(name, justify="right") for name in _COLUMNS))
    rows: dict[str, LatencySummary] = {"all": report["latency"]}
    if report["read_latency"]["count"] and report["write_latency"]["count"]:
        rows |= {"reads": report["read_latency"], "writes": report["write_latency"]}
    for name, summary in rows.items():
        table.add_row(name, f"{summary['count']:,}", *(_us(value) for value in _values(summary)))
    yield table
    yield from (Text(line) for line in _remarks(settings, report))
    yield from (Text(f"warning: {line}", style="bold yellow") for line in _warnings(settings, report))


_COLUMNS = ("count", "min", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max")


def _values(summary: LatencySummary) -> tuple[float, ...]:
    return (
        summary["min_us"],
        summary["mean_us"],
        summary["p50_us"],
        summary["p90_us"],
        summary["p99_us"],
        summary["p999_us"],
        summary["p9999_us"],
        summary["max_us"],
    )


def _us(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _headline(settings: LoadSettings, report: LoadReport) -> Text:
    if settings.rate is not None:
        pace = f"open loop, {settings.rate:,.0f}/s due, latency from the due time"
    else:
        pace = f"closed loop, pipeline {settings.pipeline}, latency from the sending"
    where = f"{settings.host}:{settings.port}"
    if report["primaries"] > 1:
        where += f", {report['primaries']} primaries"
    return Text(
        f"{where}: {pace}\n"
        f"{settings.connections} connections, {settings.reads} reads to {settings.writes} writes,"
        f" {settings.keys:,} {settings.distribution} keys of {settings.key_size} B,"
        f" values of {settings.value_size:,} B\n"
        f"{report['ops_done']:,} operations in {report['elapsed_s']:.2f} s: {report['rate_per_s']:,.0f}/s"
    )


def _remarks(settings: LoadSettings, report: LoadReport) -> Iterator[str]:
    if settings.reads:
        yield f"reads: {report['hits']:,} found their key, {report['misses']:,} did not"
    if report["redirects"] or report["refreshes"]:
        yield f"redirects followed: {report['redirects']:,}; slot tables taken over: {report['refreshes']:,}"
    late = report["lateness"]
    lateness = (
        f", late by {_us(late['p50_us'])} us (p50), {_us(late['p99_us'])} us (p99)" if settings.rate else ""
    )
    yield f"load generator: {report['cpu_s']:.2f} s of CPU{lateness}"


def _warnings(settings: LoadSettings, report: LoadReport) -> Iterator[str]:
    if report["saturated"]:
        yield (
            f"the server fell behind: {report['ops_shed']:,} operations waited longer than"
            f" {settings.lag_max_s:g} s and were never sent; real latencies would be higher"
        )
    elif settings.rate and report["rate_per_s"] < settings.rate * (1 - RATE_SHORTFALL_MAX):
        yield "the rate was not reached"
    if settings.rate and report["lateness"]["p99_us"] > LATENESS_P99_US_MAX:
        yield "the load generator itself was late: give it a core of its own (--core)"
    for kind, count in sorted(report["errors"].items(), key=lambda item: -item[1]):
        yield f"{count:,} operations failed: {kind}"
    if report["connections_lost"]:
        yield f"connections lost or refused: {report['connections_lost']:,}"
