//! Settings, under Redis's names.

mod error;
mod kinds;
mod memory_size;
mod notify;
mod output_limits;
mod packed;
mod percentiles;
mod table;

pub use error::ConfigError;
pub use memory_size::{format_memory, parse_memory};
pub use output_limits::{OutputLimit, OutputLimits};
pub use packed::PackedLimits;
pub use percentiles::Percentiles;
pub use table::{Setting, settings};

use crate::evict::{AccessClock, Policy};
use crate::glob;
use crate::server::EventClass;

/// The settings of a node. Rows in [`settings`] give them names, kinds and ranges.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bytes; 0: no limit.
    pub maxmemory: u64,
    pub maxmemory_policy: Policy,
    pub maxmemory_samples: i64,
    pub maxmemory_eviction_tenacity: i64,
    pub lfu_log_factor: i64,
    pub lfu_decay_time: i64,
    pub maxclients: i64,
    /// What clients have to say before they are served; empty: nothing.
    pub requirepass: String,
    /// Idle clients are closed after this many seconds; 0: never.
    pub timeout: i64,
    /// Seconds; 0: off.
    pub tcp_keepalive: i64,
    pub tcp_backlog: i64,
    /// Where clients are listened for: the first address and port, once there is one.
    pub bind: String,
    pub port: i64,
    /// The working directory when the node started.
    pub dir: String,
    /// Timer ticks a second.
    pub hz: i64,
    pub databases: i64,
    /// Bytes a client may have sent without completing a command.
    pub client_query_buffer_limit: u64,
    /// Bytes of unsent replies from which on a client's next command waits.
    pub client_output_pause_bytes: u64,
    pub output_limits: OutputLimits,
    pub active_expire_effort: i64,
    pub proto_max_bulk_len: u64,
    /// Up to which sizes collections are packed.
    pub packed: PackedLimits,
    /// Which events are published, and under which channels.
    pub notify_keyspace_events: EventClass,
    pub slow_log: LogLimits,
    pub large_request_log: LogLimits,
    pub large_reply_log: LogLimits,
    /// Milliseconds; 0: off.
    pub latency_monitor_threshold: i64,
    pub latency_tracking: bool,
    /// What INFO latencystats shows.
    pub latency_percentiles: Percentiles,
    /// Who may use DEBUG.
    pub enable_debug_command: DebugAccess,
    /// Milliseconds a script may run before others are answered BUSY.
    pub busy_reply_threshold: i64,
    /// Settings that are accepted for compatibility and change nothing here, with their values.
    pub inert: Vec<(&'static str, String)>,
}

/// What one of the command logs keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// Microseconds or bytes from which on a command is noted; negative: none is.
    pub threshold: i64,
    pub max_len: i64,
}

/// Who may use DEBUG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugAccess {
    Nobody,
    Everybody,
    /// Connections from this host.
    Local,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            maxmemory: 0,
            maxmemory_policy: Policy::NoEviction,
            maxmemory_samples: 5,
            maxmemory_eviction_tenacity: 10,
            lfu_log_factor: 10,
            lfu_decay_time: 1,
            maxclients: 10_000,
            requirepass: String::new(),
            timeout: 0,
            tcp_keepalive: 300,
            tcp_backlog: 511,
            bind: String::new(),
            port: 0,
            dir: std::env::current_dir().map_or_else(|_| ".".to_owned(), |path| path.display().to_string()),
            hz: 10,
            databases: 16,
            client_query_buffer_limit: 1 << 30,
            client_output_pause_bytes: 1 << 20,
            output_limits: OutputLimits::default(),
            active_expire_effort: 1,
            proto_max_bulk_len: 512 << 20,
            packed: PackedLimits::default(),
            notify_keyspace_events: EventClass::empty(),
            slow_log: LogLimits { threshold: 10_000, max_len: 128 },
            large_request_log: LogLimits { threshold: 1 << 20, max_len: 128 },
            large_reply_log: LogLimits { threshold: 1 << 20, max_len: 128 },
            latency_monitor_threshold: 0,
            latency_tracking: true,
            latency_percentiles: Percentiles::default(),
            enable_debug_command: DebugAccess::Nobody,
            busy_reply_threshold: 5_000,
            inert: Vec::new(),
        }
    }
}

impl Config {
    /// Change settings while serving, all or none.
    ///
    /// # Errors
    /// The first setting that can't be changed; nothing is changed then.
    pub fn set_all<T: AsRef<[u8]>>(
        &mut self,
        changes: impl IntoIterator<Item = (T, T)>,
    ) -> Result<(), ConfigError> {
        self.change(changes, false)
    }

    /// Settings given at the start, when immutable ones may be given too.
    ///
    /// # Errors
    /// The first setting that is unknown or whose value is wrong.
    pub fn set_at_start<T: AsRef<[u8]>>(
        &mut self,
        changes: impl IntoIterator<Item = (T, T)>,
    ) -> Result<(), ConfigError> {
        self.change(changes, true)
    }

