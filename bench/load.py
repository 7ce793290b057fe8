"""One load: its settings, and what it measured."""

from typing import Any, Literal, TypedDict

import attrs


@attrs.frozen(kw_only=True)
class LoadSettings:
    """One load as ``_loadgen.run`` takes it; see there for meaning and ranges."""

    host: str
    port: int
    rate: float | None
    pipeline: int
    connections: int
    duration_s: float | None
    ops: int | None
    warmup_s: float
    keys: int
    key_size: int
    value_size: int
    reads: int
    writes: int
    distribution: Literal["uniform", "zipf", "sequential"]
    zipf_exponent: float
    expire_s: int | None
    cluster: bool | None
    spin: bool
    lag_max_s: float
    seed: int

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of ``_loadgen.run``."""
        return attrs.asdict(self)


class LatencySummary(TypedDict):
    """A distribution of latencies in microseconds, to about a thousandth; all 0 when ``count`` is."""

    count: int
    min_us: float
    mean_us: float
    p50_us: float
    p90_us: float
    p99_us: float
    p999_us: float
    p9999_us: float
    max_us: float


class LoadReport(TypedDict):
    """What a run measured; the warm-up is left out everywhere."""

    elapsed_s: float
    """From the end of the warm-up to the last answer."""
    ops: int
    """Operations that came due, whatever became of them: ``ops_done`` + errors + ``ops_shed``."""
    ops_done: int
    """Operations answered without an error."""
    rate_per_s: float
    """``ops_done`` by ``elapsed_s``."""
    hits: int
    """Reads that found their key."""
    misses: int
    """Reads that did not."""
    errors: dict[str, int]
    """By the error reply's first word; ``connection lost``, ``unanswered``, ``no owner``,
    ``too many redirects`` and ``protocol error: ...`` are the generator's own. At most 65 kinds."""
    ops_shed: int
    """Operations never sent: no connection could take them within ``lag_max_s``."""
    saturated: bool
    """Operations were shed, so the server fell behind and the latencies are too good."""
    redirects: int
    """MOVED and ASK replies that were followed."""
    refreshes: int
    """Slot tables taken over after the first."""
    connections_lost: int
    """Connections that were lost or refused while the load ran."""
    latency: LatencySummary
    """Reads and writes together, from the due time (open loop) or the sending (closed loop) to the reply."""
    read_latency: LatencySummary
    write_latency: LatencySummary
    lateness: LatencySummary
    """How late the generator itself sent what a connection could take at once; 0 in a closed loop."""
    cpu_s: float
    """CPU time of the generator, with connecting and warm-up."""
    primaries: int
    """Servers that own slots; 1 for a server alone."""
