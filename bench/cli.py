"""``pycluster bench``: put load on a server or a cluster and print what it answered."""

import json
import os
from typing import Literal

import click
from rich.console import Console

from pycluster.bench import _loadgen
from pycluster.bench.load import LoadSettings
from pycluster.bench.load_report import to_tables
from pycluster.bench.servers import pinned

RATE_DEFAULT = 10_000.0
FILL_CONNECTIONS = 8
FILL_PIPELINE = 32
# Columns of output that goes to a file or a pipe.
OUTPUT_WIDTH = 120


class Address(click.ParamType[tuple[str, int]]):
    """``HOST:PORT``; an IPv6 address may stand in brackets."""

    name = "host:port"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Split at the last colon."""
        host, colon, port = str(value).rpartition(":")
        if not (colon and host and port.isdecimal() and 0 < int(port) < 65_536):
            self.fail(f"{value} is not HOST:PORT", param, ctx)
        return host.removeprefix("[").removesuffix("]"), int(port)


class Mix(click.ParamType[tuple[int, int]]):
    """``READS:WRITES``, whole numbers, not both 0."""

    name = "reads:writes"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Split at the colon."""
        reads, colon, writes = str(value).partition(":")
        if not (colon and reads.isdecimal() and writes.isdecimal() and int(reads) + int(writes) > 0):
            self.fail(f"{value} is not READS:WRITES", param, ctx)
        return int(reads), int(writes)


@click.command()
@click.argument("address", type=Address(), metavar="HOST:PORT")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    help=f"Operations a second in all [{RATE_DEFAULT:,.0f}].",
)
@click.option("--pipeline", type=click.IntRange(min=1), help="A closed loop instead, so many at once.")
@click.option("--connections", "-c", default=50, show_default=True, help="In all; spread over the primaries.")
@click.option("--duration", "duration_s", type=float, help="Seconds [10].")
@click.option("--ops", type=int, help="Length in operations instead.")
@click.option("--warm-up", "warmup_s", default=1.0, show_default=True, help="Seconds before it counts.")
@click.option("--keys", default=100_000, show_default=True, help="Number of distinct keys.")
@click.option("--key-size", default=16, show_default=True, help="Bytes.")
@click.option("--value-size", default=100, show_default=True, help="Bytes.")
@click.option("--mix", type=Mix(), default="10:1", show_default=True, help="Reads to writes.")
@click.option(
    "--distribution",
    type=click.Choice(["uniform", "zipf", "sequential"]),
    default="uniform",
    show_default=True,
)
@click.option("--zipf-exponent", default=0.99, show_default=True)
@click.option("--expire", "expire_s", type=int, help="Writes expire after so many seconds.")
@click.option("--cluster/--single", default=None, help="Route by slot, or not [as the server answers].")
@click.option("--fill/--no-fill", default=True, show_default=True, help="Write every key once before.")
@click.option("--core", type=int, help="Run on this core.")
@click.option("--spin/--no-spin", default=None, help="Poll without sleeping [in an open loop on two cores].")
@click.option("--lag-max", "lag_max_s", default=1.0, show_default=True, help="Seconds until one is shed.")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(
    *,
    address: tuple[str, int],
    rate: float | None,
    pipeline: int | None,
    connections: int,
    duration_s: float | None,
    ops: int | None,
    warmup_s: float,
    keys: int,
    key_size: int,
    value_size: int,
    mix: tuple[int, int],
    distribution: Literal["uniform", "zipf", "sequential"],
    zipf_exponent: float,
    expire_s: int | None,
    cluster: bool | None,
    fill: bool,
    core: int | None,
    spin: bool | None,
    lag_max_s: float,
    seed: int,
    as_json: bool,
) -> None:
    """Put load on a server, or a cluster through any of its nodes, and report its latency.

    Operations are due at a fixed rate, whatever the server does, and latency counts from the due time. The
    keys are key:000... to key:999...; what they hold is overwritten.
    """
    if rate is not None and pipeline is not None:
        raise click.UsageError("--rate makes an open loop and --pipeline a closed one: give one of them")
    if duration_s is not None and ops is not None:
        raise click.UsageError("--duration and --ops both give the length: give one of them")
    if core is not None and core not in os.sched_getaffinity(0):
        raise click.BadParameter(f"core {core} is not available", param_hint="--core")
    host, port = address
    open_loop = pipeline is None
    settings = LoadSettings(
        host=host,
        port=port,
        rate=(rate if rate is not None else RATE_DEFAULT) if open_loop else None,
        pipeline=pipeline if pipeline is not None else 1,
        connections=connections,
        duration_s=duration_s if duration_s is not None or ops is not None else 10.0,
        ops=ops,
        warmup_s=warmup_s,
        keys=keys,
        key_size=key_size,
        value_size=value_size,
        reads=mix[0],
        writes=mix[1],
        distribution=distribution,
        zipf_exponent=zipf_exponent,
        expire_s=expire_s,
        cluster=cluster,
        # Busy polling beside the server on one core would starve it.
        spin=open_loop and len(os.sched_getaffinity(0)) > 1 if spin is None else spin,
        lag_max_s=lag_max_s,
        seed=seed,
    )
    try:
        with pinned(core):
            if fill:
                _fill(settings)
            report = _loadgen.run(**settings.arguments())
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc
    except OSError as exc:
        raise click.ClickException(str(exc)) from exc
    if as_json:
        click.echo(json.dumps({"settings": settings.arguments(), "report": report}, indent=1))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=OUTPUT_WIDTH)
    for part in to_tables(settings, report):
        console.print(part)


def _fill(settings: LoadSettings) -> None:
    report = _loadgen.run(
        settings.host,
        settings.port,
        ops=settings.keys,
        keys=settings.keys,
        key_size=settings.key_size,
        value_size=settings.value_size,
        expire_s=settings.expire_s,
        reads=0,
        writes=1,
        distribution="sequential",
        connections=FILL_CONNECTIONS,
        pipeline=FILL_PIPELINE,
        cluster=settings.cluster,
        seed=settings.seed,
    )
    if report["ops_done"] < settings.keys:
        kinds = ", ".join(f"{kind} ({count:,})" for kind, count in report["errors"].items())
        raise click.ClickException(f"filling wrote {report['ops_done']:,} of {settings.keys:,} keys: {kinds}")
