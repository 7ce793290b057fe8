//! How long a command's calls took: a count for each range of times.

/// Ranges between a power of two and the next.
const STEPS: usize = 1 << STEP_BITS;
const STEP_BITS: u32 = 4;
/// Times from here on are counted together: 2^36 ns are 69 s.
const BITS_MAX: u32 = 36;
const RANGES: usize = (BITS_MAX - STEP_BITS + 1) as usize * STEPS;
/// The first power of two in nanoseconds that LATENCY HISTOGRAM shows.
const FIRST_SHOWN_BITS: u32 = 10;

/// Counts of calls by their time, which is known to a sixteenth afterwards; 4 KiB.
#[derive(Clone, Debug)]
pub struct LatencyHistogram {
    calls: u64,
    counts: Box<[u64; RANGES]>,
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self { calls: 0, counts: Box::new([0; RANGES]) }
    }
}

impl LatencyHistogram {
    /// Count a call.
    #[inline]
    pub fn record(&mut self, ns: u64) {
        self.calls += 1;
        self.counts[range_of(ns)] += 1;
    }

    /// Number of calls.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Nanoseconds within which `percentile` (0 to 100) of all calls ended.
    pub fn percentile_ns(&self, percentile: f64) -> u64 {
        let rank = (percentile / 100.0 * self.calls as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (range, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return last_of(range);
            }
        }
        0
    }

    /// Microseconds, from about one on each the double of the one before, with the number of calls that took no
    /// longer; only those with more calls than the one before.
    pub fn doublings(&self) -> Vec<(u64, u64)> {
        let mut shown = Vec::new();
        let (mut seen, mut range) = (0, 0);
        for bits in FIRST_SHOWN_BITS..=BITS_MAX {
            let before = seen;
            while range < RANGES && last_of(range) < 1 << bits {
                seen += self.counts[range];
                range += 1;
            }
            if seen > before {
                // Redis names the end of the range that the power of two lies in, of which it has 128 to the next.
                let end_ns = (1u64 << bits) + (1 << (bits - 7)) - 1;
                shown.push((end_ns / 1_000, seen));
            }
        }
        shown
    }
}

fn range_of(ns: u64) -> usize {
    let ns = ns.min((1 << BITS_MAX) - 1);
    if ns < STEPS as u64 {
        return ns as usize;
    }
    let bits = ns.ilog2() - STEP_BITS;
    (bits as usize + 1) * STEPS + (ns >> bits) as usize % STEPS
}

/// The longest time that is counted in a range.
fn last_of(range: usize) -> u64 {
    let (row, step) = (range / STEPS, (range % STEPS) as u64);
    if row == 0 {
        return step;
    }
    ((STEPS as u64 + step + 1) << (row - 1)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_in_the_range_that_ends_soonest_after_it() {
        for ns in (0..5_000).chain([1 << 20, (1 << 20) - 1, (1 << 36) - 1]) {
            let range = range_of(ns);
            assert!(last_of(range) >= ns, "{ns}");
            assert!(range == 0 || last_of(range - 1) < ns, "{ns}");
            assert!(last_of(range) as f64 <= ns as f64 * 17.0 / 16.0, "{ns}");
        }
        assert_eq!(range_of(u64::MAX), RANGES - 1);
    }

    #[test]
    fn percentiles_are_exact_to_a_sixteenth() {
        let mut histogram = LatencyHistogram::default();
        (1..=1_000).for_each(|us| histogram.record(us * 1_000));
        for (percentile, us) in [(50.0, 500.0), (99.0, 990.0), (99.9, 999.0), (100.0, 1_000.0), (0.0, 1.0)] {
            let shown = histogram.percentile_ns(percentile) as f64 / 1_000.0;
            assert!((us..=us * 17.0 / 16.0).contains(&shown), "p{percentile} is {shown}");
        }
    }

    #[test]
    fn doublings_count_all_calls_up_to_them_and_are_named_as_redis_names_them() {
        let mut histogram = LatencyHistogram::default();
        [500, 900, 3_000, 30_000, 30_000, 5_000_000].iter().for_each(|ns| histogram.record(*ns));
        assert_eq!(histogram.doublings(), [(1, 2), (4, 3), (33, 5), (8_454, 6)]);
        assert_eq!(histogram.calls(), 6);
    }
}
