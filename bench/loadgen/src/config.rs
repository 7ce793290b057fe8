//! What to run: addresses, pace, length, keys and values.

use std::fmt;
use std::time::Duration;

/// Most connections of one run.
pub const CONNECTIONS_MAX: u32 = 20_000;
/// Most commands a client sends at once in a closed loop.
pub const PIPELINE_MAX: u32 = 10_000;
/// Highest rate that can be asked for, operations a second.
pub const RATE_MAX: f64 = 10_000_000.0;
/// Largest value, in bytes: replies are held whole, one per connection.
pub const VALUE_BYTES_MAX: usize = 16 << 20;
/// Largest key, in bytes.
pub const KEY_BYTES_MAX: usize = 64 << 10;
/// What every key starts with; decimal digits follow, zero-padded. At 16 bytes these are redis-benchmark's keys.
pub const KEY_PREFIX: &[u8] = b"key:";

/// When operations are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// At a fixed rate in operations a second, all connections together; latency counts from the due time.
    Open { rate_per_s: f64 },
    /// Each client sends `pipeline` operations when its last batch is answered; latency counts from the sending.
    Closed { pipeline: u32 },
}

/// When the run ends, the warm-up not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Ops(u64),
    Time(Duration),
}

/// Which key an operation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeyOrder {
    /// Every key equally often, at random.
    Uniform,
    /// Key number n in proportion to `1 / (n + 1) ^ exponent`.
    Zipf { exponent: f64 },
    /// 0, 1, 2, ... and again from 0: fills a server with distinct keys.
    Sequential,
}

/// Whether keys are routed by hash slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Ask with CLUSTER SLOTS; an error reply, or no slot served, means a server alone.
    Auto,
    /// Everything goes to the address given.
    Single,
    /// CLUSTER SLOTS has to answer.
    Cluster,
}

/// One run. [`Config::new`] has the defaults; [`Config::check`] says what is out of range.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Name or address of the server, or of any node of the cluster.
    pub host: String,
    pub port: u16,
    pub topology: Topology,
    /// All connections together, 1 to [`CONNECTIONS_MAX`]; a cluster spreads them over its primaries, at least one each.
    pub connections: u32,
    pub pace: Pace,
    pub length: Length,
    /// Load before the measurement starts.
    pub warmup: Duration,
    /// Number of distinct keys, at least 1.
    pub key_count: u64,
    /// Bytes of a key, all alike: the prefix and at least the digits of the highest key number.
    pub key_size: usize,
    /// Bytes of a value, 0 to [`VALUE_BYTES_MAX`]: random letters.
    pub value_size: usize,
    /// Reads and writes are drawn in this proportion; not both 0.
    pub reads: u32,
    pub writes: u32,
    pub key_order: KeyOrder,
    /// Writes carry `EX` with this many seconds.
    pub expire_s: Option<u32>,
    /// Poll without sleeping: exact to about a microsecond, takes a whole core.
    pub spin: bool,
    /// Longest time an operation may wait for a connection that can take it; then it is shed and counted.
    pub lag_max: Duration,
    /// The same seed gives the same operations.
    pub seed: u64,
}

impl Config {
    /// A closed loop of 50 clients with 100-byte values and ten reads to a write, for ten seconds.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            topology: Topology::Auto,
            connections: 50,
            pace: Pace::Closed { pipeline: 1 },
            length: Length::Time(Duration::from_secs(10)),
            warmup: Duration::ZERO,
            key_count: 100_000,
            key_size: 16,
            value_size: 100,
            reads: 10,
            writes: 1,
            key_order: KeyOrder::Uniform,
            expire_s: None,
            spin: false,
            lag_max: Duration::from_secs(1),
            seed: 1,
        }
    }

    /// Check every range.
    /// # Errors
    /// The first setting that is out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        in_range("connections", u64::from(self.connections), 1, u64::from(CONNECTIONS_MAX))?;
        match self.pace {
            Pace::Open { rate_per_s } if !(rate_per_s > 0.0 && rate_per_s <= RATE_MAX) => {
                return Err(ConfigError::new("rate", format!("must be above 0 and at most {RATE_MAX}")));
            }
            Pace::Open { .. } => {}
            Pace::Closed { pipeline } => {
                in_range("pipeline", u64::from(pipeline), 1, u64::from(PIPELINE_MAX))?
            }
        }
        if matches!(self.length, Length::Ops(0) | Length::Time(Duration::ZERO)) {
            return Err(ConfigError::new("length", "must be above 0"));
        }
        if let Length::Time(time) = self.length {
            in_range("duration_s", time.as_secs(), 0, RUN_SECONDS_MAX)?;
        }
        in_range("warmup_s", self.warmup.as_secs(), 0, RUN_SECONDS_MAX)?;
        in_range("keys", self.key_count, 1, KEY_COUNT_MAX)?;
        let digits = (self.key_count - 1).checked_ilog10().map_or(1, |log| log as usize + 1);
        in_range("key_size", self.key_size as u64, (KEY_PREFIX.len() + digits) as u64, KEY_BYTES_MAX as u64)?;
        in_range("value_size", self.value_size as u64, 0, VALUE_BYTES_MAX as u64)?;
        if self.reads == 0 && self.writes == 0 {
            return Err(ConfigError::new("reads", "and writes must not both be 0"));
        }
        if let KeyOrder::Zipf { exponent } = self.key_order
            && !(exponent > 0.0 && exponent <= 10.0)
        {
            return Err(ConfigError::new("zipf_exponent", "must be above 0 and at most 10"));
        }
        if self.expire_s == Some(0) {
            return Err(ConfigError::new("expire_s", "must be above 0"));
        }
        in_range("lag_max_s", self.lag_max.as_secs(), 0, LAG_SECONDS_MAX)
    }
}

/// A day; keeps sums of nanoseconds far from overflow.
const RUN_SECONDS_MAX: u64 = 86_400;
const LAG_SECONDS_MAX: u64 = 600;
/// Key numbers stay exact as floating point, which the Zipf distribution draws.
const KEY_COUNT_MAX: u64 = 1 << 50;

fn in_range(name: &'static str, value: u64, min: u64, max: u64) -> Result<(), ConfigError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::new(name, format!("must be {min} to {max}, not {value}")))
}

/// A setting that is out of range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting, as the Python binding names it.
    pub setting: &'static str,
    /// What it must be.
    pub rule: String,
}

impl ConfigError {
    fn new(setting: &'static str, rule: impl Into<String>) -> Self {
        Self { setting, rule: rule.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.setting, self.rule)
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range() {
        assert_eq!(Config::new("localhost", 6379).check(), Ok(()));
    }

    #[test]
    fn key_size_has_room_for_the_highest_key_number() {
        let mut config = Config::new("localhost", 6379);
        config.key_count = 1_000;
        config.key_size = 7;
        assert_eq!(config.check(), Ok(()));
        config.key_count = 1_001;
        assert_eq!(config.check().map_err(|error| error.setting), Err("key_size"));
    }

    #[test]
    fn rates_that_are_no_number_are_refused() {
        for rate_per_s in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            let config = Config { pace: Pace::Open { rate_per_s }, ..Config::new("localhost", 6379) };
            assert_eq!(config.check().map_err(|error| error.setting), Err("rate"));
        }
    }

    #[test]
    fn a_run_needs_reads_or_writes() {
        let config = Config { reads: 0, writes: 0, ..Config::new("localhost", 6379) };
        assert_eq!(config.check().map_err(|error| error.setting), Err("reads"));
    }
}
