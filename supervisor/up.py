"""``pycluster up``: bring a cluster up and look after it."""

import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import attrs
import click

from pycluster.cluster.bus_spec import PlanError
from pycluster.cluster.view import NODE_COUNT_MAX
from pycluster.runtime import clock, logs
from pycluster.supervisor import adoption
from pycluster.supervisor.errors import InputError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory, FileLock
from pycluster.supervisor.options import directory_option
from pycluster.supervisor.process import ProcessIdentity
from pycluster.supervisor.settings import check_settings, parse_options

NODES_DEFAULT = 6
REPLICAS_DEFAULT = 1
PORT_DEFAULT = 7000
PORT_MAX = 65_535
BIND_DEFAULT = "127.0.0.1"
LOG_FORMAT_DEFAULT: logs.LogFormat = "text"
# How many of the ports in use an error line names.
PORTS_SHOWN_MAX = 8


@attrs.frozen(kw_only=True)
class Wishes:
    """What the user asked for; None where nothing was said."""

    nodes: int | None = None
    replicas: int | None = None
    port: int | None = None
    bind: str | None = None
    log_format: logs.LogFormat | None = None
    settings: dict[str, str] = attrs.field(factory=dict)


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
    try:
        on_serving = daemonize(directory) if detach else None
        serve(directory, config, lock, started_ms=started_ms, lifeline=lifeline, on_serving=on_serving)
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
        config = new_config(wishes)
        check_ports(directory, config)
    else:
        check_no_contradiction(directory, config, wishes)
    directory.make()
    lock = FileLock(directory.lock_file)
    if not lock.acquire():
        supervisor = adoption.living_supervisor(directory)
        who = f" (pid {supervisor.pid})" if supervisor else ""
        raise InputError(f"a supervisor{who} looks after {directory.path} already; see `pycluster status`")
    try:
        if is_new:
            directory.create(config)
        else:
            check_ports(directory, config)
    except InputError:
        lock.release()
        raise
    return lock, config


def new_config(wishes: Wishes) -> ClusterConfig:
    """A new cluster after the user's wishes and our defaults; raises InputError if they fit no cluster."""
    nodes = NODES_DEFAULT if wishes.nodes is None else wishes.nodes
    replicas = REPLICAS_DEFAULT if wishes.replicas is None else wishes.replicas
    port = PORT_DEFAULT if wishes.port is None else wishes.port
    if port + nodes - 1 > PORT_MAX:
        raise InputError(f"{nodes} nodes from port {port} on would need ports above {PORT_MAX}")
    check_settings(wishes.settings)
    try:
        return ClusterConfig.new(
            host=wishes.bind or BIND_DEFAULT,
            port=port,
            nodes=nodes,
            replicas=replicas,
            settings=wishes.settings,
            log_format=wishes.log_format or LOG_FORMAT_DEFAULT,
        )
    except PlanError as exc:
        raise InputError(str(exc)) from exc
    except ValueError as exc:
        raise InputError(f"cannot plan this cluster: {exc.args[0]}") from exc


def check_no_contradiction(directory: ClusterDirectory, config: ClusterConfig, wishes: Wishes) -> None:
    """Raises InputError if the user asks for something else than the directory's cluster is."""
    facts = {
        "nodes": len(config.nodes),
        "replicas": config.replicas,
        "port": config.port,
        "bind": config.host,
        "log_format": config.log_format,
    }
    for name, fact in facts.items():
        wish = getattr(wishes, name)
        if wish not in (None, fact):
            option = name.replace("_", "-")
            raise InputError(f"the cluster in {directory.path} was made with --{option} {fact}, not {wish}")
    for name, wish in wishes.settings.items():
        if config.settings.get(name) != wish:
            was = f"with --{name} {config.settings[name]}" if name in config.settings else f"without --{name}"
            raise InputError(f"the cluster in {directory.path} was made {was}")


def check_ports(directory: ClusterDirectory, config: ClusterConfig) -> None:
    """Raises InputError if nodes that are still to be started could not listen on their ports."""
    alive = adoption.living_nodes(directory, config)
    taken = []
    for plan in config.nodes:
        if plan.node_id not in alive:
            problem = _bind_problem(config.host, plan.port)
            if problem == errno.EADDRINUSE:
                taken.append(plan.name)
            elif problem is not None:
                raise InputError(f"cannot listen on {config.host} port {plan.port}: {os.strerror(problem)}")
    if taken:
        shown = ", ".join(taken[:PORTS_SHOWN_MAX]) + (", ..." if len(taken) > PORTS_SHOWN_MAX else "")
        raise InputError(f"port {shown} is in use" if len(taken) == 1 else f"ports {shown} are in use")


def daemonize(directory: ClusterDirectory) -> Callable[[], None]:
    """Go on as a daemon: returns in the child only, with what it has to call once all serves.

    The parent waits for that call and exits with status 0, or with the child's status if it ends before.
    """
    told, tell = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child != 0:
        os.close(tell)
        _wait_for_daemon(child, told)
    os.close(told)
    # A session of its own: neither Ctrl-C in the terminal nor its end concerns the cluster from here on.
    os.setsid()
    os.chdir(directory.path)

    def let_go() -> None:
        sys.stdout.flush()
        null = os.open(os.devnull, os.O_RDWR)
        log = os.open(directory.supervisor_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for descriptor, source in ((0, null), (1, log), (2, log)):
            os.dup2(source, descriptor)
        os.close(null)
        os.close(log)
        os.write(tell, b"serving")
        os.close(tell)

    return let_go


def _wait_for_daemon(child: int, told: int) -> NoReturn:
    def interrupt(_signum: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    # os._exit: the lock's record and all else that is cleaned up on the way out belongs to the child now.
    try:
        signal.signal(signal.SIGTERM, interrupt)
        if os.read(told, 16):
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        os._exit(abs(os.waitstatus_to_exitcode(status)))
    except KeyboardInterrupt:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        os._exit(128 + signal.SIGINT)


def serve(
    directory: ClusterDirectory,
    config: ClusterConfig,
    lock: FileLock,
    *,
    started_ms: int,
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
        display = make_display(started_ms=started_ms)
        try:
            trio.run(SupervisorRun(directory, config, nursery, display, options).run)
        finally:
            display.close()
            nursery.close()


def _bind_problem(host: str, port: int) -> int | None:
    """The error number of an attempt to listen there; None if it would work."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as attempt:
            # As the node will: connections of an earlier run that linger in TIME_WAIT do not count.
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(address)
            attempt.listen(1)
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    except OSError as exc:
        return exc.errno
    return None
