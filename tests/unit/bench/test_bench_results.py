import json
from typing import Any

import pytest

from pycluster.bench import results
from pycluster.bench.results import Comparison, FigureResult, row_result
from pycluster.bench.work_kinds import Figure, IdleNode


def figure_result(subject: tuple[float, ...], peer: tuple[float, ...], **figure: Any) -> FigureResult:
    return FigureResult(figure=Figure(name="f", unit="us", **figure), subject=subject, peer=peer)


def test_the_ratio_is_one_of_medians() -> None:
    result = figure_result((1.0, 9.0, 2.0), (4.0, 4.0, 100.0))
    assert result.ratio == 0.5


@pytest.mark.parametrize(
    ("subject", "verdict"), [(4.0, "target"), (5.0, "target"), (9.0, "floor"), (10.1, "missed")]
)
def test_lower_is_judged_by_its_ratio_to_the_peer(subject: float, verdict: str) -> None:
    assert figure_result((subject,), (10.0,), floor=1.0, target=0.5).verdict == verdict


@pytest.mark.parametrize(("subject", "verdict"), [(13.0, "target"), (10.0, "floor"), (9.9, "missed")])
def test_higher_is_judged_the_other_way_round(subject: float, verdict: str) -> None:
    assert figure_result((subject,), (10.0,), better="higher", floor=1.0, target=1.3).verdict == verdict


def test_limits_on_the_value_need_no_peer() -> None:
    assert figure_result((3.5,), (), limits="value", floor=3.0, target=1.0).verdict == "missed"
    assert figure_result((2.0,), (), limits="value", floor=3.0, target=1.0).verdict == "floor"


def test_what_cannot_be_judged_has_no_verdict() -> None:
    assert figure_result((1.0,), (2.0,)).verdict == ""
    assert figure_result((1.0,), (), floor=1.0).verdict == ""
    assert figure_result((1.0,), (0.0,), floor=1.0).verdict == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (1_234_567.8, "1,234,568"), (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.123")],
)
def test_numbers_keep_about_three_digits(value: float | None, text: str) -> None:
    assert results.number(value) == text


def comparison() -> Comparison:
    work = IdleNode(
        name="idle", title="idle", figures=(Figure(name="RSS", unit="MB", limits="value", floor=40.0),)
    )
    row = row_result(work, [{"RSS": 20.0, "CPU": 1.0}], [{"RSS": 10.0, "CPU": 1.0}])
    return Comparison(
        subject="a 1", peer="b 2", date="2026-01-01", machine="m", rounds=1, quick=False, rows=(row,)
    )


def test_markdown_has_a_line_for_every_figure() -> None:
    text = results.to_markdown(comparison())
    assert text.startswith("a 1 against b 2; 2026-01-01; m; medians of 1 rounds.\n")
    assert "| `idle` | RSS (MB) | 20.0 | 10.0 | 2.00x | 40 MB |  | floor |\n" in text


def test_json_keeps_every_round() -> None:
    data = json.loads(json.dumps(results.to_json(comparison())))
    (figure,) = data["rows"][0]["figures"]
    assert (figure["name"], figure["subject"], figure["peer"]) == ("RSS", [20.0], [10.0])
