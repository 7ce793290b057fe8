"""Commands that administer a node's process; so far ``SHUTDOWN``."""

import logging
from collections.abc import Callable

from pycluster.node.answers import SILENCE, Answer, CommandError
from pycluster.node.commands import Call, Table

log = logging.getLogger(__name__)

_SHUTDOWN_WORDS = frozenset({"SAVE", "NOSAVE", "NOW", "FORCE", "ABORT"})


class AdminCommands:
    """Handlers that act on the process.

    Args:
        stop: Begins a graceful stop.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop

    def table(self) -> Table:
        """All commands."""
        return {"SHUTDOWN": self.shutdown}

    def shutdown(self, call: Call) -> Answer:
        """``SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]``; who asks only sees the connection close.

        A stop never waits for replicas here, so NOW changes nothing and there is never one to abort. SAVE
        asks for what cannot be done yet and keeps the node running, unless FORCE says that it should stop.
        """
        words = {argument.decode("utf-8", "replace").upper() for argument in call.arguments}
        contradictory = {"SAVE", "NOSAVE"} <= words or ("ABORT" in words and len(words) > 1)
        if contradictory or not words <= _SHUTDOWN_WORDS:
            raise CommandError("ERR syntax error")
        if "ABORT" in words:
            raise CommandError("ERR No shutdown in progress.")
        if "SAVE" in words and "FORCE" not in words:
            log.error("not shutting down: saving was asked for, and this version cannot save")
            raise CommandError("ERR Errors trying to SHUTDOWN. Check logs.")
        log.info("stopping on SHUTDOWN")
        self._stop()
        return SILENCE
