"""``scripts/bench``: pycluster's engine side by side with another server, row by row."""

import datetime
import json
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from pycluster.bench import results, servers
from pycluster.bench.runners import Cores, choose_cores, measure
from pycluster.bench.servers import ServerKind
from pycluster.bench.work_kinds import AnyWork, ClosedLoop, ClusterStart, OpenLoop, RequestLoad
from pycluster.bench.works import WORKS, choose
from pycluster.runtime import clock

ROUNDS_DEFAULT = 5
ROUNDS_QUICK = 2
# Fresh servers repeat each other closely and take long to fill.
FRESH_ROUNDS_MAX = 3
# Columns of output that goes to a file or a pipe.
OUTPUT_WIDTH = 160


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--only", multiple=True, metavar="NAME", help="Rows by name or by how it begins; may be repeated."
)
@click.option("--all", "extra", is_flag=True, help="Also the extra rows (one key instead of random ones).")
@click.option("--rounds", type=click.IntRange(1, 100), help=f"Rounds of every row [{ROUNDS_DEFAULT}].")
@click.option("--quick", is_flag=True, help=f"Short rounds, {ROUNDS_QUICK} of them: to see that it works.")
@click.option("--subject", default="pycluster", show_default=True, help="pycluster, valkey, or a program.")
@click.option("--peer", default="valkey", show_default=True, help="What it is compared with, likewise.")
@click.option("--server-core", type=int, help="Core of the servers [the first].")
@click.option("--load-core", type=int, help="Core of the load [the second].")
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write all rounds here."
)
@click.option(
    "--markdown", "markdown_path", type=click.Path(dir_okay=False, path_type=Path), help="Write a table here."
)
@click.option("--list", "list_rows", is_flag=True, help="List the rows and exit.")
def main(
    only: tuple[str, ...],
    extra: bool,
    rounds: int | None,
    quick: bool,
    subject: str,
    peer: str,
    server_core: int | None,
    load_core: int | None,
    json_path: Path | None,
    markdown_path: Path | None,
    list_rows: bool,
) -> None:
    """Compare the engine with Valkey on one machine, in one run, by turns."""
    console, progress = _console(), _console(stderr=True)
    if list_rows:
        for work in WORKS:
            console.print(
                f"{work.name:20} {work.title}" + (" (extra)" if work.extra else ""),
            )
        return
    rounds = rounds or (ROUNDS_QUICK if quick else ROUNDS_DEFAULT)
    try:
        works = choose(only, extra=extra)
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="--only") from exc
    try:
        cores = choose_cores(server_core, load_core)
        kinds = (servers.server_kind(subject), servers.server_kind(peer))
        names = [servers.describe(kind) for kind in kinds]
    except servers.BenchError as exc:
        raise click.ClickException(str(exc)) from exc
    rows, failed = [], []
    for work in works:
        progress.print(f"{work.name}: {work.title}")
        try:
            rows.append(_row(work, kinds, rounds=rounds, quick=quick, cores=cores))
        except servers.BenchError as exc:
            # The other rows take long enough that one bad row must not cost them.
            failed.append(work.name)
            progress.print(f"  [bold red]failed[/]: {escape(str(exc))}")
        else:
            progress.print(f"  {_glance(rows[-1])}")
    comparison = results.Comparison(
        subject=names[0],
        peer=names[1],
        date=datetime.datetime.fromtimestamp(clock.unix_ms() / 1000, datetime.UTC).date().isoformat(),
        machine=results.machine(),
        rounds=rounds,
        quick=quick,
        rows=tuple(rows),
    )
    console.print(results.to_table(comparison))
    if json_path:
        json_path.write_text(json.dumps(results.to_json(comparison), indent=1) + "\n", encoding="utf-8")
    if markdown_path:
        markdown_path.write_text(results.to_markdown(comparison), encoding="utf-8")
    if failed:
        raise click.ClickException(f"rows that failed: {', '.join(failed)}")


def _row(
    work: AnyWork, kinds: tuple[ServerKind, ...], *, rounds: int, quick: bool, cores: Cores
) -> results.RowResult:
    """Measure one row; only pycluster has a command that starts a cluster, so that row has no peer."""
    if isinstance(work, ClusterStart):
        kinds = kinds[:1]
        if kinds[0].name != "pycluster":
            raise servers.BenchError("only pycluster has this row")
    if not isinstance(work, ClosedLoop | OpenLoop | RequestLoad):
        rounds = min(rounds, FRESH_ROUNDS_MAX)
    by_server = measure(work, kinds, rounds=rounds, quick=quick, cores=cores)
    return results.row_result(work, by_server[0], by_server[1] if len(kinds) > 1 else [])


def _console(*, stderr: bool = False) -> Console:
    """A console wide enough for the table also where the output is no terminal."""
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=OUTPUT_WIDTH)


def _glance(row: results.RowResult) -> str:
    """The row's figures in one line."""
    return ", ".join(
        f"{result.figure.name} {results.number(result.subject_median)} {result.figure.unit}"
        + (f" ({result.ratio:.2f}x)" if result.ratio is not None else "")
        for result in row.figures
    )


if __name__ == "__main__":
    main()
