"""How long to wait before a process that died is started again."""

import attrs

# The first death after a stable run costs no wait; a process that keeps dying is tried ever more seldom.
DELAY_FIRST_MS = 100
DELAY_MAX_MS = 10_000
STABLE_RUN_MS = 30_000


@attrs.define
class Backoff:
    """Exponential delays between restarts of one process; ``failures`` are deaths since a stable run."""

    failures: int = 0

    def next_delay_ms(self, *, run_ms: int) -> int:
        """The delay before the next start, after a run that lasted ``run_ms``; at most ``DELAY_MAX_MS``."""
        if run_ms >= STABLE_RUN_MS:
            self.failures = 0
        self.failures += 1
        if self.failures == 1:
            return 0
        # The exponent is bounded because the failures of a process that never comes up are not.
        doublings = min(self.failures - 2, 32)
        return min(DELAY_FIRST_MS << doublings, DELAY_MAX_MS)

    def reset(self) -> None:
        """Forget the failures: somebody asked for a restart, or the process is known to be well."""
        self.failures = 0