    /// As Redis does, all names are looked at before the first value is.
    fn change<T: AsRef<[u8]>>(
        &mut self,
        changes: impl IntoIterator<Item = (T, T)>,
        at_start: bool,
    ) -> Result<(), ConfigError> {
        let mut found: Vec<(&Setting, &'static str, T)> = Vec::new();
        for (given, value) in changes {
            let given = given.as_ref();
            let (row, name) = find(given).ok_or_else(|| ConfigError::Unknown(given.to_vec()))?;
            if row.immutable && !at_start {
                return Err(ConfigError::Immutable(given.to_vec()));
            }
            if row.protected && !at_start {
                return Err(ConfigError::Protected(given.to_vec()));
            }
            if found.iter().any(|(_, other, _)| *other == name) {
                return Err(ConfigError::Duplicate(given.to_vec()));
            }
            found.push((row, name, value));
        }
        let mut changed = self.clone();
        for (row, name, value) in found {
            let value = String::from_utf8_lossy(value.as_ref());
            row.set(&mut changed, &value).map_err(|reason| ConfigError::Invalid { name, reason })?;
        }
        *self = changed;
        Ok(())
    }

    /// Settings whose names match a glob pattern, with their values.
    pub fn matching(&self, pattern: &[u8]) -> Vec<(&'static str, String)> {
        let is_glob = pattern.iter().any(|byte| matches!(byte, b'[' | b'*' | b'?'));
        let matches = |name: &str| {
            if is_glob {
                glob::matches(pattern, name.as_bytes(), true)
            } else {
                name.as_bytes().eq_ignore_ascii_case(pattern)
            }
        };
        let named = settings().flat_map(|row| row.names().map(move |name| (row, name)));
        named.filter(|(_, name)| matches(name)).map(|(row, name)| (name, row.get(self))).collect()
    }

    /// The present value of a setting, as CONFIG GET shows it.
    pub fn get(&self, name: &str) -> Option<String> {
        find(name.as_bytes()).map(|(row, _)| row.get(self))
    }

    /// Have the settings about the use of keys mean what they say from now on.
    pub fn apply_to(&self, clock: &mut AccessClock) {
        let factor = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
        clock.configure(self.maxmemory_policy, factor(self.lfu_log_factor), factor(self.lfu_decay_time));
    }
}

/// The row of a setting, and which of its names it was called by.
fn find(name: &[u8]) -> Option<(&'static Setting, &'static str)> {
    let named = settings().flat_map(|row| row.names().map(move |name| (row, name)));
    named.into_iter().find(|(_, known)| known.as_bytes().eq_ignore_ascii_case(name))
}

/// True for a setting whose value is a secret.
pub fn is_sensitive(name: &[u8]) -> bool {
    find(name).is_some_and(|(row, _)| row.sensitive)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(config: &mut Config, pairs: &[(&str, &str)]) -> Result<(), String> {
        config.set_all(pairs.iter().copied()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_name_is_there_once_and_shows_a_value_that_it_takes() {
        let mut names = std::collections::HashSet::new();
        let config = Config::default();
        for row in settings() {
            let mut changed = config.clone();
            let value = row.get(&config);
            assert_eq!(row.set(&mut changed, &value), Ok(()), "{}", row.name);
            assert_eq!(row.get(&changed), value, "{}", row.name);
            for name in row.names() {
                assert!(names.insert(name), "{name} stands twice");
                assert_eq!(find(name.to_ascii_uppercase().as_bytes()).unwrap().1, name);
            }
        }
    }

    #[test]
    fn one_wrong_value_changes_nothing() {
        let mut config = Config::default();
        let error = set(&mut config, &[("maxmemory", "1mb"), ("hz", "abc")]).unwrap_err();
        assert_eq!(
            error,
            "CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer"
        );
        assert_eq!(config.maxmemory, 0);
        assert_eq!(set(&mut config, &[("maxmemory", "1mb"), ("hz", "1000")]), Ok(()));
        assert_eq!((config.maxmemory, config.hz), (1 << 20, 500));
    }

    #[test]
    fn names_are_looked_at_before_values_and_quoted_as_they_came() {
        let mut config = Config::default();
        let refused = |error: Result<(), String>, text: &str| assert!(error.unwrap_err().contains(text));
        refused(set(&mut config, &[("hz", "abc"), ("No\0such", "1")]), "CONFIG SET - 'No'");
        refused(set(&mut config, &[("hz", "1"), ("HZ", "2")]), "'HZ') - duplicate parameter");
        refused(set(&mut config, &[("Databases", "1")]), "'Databases') - can't set immutable config");
        refused(set(&mut config, &[("dir", "/")]), "'dir') - can't set protected config");
        refused(set(&mut config, &[("HZ", "abc")]), "'hz') - argument couldn't be parsed");
        assert_eq!(config.set_at_start([("databases", "1"), ("dir", "/")]), Ok(()));
    }

    #[test]
    fn an_old_name_is_a_setting_of_its_own_with_the_same_value() {
        let mut config = Config::default();
        let both = [("hash-max-ziplist-entries", "5"), ("hash-max-listpack-entries", "6")];
        assert_eq!(set(&mut config, &both), Ok(()));
        let shown = config.matching(b"HASH-max-*-entries");
        assert_eq!(shown.len(), 2);
        assert!(shown.iter().all(|(_, value)| value == "6"));
        assert_eq!(config.matching(b"nosuch"), []);
        assert_eq!(config.matching(b"").len(), 0);
    }
}
