"""The native load generator: one run a call, on the calling thread, the GIL released."""

from typing import Literal

from pycluster.bench.load import LoadReport

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
