//! What a run measured.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::clock::SECOND_NS;
use crate::connection::Task;
use crate::workload::OpKind;

/// Latencies below this are not told apart.
const LATENCY_NS_MIN: u64 = 100;
/// Longer latencies count as this long.
const LATENCY_NS_MAX: u64 = 3_600 * SECOND_NS;
const SIGNIFICANT_DIGITS: u8 = 3;
/// Most kinds of error that are told apart; the rest count as `other`.
const ERROR_KINDS_MAX: usize = 64;

/// A distribution of latencies in microseconds; all 0 when `count` is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LatencySummary {
    pub count: u64,
    pub min_us: f64,
    pub mean_us: f64,
    pub p50_us: f64,
    pub p90_us: f64,
    pub p99_us: f64,
    pub p999_us: f64,
    pub p9999_us: f64,
    pub max_us: f64,
}

/// What a run measured; the warm-up is left out everywhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// From the end of the warm-up to the last answer, in seconds.
    pub elapsed_s: f64,
    /// Operations that came due, whatever became of them.
    pub ops: u64,
    /// Operations answered without an error.
    pub ops_done: u64,
    /// `ops_done` by `elapsed_s`.
    pub rate_per_s: f64,
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Operations that failed, by the error's first word; `connection lost`, `unanswered` and `no owner` are our own.
    pub errors: BTreeMap<String, u64>,
    /// Operations never sent: no connection could take them within the longest lag.
    pub ops_shed: u64,
    /// The server fell so far behind that operations were shed: latencies are too good.
    pub saturated: bool,
    /// The run was ended from outside before its time.
    pub interrupted: bool,
    /// MOVED and ASK replies that were followed.
    pub redirects: u64,
    /// Slot tables taken over after the first.
    pub refreshes: u64,
    /// Connections that were lost or refused.
    pub connections_lost: u64,
    /// From the due time (open loop) or the sending (closed loop) to the reply.
    pub latency: LatencySummary,
    pub read_latency: LatencySummary,
    pub write_latency: LatencySummary,
    /// How late the load generator itself was with operations that a connection could take at once.
    pub lateness: LatencySummary,
    /// CPU seconds of the load generator.
    pub cpu_s: f64,
    /// Servers that own slots.
    pub primaries: usize,
}

/// Collects while the load runs.
pub(crate) struct Recorder {
    measure_from_ns: u64,
    last_answer_ns: u64,
    reads: Histogram<u64>,
    writes: Histogram<u64>,
    lateness: Histogram<u64>,
    report: Report,
}

impl Recorder {
    /// Operations due before `measure_from_ns` are warm-up.
    pub fn new(measure_from_ns: u64) -> Self {
        Self {
            measure_from_ns,
            last_answer_ns: measure_from_ns,
            reads: histogram(),
            writes: histogram(),
            lateness: histogram(),
            report: Report::default(),
        }
    }

    fn counts(&self, task: &Task) -> bool {
        task.due_ns >= self.measure_from_ns
    }

    pub fn due(&mut self, task: &Task) {
        self.report.ops += u64::from(self.counts(task));
    }

    pub fn sent(&mut self, task: &Task, now_ns: u64) {
        if self.counts(task) {
            self.lateness.saturating_record(now_ns.saturating_sub(task.due_ns));
        }
    }

    pub fn done(&mut self, task: &Task, nil: bool, now_ns: u64) {
        if !self.counts(task) {
            return;
        }
        let latency_ns = now_ns.saturating_sub(task.due_ns);
        match task.op.kind {
            OpKind::Read => {
                self.reads.saturating_record(latency_ns);
                self.report.misses += u64::from(nil);
                self.report.hits += u64::from(!nil);
            }
            OpKind::Write => self.writes.saturating_record(latency_ns),
        }
        self.report.ops_done += 1;
        self.last_answer_ns = now_ns;
    }

    /// An operation failed; `error` is a reply's error line or our own name for it.
    pub fn failed(&mut self, task: &Task, error: &str) {
        if !self.counts(task) {
            return;
        }
        let errors = &mut self.report.errors;
        if let Some(count) = errors.get_mut(error) {
            *count += 1;
        } else {
            let kind = if errors.len() < ERROR_KINDS_MAX { error } else { "other" };
            *errors.entry(kind.to_owned()).or_default() += 1;
        }
    }

