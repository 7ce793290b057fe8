"""The host's ports: which ones are taken, and which are free."""

import errno
import os
import socket

from pycluster.runtime import clock
from pycluster.supervisor import adoption
from pycluster.supervisor.errors import InputError, StartError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory

PORT_MAX = 65_535
# How many of the ports in use an error line names.
PORTS_SHOWN_MAX = 8
# Below the range from which Linux takes ports for outgoing connections (32768 and up), above the usual
# services.
FREE_PORTS = range(20_000, 32_000)


def check_ports(directory: ClusterDirectory, config: ClusterConfig) -> None:
    """Raises InputError if nodes that are still to be started could not listen on their ports."""
    alive = adoption.living_nodes(directory, config)
    taken = []
    for plan in config.nodes:
        if plan.node_id not in alive:
            problem = bind_problem(config.host, plan.port)
            if problem == errno.EADDRINUSE:
                taken.append(plan.name)
            elif problem is not None:
                raise InputError(f"cannot listen on {config.host} port {plan.port}: {os.strerror(problem)}")
    if taken:
        shown = ", ".join(taken[:PORTS_SHOWN_MAX]) + (", ..." if len(taken) > PORTS_SHOWN_MAX else "")
        raise InputError(f"port {shown} is in use" if len(taken) == 1 else f"ports {shown} are in use")


def free_port_range(count: int, host: str = "127.0.0.1") -> int:
    """The first of ``count`` ports in a row on which nobody listens now.

    Raises:
        StartError: there is no such row.
    """
    rng = clock.new_rng()
    # Test runs that start at the same moment look in different places.
    starts = rng.sample(FREE_PORTS, k=min(len(FREE_PORTS), 200))
    for start in starts:
        if all(bind_problem(host, port) is None for port in range(start, start + count)):
            return start
    raise StartError(f"no {count} free ports in a row between {FREE_PORTS[0]} and {FREE_PORTS[-1]}")


def bind_problem(host: str, port: int) -> int | None:
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
