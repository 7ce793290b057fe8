"""The command line: ``pycluster COMMAND``; every command has a module of its own, loaded when it is used."""

import importlib
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from pycluster.supervisor.errors import InputError, SupervisorError
from pycluster.supervisor.options import program

STATUS_FAILED = 1
STATUS_WRONG_INPUT = 2
STATUS_INTERRUPTED = 130

# Command: its module and the click command in it. Listed in the order of `pycluster --help`.
COMMANDS = {
    "up": ("pycluster.supervisor.up", "up"),
    "down": ("pycluster.supervisor.down", "down"),
    "status": ("pycluster.supervisor.status", "status"),
    "restart": ("pycluster.supervisor.restart", "restart"),
    "logs": ("pycluster.supervisor.logs", "logs"),
    "node": ("pycluster.supervisor.node_command", "node"),
    "bench": ("pycluster.bench.cli", "bench"),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is used (or help has to list it)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The command of that name; raises UsageError if there is none."""
        if cmd_name not in COMMANDS:
            raise click.UsageError(f"there is no command {cmd_name!r}; there are {', '.join(COMMANDS)}")
        module, attribute = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="pycluster", message="%(package)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """A Redis-compatible, sharded, replicated in-memory cache cluster."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every error is one line on standard error.

    Exit status: 0 done, 1 failed, 2 wrong input, 130 interrupted.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = cli.main(args=arguments, prog_name=program(), standalone_mode=False)
    except (click.UsageError, InputError) as exc:
        _complain(exc.format_message() if isinstance(exc, click.UsageError) else str(exc))
        sys.exit(STATUS_WRONG_INPUT)
    except (click.ClickException, SupervisorError) as exc:
        _complain(exc.format_message() if isinstance(exc, click.ClickException) else str(exc))
        sys.exit(STATUS_FAILED)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(STATUS_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough; Python would complain when it closes it.
        sys.stdout = None
        sys.exit(0)
    sys.exit(result if isinstance(result, int) else 0)


def _complain(message: str) -> None:
    print("pycluster:", " ".join(message.split()), file=sys.stderr)