    pub fn shed(&mut self, task: &Task) {
        self.report.ops_shed += u64::from(self.counts(task));
    }

    pub fn redirected(&mut self) {
        self.report.redirects += 1;
    }

    pub fn refreshed(&mut self) {
        self.report.refreshes += 1;
    }

    pub fn connection_lost(&mut self) {
        self.report.connections_lost += 1;
    }

    /// Close the books.
    pub fn finish(self, interrupted: bool, primaries: usize, cpu_ns: u64) -> Report {
        let elapsed_s = (self.last_answer_ns - self.measure_from_ns) as f64 / SECOND_NS as f64;
        let mut all = self.reads.clone();
        // Both were made by `histogram`, so every value of the one fits the other.
        if all.add(&self.writes).is_err() {
            all.reset();
        }
        let rate_per_s = if elapsed_s > 0.0 { self.report.ops_done as f64 / elapsed_s } else { 0.0 };
        Report {
            elapsed_s,
            rate_per_s,
            saturated: self.report.ops_shed > 0,
            interrupted,
            latency: summary(&all),
            read_latency: summary(&self.reads),
            write_latency: summary(&self.writes),
            lateness: summary(&self.lateness),
            cpu_s: cpu_ns as f64 / SECOND_NS as f64,
            primaries,
            ..self.report
        }
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(LATENCY_NS_MIN, LATENCY_NS_MAX, SIGNIFICANT_DIGITS)
        .expect("the bounds are constants that hdrhistogram accepts")
}

fn summary(histogram: &Histogram<u64>) -> LatencySummary {
    if histogram.is_empty() {
        return LatencySummary::default();
    }
    let us = |ns: u64| ns as f64 / 1e3;
    LatencySummary {
        count: histogram.len(),
        min_us: us(histogram.min()),
        mean_us: histogram.mean() / 1e3,
        p50_us: us(histogram.value_at_quantile(0.5)),
        p90_us: us(histogram.value_at_quantile(0.9)),
        p99_us: us(histogram.value_at_quantile(0.99)),
        p999_us: us(histogram.value_at_quantile(0.999)),
        p9999_us: us(histogram.value_at_quantile(0.9999)),
        max_us: us(histogram.max()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Op;

    fn task(kind: OpKind, due_ns: u64) -> Task {
        Task { op: Op { kind, key: 0 }, due_ns, client: 0, hops: 0 }
    }

    #[test]
    fn latency_counts_from_the_due_time_and_the_warmup_does_not_count() {
        let mut recorder = Recorder::new(1_000_000);
        for (due_ns, answer_ns) in [(999_999, 9_000_000), (1_000_000, 6_000_000), (2_000_000, 3_000_000)] {
            let task = task(OpKind::Read, due_ns);
            recorder.due(&task);
            recorder.done(&task, false, answer_ns);
        }
        let report = recorder.finish(false, 1, 0);
        assert_eq!((report.ops, report.ops_done, report.hits), (2, 2, 2));
        assert!((report.latency.max_us - 5_000.0).abs() < 10.0, "{:?}", report.latency);
        assert!((report.latency.min_us - 1_000.0).abs() < 2.0, "{:?}", report.latency);
    }

    #[test]
    fn reads_and_writes_are_also_summed_up_apart() {
        let mut recorder = Recorder::new(0);
        recorder.done(&task(OpKind::Read, 0), true, 1_000);
        recorder.done(&task(OpKind::Write, 0), false, 9_000);
        let report = recorder.finish(false, 1, 0);
        assert_eq!((report.latency.count, report.read_latency.count, report.write_latency.count), (2, 1, 1));
        assert_eq!((report.hits, report.misses), (0, 1));
    }

    #[test]
    fn kinds_of_error_are_bounded() {
        let mut recorder = Recorder::new(0);
        for number in 0..1_000 {
            recorder.failed(&task(OpKind::Read, 0), &format!("E{number}"));
        }
        let report = recorder.finish(false, 1, 0);
        assert_eq!(report.errors.len(), ERROR_KINDS_MAX + 1);
        assert_eq!(report.errors.values().sum::<u64>(), 1_000);
    }

    #[test]
    fn an_empty_run_reports_zeros() {
        let report = Recorder::new(5).finish(true, 1, 0);
        assert_eq!(report.latency, LatencySummary::default());
        assert_eq!((report.rate_per_s, report.interrupted), (0.0, true));
    }
}
