import pytest

from pycluster.bench.redis_benchmark import ClosedLoopResult, parse_csv
from pycluster.bench.servers import BenchError

HEADER = (
    '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms",'
    '"max_latency_ms"\n'
)


def test_the_columns_are_found_by_their_names() -> None:
    text = HEADER + '"GET","112549.25","0.4","0.1","0.385","0.9","2.671","4.0"\n'
    result = parse_csv(text)
    assert result == ClosedLoopResult(throughput_per_s=112549.25, p50_us=385.0, p99_us=2671.0)


@pytest.mark.parametrize("text", ["", HEADER, "Could not connect\n", HEADER + '"GET","fast"\n'])
def test_other_output_is_an_error(text: str) -> None:
    with pytest.raises(BenchError, match="cannot be read"):
        parse_csv(text)
