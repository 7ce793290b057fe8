"""What a running process costs: CPU time to the nanosecond, resident and proportional memory."""

import time
from pathlib import Path

import attrs

# Linux numbers the CPU clock of another process by its pid; this kind counts all its threads, ended ones too.
_CPUCLOCK_SCHED = 2


@attrs.frozen(kw_only=True)
class MemoryUse:
    """Memory of one process, in bytes."""

    rss_bytes: int
    """Resident: every page it has mapped in, shared or not."""
    pss_bytes: int
    """Proportional: a page shared by n processes counts for a n-th."""


def cpu_ns(pid: int) -> int:
    """CPU nanoseconds that all threads of a process have used, user and system together.

    Raises:
        ProcessLookupError: There is no such process.
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED)
    except OSError as exc:
        raise ProcessLookupError(f"no process {pid}") from exc


def memory_use(pid: int) -> MemoryUse:
    """Memory of a process, summed over its mappings by the kernel.

    Raises:
        ProcessLookupError: There is no such process.
    """
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError) as exc:
        raise ProcessLookupError(f"no process {pid}") from exc
    return parse_smaps_rollup(text)


def parse_smaps_rollup(text: str) -> MemoryUse:
    """Read the ``Rss`` and ``Pss`` lines of ``/proc/PID/smaps_rollup``; a missing line counts as 0."""
    sizes = {"Rss": 0, "Pss": 0}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name in sizes:
            sizes[name] = int(rest.split()[0]) * 1024
    return MemoryUse(rss_bytes=sizes["Rss"], pss_bytes=sizes["Pss"])
