"""The native load generator: one run a call, on the calling thread, the GIL released."""

from typing import Literal, TypedDict

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
    """By the error reply's first word; ``connection lost``, ``unanswered``, ``no owner``, ``too many redirects``
    and ``protocol error: ...`` are the generator's own. At most 65 kinds."""
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

def run(
    host: str,
    port: int,
    *,
    rate: float | None = None,
    pipeline: int = 1,
    connections: int = 50,
    ops: int | None = None,
    duration_s: float | None = None,
    warmup_s: float = 0.0,
    keys: int = 100_000,
    key_size: int = 16,
    value_size: int = 100,
    reads: int = 10,
    writes: int = 1,
    distribution: Literal["uniform", "zipf", "sequential"] = "uniform",
    zipf_exponent: float = 0.99,
    expire_s: int | None = None,
    cluster: bool | None = None,
    spin: bool = False,
    lag_max_s: float = 1.0,
    seed: int = 1,
) -> LoadReport:
    """Put load on the server, or the cluster, at ``host:port`` and report what was measured.

    Args:
        rate: Operations a second, all connections together: an open loop, whose operations are due at this
            rate whatever the server does. None: a closed loop.
        pipeline: Commands each client of a closed loop sends at once, 1 to 10000; the next ones follow when
            all are answered.
        connections: 1 to 20000 in all; a cluster spreads them over its primaries, at least one each.
        ops: Length in operations; give either this or ``duration_s``.
        duration_s: Length in seconds, up to a day.
        warmup_s: Load before the measurement starts.
        keys: Number of distinct keys: ``key:`` and a zero-padded number, which at ``key_size`` 16 are the
            keys of ``redis-benchmark -r``.
        key_size: Bytes of every key, up to 64 KiB.
        value_size: Bytes of every value, up to 16 MiB: random letters.
        reads: GETs in proportion to ``writes``, which are SETs; drawn at random.
        distribution: ``sequential`` takes the keys in turn, which fills a server with ``ops=keys, reads=0``.
        zipf_exponent: Skew of ``zipf``, above 0 and at most 10.
        expire_s: Writes carry EX with this many seconds.
        cluster: Route keys by CLUSTER SLOTS, following MOVED and ASK. None: if the server serves slots.
        spin: Poll without sleeping: sends within about a microsecond of the due time and takes a whole core.
            Otherwise a kernel timer wakes the generator, some tens of microseconds late.
        lag_max_s: Longest wait for a connection that can take an operation, up to 600; then it is shed.
        seed: The same seed gives the same operations.

    Raises:
        ValueError: A setting is out of range.
        ConnectionError: The server could not be reached at the start, or is no cluster although it had to be.
        OSError: The system refused sockets or timers.
        KeyboardInterrupt: The run was interrupted; there is no report.
    """
