//! The latency monitor: how long things took that took too long, by what they were.

use std::collections::{BTreeMap, VecDeque};

/// Samples kept of each event.
const SAMPLES_MAX: usize = 160;

/// What can take long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LatencyEvent {
    Command,
    EvictionCycle,
    ExpireCycle,
    /// A command that should always be fast.
    FastCommand,
}

impl LatencyEvent {
    /// Redis's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::EvictionCycle => "eviction-cycle",
            Self::ExpireCycle => "expire-cycle",
            Self::FastCommand => "fast-command",
        }
    }

    /// What can be done when it takes long.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Command => {
                "Commands on many or large keys (KEYS, SMEMBERS, SORT) hold up all others: \
                use SCAN and its kin, or smaller collections."
            }
            Self::EvictionCycle => "Eviction comes behind: raise maxmemory, or spread keys over more nodes.",
            Self::ExpireCycle => "Very many keys expire at once: spread their deadlines.",
            Self::FastCommand => {
                "Even commands that take no time were slow: see whether the machine is overloaded, \
                swaps, or has its processors taken away by neighbours."
            }
        }
    }
}

/// The longest time of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencySample {
    pub unix_s: i64,
    pub ms: u64,
}

/// What is known of one event.
#[derive(Clone, Debug, Default)]
pub struct LatencySeries {
    samples: VecDeque<LatencySample>,
    /// The longest ever.
    pub max_ms: u64,
    /// All times together, and how many there were.
    pub sum_ms: u64,
    pub count: u64,
}

impl LatencySeries {
    /// The samples, oldest first; never empty.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = LatencySample> + ExactSizeIterator {
        self.samples.iter().copied()
    }

    fn add(&mut self, unix_s: i64, ms: u64) {
        self.max_ms = self.max_ms.max(ms);
        self.sum_ms += ms;
        self.count += 1;
        match self.samples.back_mut() {
            Some(last) if last.unix_s == unix_s => last.ms = last.ms.max(ms),
            _ => {
                self.samples.push_back(LatencySample { unix_s, ms });
                if self.samples.len() > SAMPLES_MAX {
                    self.samples.pop_front();
                }
            }
        }
    }
}

/// Samples of all events.
#[derive(Debug, Default)]
pub struct LatencyMonitor {
    series: BTreeMap<LatencyEvent, LatencySeries>,
}

impl LatencyMonitor {
    /// Note an event that took long enough, by `threshold_ms`, which is `latency-monitor-threshold`; 0: none does.
    #[inline]
    pub fn note(&mut self, event: LatencyEvent, threshold_ms: i64, unix_s: i64, elapsed_us: u64) {
        let ms = elapsed_us / 1_000;
        if threshold_ms > 0 && ms >= threshold_ms as u64 {
            self.series.entry(event).or_default().add(unix_s, ms);
        }
    }

    /// What is known of an event; its name in any case.
    pub fn series(&self, name: &[u8]) -> Option<&LatencySeries> {
        let named = |event: &LatencyEvent| event.name().as_bytes().eq_ignore_ascii_case(name);
        self.series.iter().find(|(event, _)| named(event)).map(|(_, series)| series)
    }

    /// All events of which something is known.
    pub fn all(&self) -> impl ExactSizeIterator<Item = (LatencyEvent, &LatencySeries)> {
        self.series.iter().map(|(event, series)| (*event, series))
    }

    /// Forget what is known of these events, or of all when none is named; returns of how many there was something.
    pub fn reset(&mut self, names: &[&[u8]]) -> usize {
        let before = self.series.len();
        self.series.retain(|event, _| {
            let named = names.iter().any(|name| event.name().as_bytes().eq_ignore_ascii_case(name));
            !names.is_empty() && !named
        });
        before - self.series.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_one_sample_and_old_ones_are_forgotten() {
        let mut monitor = LatencyMonitor::default();
        for second in 0..200 {
            for us in [5_000, 9_999, 7_000, 4_999] {
                monitor.note(LatencyEvent::Command, 5, second, us);
            }
        }
        let series = monitor.series(b"COMMAND").unwrap();
        assert_eq!(series.samples().len(), SAMPLES_MAX);
        assert_eq!(series.samples().next(), Some(LatencySample { unix_s: 40, ms: 9 }));
        assert_eq!((series.max_ms, series.sum_ms, series.count), (9, 200 * 21, 600));
        assert_eq!(monitor.reset(&[b"fast-command"]), 0);
        assert_eq!(monitor.reset(&[]), 1);
        monitor.note(LatencyEvent::Command, 0, 1, 1_000_000);
        assert_eq!(monitor.all().len(), 0);
    }
}
