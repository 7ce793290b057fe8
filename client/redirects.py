"""What to do when a command did not get its answer: the decision table of redirects and failures."""

from __future__ import annotations

import enum
import random
from typing import Final

import attrs

from pycluster.client.address import Address
from pycluster.client.errors import (
    AskError,
    ClusterDownError,
    ConnectionFailedError,
    ConnectionLostError,
    DeadlineExceededError,
    LoadingError,
    MasterDownError,
    MovedError,
    RedirectError,
    SlotNotCoveredError,
    TooManyRedirectsError,
    TryAgainError,
)

HOPS_MAX: Final = 8
"""MOVED and ASK redirects one command follows."""
HOPS_AT_ONCE: Final = 3
"""The first redirects are followed at once; later ones mean that nodes disagree, and wait like a failure."""
BACKOFF_BASE_MS: Final = 8
BACKOFF_MAX_MS: Final = 512
"""A wait before another try is between half and all of a step that doubles from base to max."""


class Event(enum.Enum):
    """What came instead of an answer."""

    MOVED = enum.auto()
    ASK = enum.auto()
    TRYAGAIN = enum.auto()
    CLUSTERDOWN = enum.auto()
    LOADING = enum.auto()
    MASTERDOWN = enum.auto()
    UNCOVERED = enum.auto()
    UNREACHABLE = enum.auto()
    LOST = enum.auto()
    SILENT = enum.auto()
    FINAL = enum.auto()


@attrs.frozen
class Rule:
    """How an event is met. A redirect is followed to the node it names; all else waits and asks the table.

    Attributes:
        retry: send the command again at all.
        asking: with ASKING before it.
        refresh: the slot table is probably stale.
        executed: the command may have been executed already, so only a repeatable one is sent again.
    """

    retry: bool = True
    asking: bool = False
    refresh: bool = False
    executed: bool = False


RULES: Final = {
    Event.MOVED: Rule(refresh=True),
    # ASK is about one key of a slot on the move; the table stays right for the others.
    Event.ASK: Rule(asking=True),
    Event.TRYAGAIN: Rule(),
    Event.CLUSTERDOWN: Rule(refresh=True),
    Event.LOADING: Rule(refresh=True),
    Event.MASTERDOWN: Rule(refresh=True),
    Event.UNCOVERED: Rule(refresh=True),
    Event.UNREACHABLE: Rule(refresh=True),
    Event.LOST: Rule(refresh=True, executed=True),
    # The command's time is over, but the next one should not wait for the same node.
    Event.SILENT: Rule(retry=False, refresh=True),
    Event.FINAL: Rule(retry=False),
}

_EVENTS: Final[dict[type[Exception], Event]] = {
    MovedError: Event.MOVED,
    AskError: Event.ASK,
    TryAgainError: Event.TRYAGAIN,
    ClusterDownError: Event.CLUSTERDOWN,
    LoadingError: Event.LOADING,
    MasterDownError: Event.MASTERDOWN,
    SlotNotCoveredError: Event.UNCOVERED,
    ConnectionFailedError: Event.UNREACHABLE,
    ConnectionLostError: Event.LOST,
    DeadlineExceededError: Event.SILENT,
}


def classify(error: Exception) -> Event:
    """The event an error stands for; what is no redirect and no passing failure is ``FINAL``."""
    return _EVENTS.get(type(error), Event.FINAL)


@attrs.frozen
class Retry:
    """Send the command again.

    Attributes:
        address: to this node; None: to whom the slot table names.
        asking: with ASKING before it.
        delay_ms: after this pause.
        refresh: the slot table should be fetched again when its policy allows.
    """

    address: Address | None
    asking: bool
    delay_ms: int
    refresh: bool


@attrs.frozen
class GiveUp:
    """Hand this error to the caller; ``refresh`` as in :class:`Retry`."""

    error: Exception
    refresh: bool


def backoff_ms(step: int, rng: random.Random) -> int:
    """The pause before try ``step`` (0: the first repeat): doubling steps, half of each at random."""
    full_ms = min(BACKOFF_BASE_MS << min(step, 16), BACKOFF_MAX_MS)
    return full_ms - rng.randrange(full_ms // 2 + 1)


@attrs.define
class Attempt:
    """One command on its way through redirects and failures.

    Attributes:
        repeatable: may be sent again although it may have been executed.
        deadline_ms: no try starts after this.
        retries_max: tries after failures, not counting redirects.
    """

    repeatable: bool
    deadline_ms: int
    retries_max: int
    _hops: list[str] = attrs.field(factory=list, init=False)
    _failures: int = attrs.field(default=0, init=False)

    def next(
        self, error: Exception, *, asked: Address | None, now_ms: int, rng: random.Random
    ) -> Retry | GiveUp:
        """Decide what follows an error that ``asked`` answered with, or that came of talking to it."""
        rule = RULES[classify(error)]
        if not rule.retry or (rule.executed and not self.repeatable):
            return GiveUp(error, rule.refresh)
        address = None
        if isinstance(error, RedirectError) and asked is not None:
            try:
                address = error.address(asked)
            except ValueError:
                return GiveUp(error, rule.refresh)
            self._hops.append(str(address))
            if len(self._hops) > HOPS_MAX:
                return GiveUp(TooManyRedirectsError(error.slot, tuple(self._hops)), refresh=True)
            extra_hops = len(self._hops) - HOPS_AT_ONCE
            delay_ms = backoff_ms(extra_hops, rng) if extra_hops > 0 else 0
        else:
            self._failures += 1
            if self._failures > self.retries_max:
                _add_note(error, f"given up after {self._failures} tries")
                return GiveUp(error, rule.refresh)
            delay_ms = backoff_ms(self._failures - 1, rng)
        if now_ms + delay_ms >= self.deadline_ms:
            _add_note(error, "given up because the command's time is over")
            return GiveUp(error, rule.refresh)
        return Retry(address, rule.asking, delay_ms, rule.refresh)


def _add_note(error: Exception, note: str) -> None:
    # The commands of a pipeline share the error of a broken connection, and each would add its note.
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
