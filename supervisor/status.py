"""``pycluster status``: how a cluster is doing, with or without its supervisor."""

import json
import sys
from pathlib import Path

import click

from pycluster.supervisor import adoption, control
from pycluster.supervisor.display import COLUMNS, row
from pycluster.supervisor.errors import NotRunningError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory
from pycluster.supervisor.options import directory_option, open_cluster
from pycluster.supervisor.probe import ClusterOpinion, ProbeError, Target, ask_blocking
from pycluster.supervisor.process import ProcessIdentity
from pycluster.supervisor.report import (
    SERVING,
    SILENT,
    STARTING,
    STOPPED,
    ClusterReport,
    NodeReport,
    ProcessReport,
    UsageMeter,
    node_reports,
)


@click.command()
@directory_option
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object.")
def status(*, path: Path, as_json: bool) -> None:
    """Show nodes, their roles, slots, processes and what they use.

    Exit status: 0 if all is well, 1 if not.
    """
    directory, config = open_cluster(path)
    report = cluster_report(directory, config)
    click.echo(json.dumps(report.to_plain(), indent=2) if as_json else status_text(report))
    sys.exit(0 if report.state == "ok" else 1)


def cluster_report(directory: ClusterDirectory, config: ClusterConfig) -> ClusterReport:
    """The supervisor's report; without a supervisor, what can be found out from the processes themselves."""
    try:
        return control.request_report(directory.control_socket)
    except NotRunningError:
        return _report_without_supervisor(directory, config)


def status_text(report: ClusterReport) -> str:
    """The report as a person reads it."""
    lines = [f"cluster {report.cluster_id:.8} is {report.state}  ({report.directory})"]
    bus = f"bus {report.bus.state}" + (f", pid {report.bus.pid}" if report.bus.pid else "")
    if report.supervisor_pid is not None:
        lines.append(f"supervisor pid {report.supervisor_pid}, {bus}")
    else:
        lines.append(
            f"no supervisor, {bus}; `pycluster up --dir {report.directory}` takes the cluster in hand"
        )
    header = (*COLUMNS, "cpu", "memory", "restarts", "uptime")
    cells = [header, *((*row(node), *_usage_cells(node)) for node in report.nodes)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    lines.append("")
    for line in cells:
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return "\n".join(lines)


def _usage_cells(node: NodeReport) -> tuple[str, str, str, str]:
    if node.cpu_percent is None or node.memory_bytes is None or node.uptime_s is None:
        return ("-", "-", str(node.restarts), "-")
    memory = f"{node.memory_bytes / 2**20:.1f} MiB"
    return (f"{node.cpu_percent:.1f} %", memory, str(node.restarts), _duration(node.uptime_s))


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"


def _report_without_supervisor(directory: ClusterDirectory, config: ClusterConfig) -> ClusterReport:
    meter = UsageMeter()
    bus = adoption.living_bus(directory)
    alive = adoption.living_nodes(directory, config)
    opinions: dict[str, ClusterOpinion] = {}
    processes: dict[str, ProcessReport] = {}
    for plan in config.nodes:
        node = alive.get(plan.node_id)
        state = STOPPED
        if node is not None:
            opinion = _ask(Target.of(config.host, plan.port, config.settings))
            state = SILENT if opinion is None else SERVING if opinion.state_ok else STARTING
            if opinion is not None and opinion.myself == plan.node_id:
                opinions[plan.node_id] = opinion
        processes[plan.node_id] = _process_report(node.identity if node else None, state, meter)
    return ClusterReport(
        cluster_id=config.cluster_id,
        directory=str(directory.path),
        host=config.host,
        port=config.port,
        supervisor_pid=None,
        bus=_process_report(bus, SERVING if bus else STOPPED, meter),
        nodes=node_reports(config, processes, opinions),
    )


def _ask(target: Target) -> ClusterOpinion | None:
    try:
        return ask_blocking(target)
    except ProbeError:
        return None


def _process_report(identity: ProcessIdentity | None, state: str, meter: UsageMeter) -> ProcessReport:
    if identity is None:
        return ProcessReport(pid=None, state=state)
    return ProcessReport(pid=identity.pid, state=state, usage=meter.read(identity.pid))
