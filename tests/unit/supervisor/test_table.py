"""Nodes as rows of text."""

import attrs

from pycluster.supervisor.report import SERVING, NodeReport
from pycluster.supervisor.table import COLUMNS, USAGE_COLUMNS, table_lines

PRIMARY = NodeReport(
    name="7000",
    node_id="a" * 40,
    host="127.0.0.1",
    port=7000,
    role="primary",
    primary=None,
    slots=((0, 16383),),
    pid=12,
    state=SERVING,
    restarts=0,
    cpu_percent=0.25,
    memory_bytes=15 * 2**20,
    uptime_s=3_700.0,
)
REPLICA = attrs.evolve(PRIMARY, name="7001", port=7001, role="replica", primary="7000", slots=())


def test_a_row_says_all_there_is_to_say() -> None:
    lines = table_lines([PRIMARY, REPLICA], (*COLUMNS, *USAGE_COLUMNS), width=None)
    assert lines == [
        "port  role             slots    pid  state    cpu    memory    restarts  uptime",
        "7000  primary          0-16383  12   serving  0.2 %  15.0 MiB  0         1h 1m",
        "7001  replica of 7000  -        12   serving  0.2 %  15.0 MiB  0         1h 1m",
    ]


def test_a_narrow_table_goes_without_its_last_columns_but_never_without_the_first() -> None:
    columns = (*COLUMNS, *USAGE_COLUMNS)
    assert table_lines([PRIMARY], columns, width=54)[0].split()[-2:] == ["cpu", "memory"]
    assert table_lines([PRIMARY], columns, width=10) == table_lines([PRIMARY], COLUMNS, width=None)


def test_a_node_without_a_process_has_dashes() -> None:
    gone = attrs.evolve(
        PRIMARY, role=None, slots=(), pid=None, state="stopped", cpu_percent=None, memory_bytes=None
    )
    (_titles, line) = table_lines([gone], (*COLUMNS, *USAGE_COLUMNS[:2]), width=None)
    assert line.split() == ["7000", "-", "-", "-", "stopped", "-", "-"]


def test_scattered_slots_are_counted() -> None:
    scattered = attrs.evolve(PRIMARY, slots=tuple((start, start + 9) for start in range(0, 10_000, 100)))
    assert "1000 in 100 ranges" in table_lines([scattered], COLUMNS, width=None)[1]


def test_durations_are_as_precise_as_they_are_long() -> None:
    for seconds, text in ((5, "5s"), (65, "1m 5s"), (3_600, "1h 0m"), (90_000, "1d 1h")):
        row = table_lines([attrs.evolve(PRIMARY, uptime_s=seconds)], USAGE_COLUMNS, width=None)[1]
        assert row.endswith(f"  {text}")
