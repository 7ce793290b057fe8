"""``pycluster up``: bring a cluster up and look after it."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from pycluster.cluster.view import NODE_COUNT_MAX
from pycluster.runtime import clock, logs
from pycluster.supervisor import adoption
from pycluster.supervisor.audience import Audience
from pycluster.supervisor.daemon import daemonize
from pycluster.supervisor.errors import InputError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory, FileLock
from pycluster.supervisor.options import command_words, directory_option
from pycluster.supervisor.ports import PORT_MAX, check_ports
from pycluster.supervisor.process import ProcessIdentity
from pycluster.supervisor.settings import parse_options
from pycluster.supervisor.wishes import (
    BIND_DEFAULT,
    LOG_FORMAT_DEFAULT,
    NODES_DEFAULT,
    PORT_DEFAULT,
    REPLICAS_DEFAULT,
    Wishes,
)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--nodes", type=click.IntRange(1, NODE_COUNT_MAX), help=f"Nodes in all.  [default: {NODES_DEFAULT}]"
)
@click.option(
    "--replicas", type=click.IntRange(0), help=f"Replicas of every primary.  [default: {REPLICAS_DEFAULT}]"
)
@click.option(
    "--port",
    type=click.IntRange(1, PORT_MAX),
    help=f"Port of the first node; the others follow.  [default: {PORT_DEFAULT}]",
)
@click.option("--bind", help=f"Address to listen on.  [default: {BIND_DEFAULT}]")
@directory_option
@click.option("--detach", is_flag=True, help="Return once all nodes serve; the cluster stays.")
@click.option("--maxmemory", metavar="SIZE", help="Memory a node's data may take, such as 100mb.")
@click.option("--maxmemory-policy", metavar="POLICY", help="What to evict then, such as allkeys-lru.")
@click.option(
    "--log-format",
    type=click.Choice(logs.LOG_FORMATS),
    help=f"Form of the logs.  [default: {LOG_FORMAT_DEFAULT}]",
)
@click.option("--lifeline", type=int, hidden=True)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[--NAME VALUE]...")
def up(
    *,
    nodes: int | None,
    replicas: int | None,
    port: int | None,
    bind: str | None,
    path: Path,
    detach: bool,
    maxmemory: str | None,
    maxmemory_policy: str | None,
    log_format: logs.LogFormat | None,
    lifeline: int | None,
    options: tuple[str, ...],
) -> None:
    """Bring a cluster up and look after it, until Ctrl-C.

    A directory that holds a cluster already needs no other option: what it was made with is written there,
    and processes that still live are adopted. Any other option of Redis may be given by its name as well; it
    goes to all nodes.
    """
    started_ms = clock.monotonic_ms()
    settings = parse_options(options)
    named = {"maxmemory": maxmemory, "maxmemory-policy": maxmemory_policy}
    settings |= {name: value for name, value in named.items() if value is not None}
    wishes = Wishes(
        nodes=nodes, replicas=replicas, port=port, bind=bind, log_format=log_format, settings=settings
    )
    directory = ClusterDirectory(path)
    lock, config = take(directory, wishes)
    audience = Audience(
        started_ms=started_ms,
        look=command_words("status", path),
        stop=command_words("down", path),
        stays=not detach,
    )
    try:
        on_serving = daemonize(directory) if detach else None
        serve(directory, config, lock, audience, lifeline=lifeline, on_serving=on_serving)
    finally:
        lock.release()


def take(directory: ClusterDirectory, wishes: Wishes) -> tuple[FileLock, ClusterConfig]:
    """Become the directory's supervisor, laying out a new cluster if it holds none.

    Raises:
        InputError: the wishes cannot be met here, or a supervisor is at work already.
    """
    directory.check_socket_paths()
    config = directory.load()
    is_new = config is None
    if config is None:
        directory.check_vacant()
        config = wishes.new_config()
        check_ports(directory, config)
    else:
        wishes.check_against(directory, config)
    directory.make()
    lock = FileLock(directory.lock_file)
    if not lock.acquire():
        supervisor = adoption.living_supervisor(directory)
        who = f" (pid {supervisor.pid})" if supervisor else ""
        raise InputError(f"a supervisor{who} looks after {directory.path} already")
    try:
        if is_new:
            directory.create(config)
        else:
            check_ports(directory, config)
    except InputError:
        lock.release()
        raise
    return lock, config


def serve(
    directory: ClusterDirectory,
    config: ClusterConfig,
    lock: FileLock,
    audience: Audience,
    *,
    lifeline: int | None,
    on_serving: Callable[[], None] | None,
) -> None:
    """Be the supervisor until told to stop; raises StartError if the cluster does not come up."""
    from pycluster.supervisor.forker import NurseryProcess

    # First of all, as it takes longest: the nursery loads what nodes need while this process loads its own.
    nursery = NurseryProcess(directory.supervisor_log)
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None, "a process that runs has a start time"
    lock.write(identity.to_record())

    import trio

    from pycluster.supervisor.display import make_display
    from pycluster.supervisor.run import RunOptions, SupervisorRun

    options = RunOptions(
        lifeline=lifeline,
        on_serving=on_serving,
        keep_on_failure=bool(adoption.living_nodes(directory, config)),
    )
    with directory.supervisor_log.open("a") as log_file:
        logs.setup("supervisor", log_format=config.log_format, stream=log_file)
        display = make_display(audience)
        try:
            run = SupervisorRun(directory, config, nursery, display, options)
            trio.run(run.run, restrict_keyboard_interrupt_to_checkpoints=True)
        finally:
            display.close()
            nursery.close()
