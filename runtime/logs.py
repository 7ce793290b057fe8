"""Logs of every process: one line an event, as text for people or as JSON for machines.

Each process sets this up once, with the name of what it is (``bus``, ``supervisor``, ``node``) and, for a
node, its port. Lines go to standard error, which the supervisor has pointed at the process's log file.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import IO, Literal

LogFormat = Literal["text", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = ("text", "json")

# Redis's names for ``loglevel``, which `pycluster node` takes as well, and Python's.
LEVELS = {
    "debug": logging.DEBUG,
    "verbose": logging.DEBUG,
    "notice": logging.INFO,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "nothing": logging.CRITICAL + 1,
}

# What `logging` puts into every record; all else came in by ``extra=`` and belongs into the JSON line.
_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def setup(
    process: str,
    *,
    port: int | None = None,
    log_format: LogFormat = "text",
    level: str = "notice",
    stream: IO[str] | None = None,
) -> None:
    """Send all log records of this process to ``stream`` (standard error), replacing an earlier set-up.

    Args:
        process: what the process is: ``node``, ``bus``, ``supervisor``.
        port: client port, for a node.
        log_format: ``text`` or ``json`` (one object a line: time, level, process, node, port, logger,
            message, and the fields that were given as ``extra=``).
        level: a key of ``LEVELS``; raises KeyError otherwise.
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    formatter = _JsonFormatter if log_format == "json" else _TextFormatter
    handler.setFormatter(formatter(process, port))
    logging.basicConfig(handlers=[handler], level=LEVELS[level], force=True)
    logging.captureWarnings(True)


class _TextFormatter(logging.Formatter):
    def __init__(self, process: str, port: int | None) -> None:
        super().__init__()
        self._source = process if port is None else f"{process}:{port}"

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_timestamp(record)} {record.levelname} {self._source} {record.getMessage()}"
        extra = _extra_fields(record)
        if extra:
            line += "".join(f" {name}={value}" for name, value in extra.items())
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class _JsonFormatter(logging.Formatter):
    def __init__(self, process: str, port: int | None) -> None:
        super().__init__()
        self._source: dict[str, object] = {"process": process}
        if port is not None:
            self._source["port"] = port

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": _timestamp(record),
            "level": record.levelname.lower(),
            **self._source,
            "logger": record.name,
            "message": record.getMessage(),
            **_extra_fields(record),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str, ensure_ascii=False)


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _extra_fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _RECORD_FIELDS}
