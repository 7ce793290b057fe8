"""``pycluster node``: one node alone in the foreground, as redis-server would be run."""

from pathlib import Path
from typing import TextIO

import click

from pycluster.runtime import logs
from pycluster.supervisor.errors import InputError
from pycluster.supervisor.settings import check_settings, parse_options

PORT_DEFAULT = 6379
PORT_MAX = 65_535
BIND_DEFAULT = "127.0.0.1"

# Options of redis-server about its process, which are answered here and not by the engine, with the values
# that mean what happens anyway: staying in the foreground, and listening to whom `--bind` says.
_FOREGROUND_VALUES = {"daemonize": ("no",), "supervised": ("no", "auto"), "protected-mode": ("yes", "no")}


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--port", type=click.IntRange(0, PORT_MAX), default=PORT_DEFAULT, show_default=True, help="0: a free one."
)
@click.option("--bind", default=BIND_DEFAULT, show_default=True, help="Address to listen on.")
@click.option("--dir", "path", type=click.Path(path_type=Path, file_okay=False), help="Where its files are.")
@click.option("--log-format", type=click.Choice(logs.LOG_FORMATS), default="text", show_default=True)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[--NAME VALUE]...")
def node(
    *, port: int, bind: str, path: Path | None, log_format: logs.LogFormat, options: tuple[str, ...]
) -> None:
    """Run one node alone, without a cluster, until SIGTERM or Ctrl-C.

    Takes redis-server's options by their names, such as --maxmemory 100mb or --save "".
    """
    settings = parse_options(options)
    level = settings.get("loglevel", "notice")
    log_file = settings.pop("logfile", "").strip("\"'")
    _check_process_options(settings, level)
    check_settings(settings)
    if path is not None and not path.is_dir():
        raise InputError(f"there is no directory {path}")
    stream = _open_log(log_file) if log_file else None
    logs.setup("node", port=port, log_format=log_format, level=level, stream=stream)

    from pycluster.node.server import ListenError, run_standalone

    try:
        run_standalone(host=bind, port=port, settings=settings, directory=path or Path())
    except ListenError as exc:
        raise InputError(str(exc)) from exc


def _check_process_options(settings: dict[str, str], level: str) -> None:
    """Take options about the process out of the settings; raises InputError for values we do not follow."""
    if level not in logs.LEVELS:
        raise InputError(f"--loglevel has to be one of {', '.join(logs.LEVELS)}, not {level!r}")
    for name, allowed in _FOREGROUND_VALUES.items():
        value = settings.pop(name, allowed[0])
        if value not in allowed:
            raise InputError(f"--{name} {value} is not possible: a node stays in the foreground")


def _open_log(path: str) -> TextIO:
    try:
        return Path(path).open("a")
    except OSError as exc:
        raise InputError(f"cannot write {path}: {exc.strerror}") from exc
