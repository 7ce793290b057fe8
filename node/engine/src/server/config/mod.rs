//! Settings, under Redis's names.

mod kinds;
mod table;

use std::borrow::Cow;

pub use kinds::{Kind, format_memory, parse_memory};
pub use table::{SETTINGS, Setting};

use crate::evict::Policy;

/// The settings of a node. Rows in [`SETTINGS`] give them names, kinds and ranges.
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
    /// Timer ticks a second.
    pub hz: i64,
    pub databases: i64,
    /// Bytes a client may have sent without completing a command.
    pub client_query_buffer_limit: u64,
    /// Bytes of unsent replies from which on a client's next command waits.
    pub client_output_pause_bytes: u64,
    pub active_expire_effort: i64,
    pub proto_max_bulk_len: u64,
    pub slowlog_log_slower_than: i64,
    pub slowlog_max_len: i64,
    pub latency_monitor_threshold: i64,
    pub latency_tracking: bool,
    /// Settings that are accepted for compatibility and change nothing here, with their values.
    pub inert: Vec<(&'static str, String)>,
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
            hz: 10,
            databases: 16,
            client_query_buffer_limit: 1 << 30,
            client_output_pause_bytes: 1 << 20,
            active_expire_effort: 1,
            proto_max_bulk_len: 512 << 20,
            slowlog_log_slower_than: 10_000,
            slowlog_max_len: 128,
            latency_monitor_threshold: 0,
            latency_tracking: true,
            inert: Vec::new(),
        }
    }
}

/// Why a setting could not be changed; the text is what CONFIG SET answers behind the setting's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// There is no such setting.
    Unknown(String),
    /// It can only be given at the start.
    Immutable(&'static str),
    /// The value is not of its kind or out of range.
    Invalid { name: &'static str, reason: Cow<'static, str> },
    /// The setting was named twice.
    Duplicate(&'static str),
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(name) => {
                write!(f, "Unknown option or number of arguments for CONFIG SET - '{name}'")
            }
            Self::Immutable(name) => {
                write!(
                    f,
                    "CONFIG SET failed (possibly related to argument '{name}') - can't set immutable config"
                )
            }
            Self::Invalid { name, reason } => {
                write!(f, "CONFIG SET failed (possibly related to argument '{name}') - {reason}")
            }
            Self::Duplicate(name) => {
                write!(f, "CONFIG SET failed (possibly related to argument '{name}') - duplicate parameter")
            }
        }
    }
}

impl Config {
    /// Change settings while serving, all or none.
    ///
    /// # Errors
    /// The first setting that can't be changed; nothing is changed then.
    pub fn set_all<'a>(
        &mut self,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), ConfigError> {
        self.change(settings, false)
    }

    /// Settings given at the start, when immutable ones may be given too.
    ///
    /// # Errors
    /// The first setting that is unknown or whose value is wrong.
    pub fn set_at_start<'a>(
        &mut self,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), ConfigError> {
        self.change(settings, true)
    }

    fn change<'a>(
        &mut self,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
        at_start: bool,
    ) -> Result<(), ConfigError> {
        let mut changed = self.clone();
        let mut seen: Vec<&'static str> = Vec::new();
        for (name, value) in settings {
            let row = find(name).ok_or_else(|| ConfigError::Unknown(name.to_owned()))?;
            if seen.contains(&row.name) {
                return Err(ConfigError::Duplicate(row.name));
            }
            seen.push(row.name);
            if row.immutable && !at_start {
                return Err(ConfigError::Immutable(row.name));
            }
            row.set(&mut changed, value).map_err(|reason| ConfigError::Invalid { name: row.name, reason })?;
        }
        *self = changed;
        Ok(())
    }

    /// Settings whose names match a glob pattern, with their values.
    pub fn matching(&self, pattern: &[u8]) -> Vec<(&'static str, String)> {
        let all = pattern == b"*";
        SETTINGS
            .iter()
            .filter(|row| all || row.name.as_bytes().eq_ignore_ascii_case(pattern))
            .map(|row| (row.name, row.get(self)))
            .collect()
    }

    /// The present value of a setting, as CONFIG GET shows it.
    pub fn get(&self, name: &str) -> Option<String> {
        find(name).map(|row| row.get(self))
    }
}

fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|row| row.name.eq_ignore_ascii_case(name))
}
