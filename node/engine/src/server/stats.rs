//! What INFO counts.

use std::collections::BTreeMap;

use crate::clock::Now;
use crate::commands::spec::CommandSpec;
use crate::observe::LatencyHistogram;

/// Counters since the start or the last CONFIG RESETSTAT.
#[derive(Debug, Default)]
pub struct Stats {
    pub connections_received: u64,
    pub connections_rejected: u64,
    pub commands_processed: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub errors: u64,
    /// System calls that received and that sent something.
    pub reads: u64,
    pub writes: u64,
    /// Batches of ready sockets that were served.
    pub batches: u64,
    /// Highest memory use seen, in bytes.
    pub memory_peak_bytes: u64,
    /// Commands of each kind, by the place of their row in the registry.
    pub commands: Vec<CommandStats>,
    /// Error replies by code.
    pub errors_by_code: BTreeMap<String, u64>,
    pub rates: Rates,
    pub expiry: ExpiryStats,
    pub eviction: EvictionStats,
    pub clients_paused_for_output: u64,
    pub query_buffer_limit_disconnections: u64,
    pub output_buffer_limit_disconnections: u64,
}

/// What was counted of one command.
#[derive(Clone, Debug, Default)]
pub struct CommandStats {
    pub calls: u64,
    /// Time in the command, in the clock's ticks.
    pub ticks: u64,
    /// Calls refused before the command ran.
    pub rejected: u64,
    /// Calls that ran and gave an error.
    pub failed: u64,
    /// How long the calls took, while `latency-tracking` says so.
    pub latency: Option<Box<LatencyHistogram>>,
}

/// What active expiry has cost and found.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExpiryStats {
    /// Share of expired keys among those with an expiry, in 0.0 to 1.0, as it was lately.
    pub stale_share: f64,
    /// How often it stopped because its time was up.
    pub time_ran_out: u64,
    /// Time it has taken, in microseconds.
    pub used_us: u64,
}

/// For how long more memory has been in use than may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvictionStats {
    past_us: u64,
    since_us: Option<u64>,
}

impl EvictionStats {
    /// Note whether the limit is exceeded.
    #[inline]
    pub fn note(&mut self, exceeded: bool, now: Now) {
        match (self.since_us, exceeded) {
            (None, true) => self.since_us = Some(now.monotonic_us),
            (Some(since_us), false) => {
                self.past_us += now.monotonic_us.saturating_sub(since_us);
                self.since_us = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// Milliseconds for which the limit has been exceeded without a break until now.
    pub fn exceeded_now_ms(&self, now: Now) -> u64 {
        self.since_us.map_or(0, |since_us| now.monotonic_us.saturating_sub(since_us) / 1_000)
    }

    /// Milliseconds for which it has been exceeded altogether.
    pub fn exceeded_ms(&self, now: Now) -> u64 {
        self.past_us / 1_000 + self.exceeded_now_ms(now)
    }
}

/// Microseconds between two samples of rates.
const RATE_SAMPLE_US: u64 = 100_000;

/// Rates over the last sixteen samples.
#[derive(Debug, Default)]
pub struct Rates {
    samples: [[f64; 3]; 16],
    next: usize,
    last: [u64; 3],
    last_us: u64,
}

impl Rates {
    /// Take a sample of the counters (commands, bytes in, bytes out), unless the last one was taken just before.
    pub fn sample(&mut self, counters: [u64; 3], now_us: u64) {
        let elapsed_us = now_us.saturating_sub(self.last_us);
        if elapsed_us < RATE_SAMPLE_US {
            return;
        }
        for ((sample, count), last) in self.samples[self.next].iter_mut().zip(counters).zip(self.last) {
            *sample = count.saturating_sub(last) as f64 * 1e6 / elapsed_us as f64;
        }
        self.next = (self.next + 1) % self.samples.len();
        (self.last, self.last_us) = (counters, now_us);
    }

    /// Commands, bytes in and bytes out a second.
    pub fn per_second(&self) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for sample in &self.samples {
            for (sum, value) in sums.iter_mut().zip(sample) {
                *sum += value / self.samples.len() as f64;
            }
        }
        sums
    }
}

impl Stats {
    /// Count anew (CONFIG RESETSTAT); the highest memory use stays.
    pub fn reset(&mut self) {
        *self = Self { memory_peak_bytes: self.memory_peak_bytes, ..Self::default() };
    }

    /// The counters of a command.
    #[inline]
    pub fn command(&mut self, id: usize) -> &mut CommandStats {
        if id >= self.commands.len() {
            self.commands.resize(id + 1, CommandStats::default());
        }
        &mut self.commands[id]
    }

    /// Count an error reply. Codes come from our own texts, so there are few of them.
    pub fn count_error(&mut self, code: &str) {
        self.errors += 1;
        match self.errors_by_code.get_mut(code) {
            Some(count) => *count += 1,
            None => {
                self.errors_by_code.insert(code.to_owned(), 1);
            }
        }
    }

    /// Counters with the commands they belong to.
    pub fn commands_with_names(&self) -> impl Iterator<Item = (&'static CommandSpec, &CommandStats)> {
        crate::commands::registry().all().zip(&self.commands)
    }
}
