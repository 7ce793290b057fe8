"""Log lines: one an event, for people or for machines."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from pycluster.runtime import logs


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


def test_a_text_line_names_level_process_port_and_extra_fields() -> None:
    stream = io.StringIO()
    logs.setup("node", port=7001, stream=stream)
    logging.getLogger("x").warning("slow %s", "disk", extra={"took_ms": 12})
    line = stream.getvalue()
    assert line.endswith(" WARNING node:7001 slow disk took_ms=12\n")
    assert line.count("\n") == 1


def test_a_json_line_is_one_object_with_the_message_and_extra_fields() -> None:
    stream = io.StringIO()
    logs.setup("node", port=7001, log_format="json", stream=stream)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("x").exception("failed", extra={"slot": 5})
    (line,) = stream.getvalue().splitlines()
    fields = json.loads(line)
    assert (fields["process"], fields["port"], fields["level"]) == ("node", 7001, "error")
    assert (fields["message"], fields["slot"]) == ("failed", 5)
    assert "ValueError: two" in fields["exception"]


@pytest.mark.parametrize(("level", "is_shown"), [("debug", True), ("notice", True), ("warning", False)])
def test_redis_log_levels_decide_whether_information_is_shown(level: str, is_shown: bool) -> None:
    stream = io.StringIO()
    logs.setup("bus", level=level, stream=stream)
    logging.getLogger("x").info("hello")
    assert bool(stream.getvalue()) is is_shown
