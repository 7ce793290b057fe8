//! The one place where this crate reads a clock; everything else takes nanoseconds as an argument.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds in a second.
pub(crate) const SECOND_NS: u64 = 1_000_000_000;
/// Nanoseconds in a millisecond.
pub(crate) const MILLISECOND_NS: u64 = 1_000_000;

/// Nanoseconds on CLOCK_MONOTONIC, which timerfd shares.
pub(crate) fn monotonic_ns() -> u64 {
    to_ns(clock_gettime(ClockId::Monotonic))
}

/// CPU nanoseconds this thread has used, to say what the load generator itself cost.
pub(crate) fn thread_cpu_ns() -> u64 {
    to_ns(clock_gettime(ClockId::ThreadCPUTime))
}

/// The same instant as a kernel time; `ns` fits, since it came from one or is near one.
pub(crate) fn to_timespec(ns: u64) -> Timespec {
    Timespec { tv_sec: (ns / SECOND_NS) as i64, tv_nsec: (ns % SECOND_NS) as _ }
}

fn to_ns(time: Timespec) -> u64 {
    // Both clocks start near zero and never go below it.
    time.tv_sec as u64 * SECOND_NS + time.tv_nsec as u64
}
