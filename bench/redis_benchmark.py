"""Running redis-benchmark, and reading what it prints."""

import csv
import io
import shutil
import subprocess

import attrs

from pycluster.bench.servers import BenchError

TIMEOUT_S = 300.0


@attrs.frozen(kw_only=True)
class ClosedLoopResult:
    """What redis-benchmark measured; it counts latency from the sending of a whole pipeline."""

    throughput_per_s: float
    p50_us: float
    p99_us: float


def run(
    port: int,
    *,
    command: tuple[str, ...],
    requests: int,
    clients: int,
    pipeline: int,
    value_size: int,
    key_range: int | None,
) -> ClosedLoopResult:
    """Run redis-benchmark once, on the cores of the calling thread.

    Raises:
        BenchError: It is not installed, failed, or took longer than ``TIMEOUT_S``.
    """
    program = shutil.which("redis-benchmark")
    if program is None:
        raise BenchError("redis-benchmark is not installed (Debian: apt-get install redis-tools)")
    options = ["-p", port, "-n", requests, "-c", clients, "-P", pipeline, "-d", value_size, "--csv"]
    if key_range is not None:
        options += ["-r", key_range]
    argv = [program, *map(str, options), *command]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as exc:
        raise BenchError(f"redis-benchmark took longer than {TIMEOUT_S:.0f} s") from exc
    if done.returncode != 0:
        raise BenchError(
            f"redis-benchmark ended with {done.returncode}: {(done.stderr or done.stdout).strip()}"
        )
    return parse_csv(done.stdout)


def parse_csv(text: str) -> ClosedLoopResult:
    """Read the last line of its CSV output by the names in the first.

    Raises:
        BenchError: The output has another form.
    """
    rows = list(csv.DictReader(io.StringIO(text)))
    try:
        row = rows[-1]
        return ClosedLoopResult(
            throughput_per_s=float(row["rps"]),
            p50_us=float(row["p50_latency_ms"]) * 1000,
            p99_us=float(row["p99_latency_ms"]) * 1000,
        )
    except (IndexError, KeyError, ValueError) as exc:
        raise BenchError(f"redis-benchmark printed what cannot be read: {text.strip()[:200]}") from exc
