"""Following log files, and several in one order."""

from pathlib import Path

from pycluster.supervisor.logs import Tail, in_order


def test_the_last_lines_then_only_new_whole_ones(tmp_path: Path) -> None:
    file = tmp_path / "node.log"
    file.write_text("one\ntwo\nthree\nhal")
    tail = Tail("7000", file)
    assert tail.last_lines(2) == ["two", "three"]
    assert tail.new_lines() == []
    with file.open("a") as more:
        more.write("f\nnext\n")
    assert tail.new_lines() == ["half", "next"]


def test_a_file_that_comes_later_or_is_cut_is_read_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "node.log"
    tail = Tail("7000", file)
    assert tail.last_lines(5) == []
    file.write_text("a longer first line\n")
    assert tail.new_lines() == ["a longer first line"]
    file.write_text("cut\n")
    assert tail.new_lines() == ["cut"]


def test_no_lines_wanted_means_none(tmp_path: Path) -> None:
    file = tmp_path / "node.log"
    file.write_text("one\n")
    assert Tail("7000", file).last_lines(0) == []


def test_lines_of_several_logs_come_in_the_order_of_their_times() -> None:
    lines = {
        "bus": [
            "2026-01-01T10:00:00.001Z INFO one",
            "2026-01-01T10:00:00.004Z ERROR four",
            "Traceback",
            "  end",
        ],
        "7000": [
            '{"time": "2026-01-01T10:00:00.002Z", "level": "info"}',
            "2026-01-01T10:00:00.005Z INFO five",
        ],
        "7001": [],
    }
    assert [name for name, _line in in_order(lines)] == ["bus", "7000", "bus", "bus", "bus", "7000"]
    assert [line for name, line in in_order(lines) if name == "bus"] == lines["bus"]
