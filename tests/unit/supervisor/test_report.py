"""Reports: what `status` says of a cluster."""

import json
import os

import attrs
import pytest

from pycluster.supervisor.layout import ClusterConfig
from pycluster.supervisor.probe import ClusterOpinion, NodeRole
from pycluster.supervisor.report import (
    SERVING,
    SILENT,
    STOPPED,
    ClusterReport,
    ProcessReport,
    UsageMeter,
    node_reports,
)
from pycluster.supervisor.status import status_text

CONFIG = ClusterConfig.new(host="127.0.0.1", port=7000, nodes=2, replicas=1, settings={}, log_format="text")
PRIMARY, REPLICA = (plan.node_id for plan in CONFIG.nodes)
ROLES = {
    PRIMARY: NodeRole(
        node_id=PRIMARY, role="primary", primary_id=None, slots=((0, 16383),), flags=frozenset({"master"})
    ),
    REPLICA: NodeRole(
        node_id=REPLICA, role="replica", primary_id=PRIMARY, slots=(), flags=frozenset({"slave"})
    ),
}


def _report(states: dict[str, str], opinions: dict[str, ClusterOpinion]) -> ClusterReport:
    processes = {node_id: ProcessReport(pid=1, state=state) for node_id, state in states.items()}
    return ClusterReport(
        cluster_id=CONFIG.cluster_id,
        directory="/data",
        host=CONFIG.host,
        port=CONFIG.port,
        supervisor_pid=1,
        bus=ProcessReport(pid=2, state=SERVING, usage=UsageMeter().read(os.getpid())),
        nodes=node_reports(CONFIG, processes, opinions),
    )


def _opinion(myself: str, roles: dict[str, NodeRole]) -> ClusterOpinion:
    return ClusterOpinion(state_ok=True, myself=myself, roles=roles)


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ((SERVING, SERVING), "ok"),
        ((SERVING, SILENT), "degraded"),
        ((STOPPED, SERVING), "degraded"),
        ((STOPPED, STOPPED), "down"),
    ],
)
def test_a_cluster_is_as_well_as_its_nodes(states: tuple[str, str], state: str) -> None:
    report = _report(dict(zip((PRIMARY, REPLICA), states, strict=True)), {PRIMARY: _opinion(PRIMARY, ROLES)})
    assert report.state == state


def test_a_cluster_with_a_slot_of_nobody_is_degraded() -> None:
    roles = {**ROLES, PRIMARY: attrs.evolve(ROLES[PRIMARY], slots=((0, 16382),))}
    report = _report({PRIMARY: SERVING, REPLICA: SERVING}, {PRIMARY: _opinion(PRIMARY, roles)})
    assert report.state == "degraded"


def test_a_nodes_word_on_itself_counts_more_than_another_nodes() -> None:
    promoted = {**ROLES, REPLICA: attrs.evolve(ROLES[REPLICA], role="primary", primary_id=None)}
    opinions = {PRIMARY: _opinion(PRIMARY, ROLES), REPLICA: _opinion(REPLICA, promoted)}
    assert _report({PRIMARY: SERVING, REPLICA: SERVING}, opinions).nodes[1].role == "primary"


def test_a_node_that_does_not_answer_is_known_from_the_others() -> None:
    report = _report({PRIMARY: SERVING, REPLICA: STOPPED}, {PRIMARY: _opinion(PRIMARY, ROLES)})
    assert (report.nodes[1].role, report.nodes[1].primary) == ("replica", "7000")


def test_a_report_survives_the_way_through_json() -> None:
    report = _report({PRIMARY: SERVING, REPLICA: SERVING}, {PRIMARY: _opinion(PRIMARY, ROLES)})
    assert ClusterReport.from_plain(json.loads(json.dumps(report.to_plain()))) == report


def test_the_text_has_a_line_for_every_node() -> None:
    report = _report({PRIMARY: SERVING, REPLICA: STOPPED}, {PRIMARY: _opinion(PRIMARY, ROLES)})
    text = status_text(report, up="pycluster up")
    assert [line.split()[0] for line in text.splitlines()[-2:]] == ["7000", "7001"]
    assert "is degraded" in text


def test_usage_of_a_process_that_is_gone_is_none() -> None:
    assert UsageMeter().read(2**22 + 1) is None
