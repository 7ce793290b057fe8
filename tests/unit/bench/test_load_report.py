from typing import Any, cast

from rich.console import Console

from pycluster.bench.load import LatencySummary, LoadReport, LoadSettings
from pycluster.bench.load_report import to_tables

SUMMARY: LatencySummary = {
    "count": 1_000,
    "min_us": 9.0,
    "mean_us": 40.0,
    "p50_us": 38.25,
    "p90_us": 60.0,
    "p99_us": 198.0,
    "p999_us": 900.0,
    "p9999_us": 1_250.0,
    "max_us": 1_300.0,
}
NONE = cast(LatencySummary, dict.fromkeys(SUMMARY, 0))


def settings(**changes: Any) -> LoadSettings:
    values: dict[str, Any] = {
        "host": "h",
        "port": 7000,
        "rate": 1_000.0,
        "pipeline": 1,
        "connections": 50,
        "duration_s": 1.0,
        "ops": None,
        "warmup_s": 0.0,
        "keys": 100,
        "key_size": 16,
        "value_size": 100,
        "reads": 10,
        "writes": 1,
        "distribution": "uniform",
        "zipf_exponent": 0.99,
        "expire_s": None,
        "cluster": None,
        "spin": False,
        "lag_max_s": 1.0,
        "seed": 1,
    }
    return LoadSettings(**(values | changes))


def report(**changes: Any) -> LoadReport:
    values: dict[str, Any] = {
        "elapsed_s": 1.0,
        "ops": 1_000,
        "ops_done": 1_000,
        "rate_per_s": 1_000.0,
        "hits": 900,
        "misses": 10,
        "errors": {},
        "ops_shed": 0,
        "saturated": False,
        "redirects": 0,
        "refreshes": 0,
        "connections_lost": 0,
        "latency": SUMMARY,
        "read_latency": SUMMARY,
        "write_latency": SUMMARY,
        "lateness": NONE,
        "cpu_s": 0.5,
        "primaries": 3,
    }
    return cast(LoadReport, values | changes)


def text_of(settings: LoadSettings, report: LoadReport) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        for part in to_tables(settings, report):
            console.print(part)
    return capture.get()


def test_a_clean_run_is_reported_without_warnings() -> None:
    text = text_of(settings(), report())
    assert "h:7000, 3 primaries: open loop, 1,000/s due" in text
    assert "38.2" in text
    assert "1,250" in text
    assert "warning" not in text


def test_a_saturated_server_is_named_as_such() -> None:
    text = text_of(settings(), report(saturated=True, ops_shed=77))
    assert "warning: the server fell behind: 77 operations waited longer than 1 s" in text


def test_errors_and_a_late_generator_are_warned_of() -> None:
    late = SUMMARY | {"p99_us": 500.0}
    text = text_of(settings(), report(errors={"OOM": 5, "unanswered": 9}, lateness=late))
    assert text.index("9 operations failed: unanswered") < text.index("5 operations failed: OOM")
    assert "the load generator itself was late" in text


def test_a_rate_that_was_not_reached_is_warned_of() -> None:
    assert "the rate was not reached" in text_of(settings(), report(rate_per_s=980.0))
    assert "the rate was not reached" not in text_of(settings(), report(rate_per_s=995.0))


def test_a_closed_loop_has_no_due_times() -> None:
    text = text_of(settings(rate=None, pipeline=16), report())
    assert "closed loop, pipeline 16" in text
    assert "late by" not in text
