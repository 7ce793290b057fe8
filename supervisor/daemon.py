"""Going on in the background: what `up --detach` does once it knows what to run."""

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from pycluster.supervisor.layout import ClusterDirectory


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
