import os
import subprocess
import sys
import time

import pytest

from pycluster.bench.processes import MemoryUse, cpu_ns, memory_use, parse_smaps_rollup


def test_cpu_time_agrees_with_what_the_process_says_of_itself() -> None:
    before_ns = time.process_time_ns()
    measured_ns = cpu_ns(os.getpid())
    assert before_ns <= measured_ns <= time.process_time_ns()


def test_resident_memory_grows_by_what_is_touched() -> None:
    before_bytes = memory_use(os.getpid()).rss_bytes
    block = bytearray(b"x") * 32_000_000
    assert memory_use(os.getpid()).rss_bytes - before_bytes > 0.9 * len(block)


def test_a_process_that_is_gone_is_an_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(ProcessLookupError):
        cpu_ns(process.pid)
    with pytest.raises(ProcessLookupError):
        memory_use(process.pid)


def test_sizes_are_kilobytes_of_1024_bytes() -> None:
    text = "5581 ---p 00000000 00:00 0 [rollup]\nRss:    2048 kB\nPss:     512 kB\nPss_Anon: 9 kB\n"
    assert parse_smaps_rollup(text) == MemoryUse(rss_bytes=2 << 20, pss_bytes=1 << 19)
