//! When operations are due: pure arithmetic over nanoseconds.

use crate::clock::SECOND_NS;
use crate::config::{Config, Length, Pace};

/// The instants at which an open loop's operations are due: evenly spaced, whatever the server does.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    start_ns: u64,
    interval_ns: f64,
    issued: u64,
    total: u64,
}

impl Schedule {
    /// Warm-up and measurement together, the first operation due at `start_ns`.
    pub fn new(rate_per_s: f64, config: &Config, start_ns: u64) -> Self {
        let warmup = (config.warmup.as_secs_f64() * rate_per_s).round() as u64;
        let measured = match config.length {
            Length::Ops(ops) => ops,
            Length::Time(time) => ((time.as_secs_f64() * rate_per_s).round() as u64).max(1),
        };
        let interval_ns = SECOND_NS as f64 / rate_per_s;
        Self { start_ns, interval_ns, issued: 0, total: warmup.saturating_add(measured) }
    }

    /// When the next operation is due; None: all have been issued.
    pub fn next_due_ns(&self) -> Option<u64> {
        // Multiplied afresh each time: a running sum would drift.
        (self.issued < self.total).then(|| self.start_ns + (self.issued as f64 * self.interval_ns) as u64)
    }

    /// Take the next operation if it is due by `now_ns`; returns when it was due.
    pub fn take(&mut self, now_ns: u64) -> Option<u64> {
        let due_ns = self.next_due_ns().filter(|&due_ns| due_ns <= now_ns)?;
        self.issued += 1;
        Some(due_ns)
    }
}

/// How much a closed loop still has to send.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    measure_from_ns: u64,
    end_ns: u64,
    ops_left: u64,
}

impl Quota {
    /// Warm-up starts at `start_ns`; a length in operations counts from its end on.
    pub fn new(config: &Config, start_ns: u64) -> Self {
        let measure_from_ns = start_ns + config.warmup.as_nanos() as u64;
        match config.length {
            Length::Ops(ops) => Self { measure_from_ns, end_ns: u64::MAX, ops_left: ops },
            Length::Time(time) => {
                Self { measure_from_ns, end_ns: measure_from_ns + time.as_nanos() as u64, ops_left: u64::MAX }
            }
        }
    }

    /// Take up to `want` operations at `now_ns`; 0: the run is over.
    pub fn take(&mut self, want: u32, now_ns: u64) -> u32 {
        if now_ns >= self.end_ns {
            return 0;
        }
        if now_ns < self.measure_from_ns {
            return want;
        }
        let taken = u64::from(want).min(self.ops_left) as u32;
        self.ops_left -= u64::from(taken);
        taken
    }
}

/// Either loop's source of operations.
pub(crate) enum Source {
    Open(Schedule),
    Closed { quota: Quota, pipeline: u32 },
}

impl Source {
    pub fn new(config: &Config, start_ns: u64) -> Self {
        match config.pace {
            Pace::Open { rate_per_s } => Self::Open(Schedule::new(rate_per_s, config, start_ns)),
            Pace::Closed { pipeline } => Self::Closed { quota: Quota::new(config, start_ns), pipeline },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn config(length: Length) -> Config {
        Config { length, warmup: Duration::from_secs(1), ..Config::new("localhost", 1) }
    }

    #[test]
    fn operations_are_due_evenly_without_drift() {
        let mut schedule = Schedule::new(30_000.0, &config(Length::Time(Duration::from_secs(9))), 500);
        let mut last_ns = 0;
        let mut count = 0_u64;
        while let Some(due_ns) = schedule.take(u64::MAX) {
            last_ns = due_ns;
            count += 1;
        }
        assert_eq!(count, 300_000);
        let exact_ns = 500 + 299_999 * 100_000 / 3;
        assert!(last_ns.abs_diff(exact_ns) <= 1, "{last_ns} instead of {exact_ns}");
    }

    #[test]
    fn nothing_is_taken_before_it_is_due() {
        let mut schedule = Schedule::new(1_000.0, &config(Length::Ops(10)), 0);
        assert_eq!(schedule.take(0), Some(0));
        assert_eq!(schedule.take(999_999), None);
        assert_eq!(schedule.take(1_000_000), Some(1_000_000));
    }

    #[test]
    fn a_late_driver_gets_every_operation_with_its_own_due_time() {
        let mut schedule = Schedule::new(1_000.0, &config(Length::Ops(10)), 0);
        let dues: Vec<u64> = std::iter::from_fn(|| schedule.take(3_500_000)).collect();
        assert_eq!(dues, [0, 1_000_000, 2_000_000, 3_000_000]);
    }

    #[test]
    fn a_quota_of_operations_begins_after_the_warmup() {
        let mut quota = Quota::new(&config(Length::Ops(20)), 0);
        assert_eq!(quota.take(16, SECOND_NS - 1), 16);
        assert_eq!(
            [quota.take(16, SECOND_NS), quota.take(16, SECOND_NS), quota.take(16, SECOND_NS)],
            [16, 4, 0]
        );
    }

    #[test]
    fn a_quota_of_time_ends_with_it() {
        let mut quota = Quota::new(&config(Length::Time(Duration::from_secs(2))), 0);
        assert_eq!(quota.take(16, 3 * SECOND_NS - 1), 16);
        assert_eq!(quota.take(16, 3 * SECOND_NS), 0);
    }
}
