"""``pycluster status``: how a cluster is doing, with or without its supervisor."""

import json
import sys
from pathlib import Path

import click

from pycluster.supervisor import adoption, control
from pycluster.supervisor.errors import NotRunningError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory
from pycluster.supervisor.options import command_words, directory_option, open_cluster
from pycluster.supervisor.probe import ClusterOpinion, ProbeError, Target, ask_blocking
from pycluster.supervisor.process import ProcessIdentity
from pycluster.supervisor.report import (
    SERVING,
    SILENT,
    STARTING,
    STOPPED,
    ClusterReport,
    ProcessReport,
    UsageMeter,
    node_reports,
)
from pycluster.supervisor.table import COLUMNS, USAGE_COLUMNS, table_lines, terminal_width


@click.command()
@directory_option
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object.")
def status(*, path: Path, as_json: bool) -> None:
    """Show nodes, their roles, slots, processes and what they use.

    Exit status: 0 if all is well, 1 if not.
    """
    directory, config = open_cluster(path)
    report = cluster_report(directory, config)
    if as_json:
        click.echo(json.dumps(report.to_plain(), indent=2))
    else:
        click.echo(status_text(report, up=command_words("up", path), width=terminal_width()))
    sys.exit(0 if report.state == "ok" else 1)


def cluster_report(directory: ClusterDirectory, config: ClusterConfig) -> ClusterReport:
    """The supervisor's report; without a supervisor, what can be found out from the processes themselves."""
    try:
        return control.request_report(directory.control_socket)
    except NotRunningError:
        return _report_without_supervisor(directory, config)


def status_text(report: ClusterReport, *, up: str, width: int | None = None) -> str:
    """The report as a person reads it.

    Args:
        report: how the cluster is doing.
        up: the command that brings the cluster up.
        width: of the terminal; None: lines may be of any length.
    """
    lines = [f"cluster {report.cluster_id:.8} is {report.state}: {report.host}, {report.directory}"]
    bus = f"bus {report.bus.state}" + (f", pid {report.bus.pid}" if report.bus.pid else "")
    if report.supervisor_pid is not None:
        lines.append(f"supervisor pid {report.supervisor_pid}, {bus}")
    else:
        outlook = "brings it up" if report.state == "down" else "takes the cluster in hand"
        lines.append(f"no supervisor, {bus}; `{up}` {outlook}")
    return "\n".join([*lines, "", *table_lines(report.nodes, (*COLUMNS, *USAGE_COLUMNS), width=width)])


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
