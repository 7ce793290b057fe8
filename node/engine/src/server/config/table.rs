//! The table of settings: one row each.

use std::borrow::Cow;

use super::Config;
use super::kinds::{Allowed, Kind};

/// A setting's row.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    /// Only given at the start.
    pub immutable: bool,
    kind: Kind,
}

impl Setting {
    /// Read `value` into the configuration.
    ///
    /// # Errors
    /// The reason, in Redis's words.
    pub fn set(&self, config: &mut Config, value: &str) -> Result<(), Cow<'static, str>> {
        self.kind.set(self.name, config, value)
    }

    /// The present value, as CONFIG GET shows it.
    pub fn get(&self, config: &Config) -> String {
        self.kind.get(self.name, config)
    }

    const fn fixed(self) -> Self {
        Self { immutable: true, ..self }
    }
}

macro_rules! integer {
    ($name:literal, $field:ident, $min:expr, $max:expr) => {
        row($name, Kind::Integer { get: |c| c.$field, field: |c| &mut c.$field, min: $min, max: $max })
    };
}
macro_rules! memory {
    ($name:literal, $field:ident, $max:expr) => {
        row($name, Kind::Memory { get: |c| c.$field, field: |c| &mut c.$field, max: $max })
    };
}
macro_rules! flag {
    ($name:literal, $field:ident) => {
        row($name, Kind::Flag { get: |c| c.$field, field: |c| &mut c.$field })
    };
}

macro_rules! text {
    ($name:literal, $field:ident) => {
        row($name, Kind::Text { get: |c| &c.$field, field: |c| &mut c.$field })
    };
}

const fn row(name: &'static str, kind: Kind) -> Setting {
    Setting { name, immutable: false, kind }
}

const fn inert(name: &'static str, default: &'static str, allowed: Allowed) -> Setting {
    row(name, Kind::Inert { default, allowed })
}

const INT: i64 = i32::MAX as i64;

/// All settings.
pub const SETTINGS: &[Setting] = &[
    memory!("maxmemory", maxmemory, u64::MAX),
    row("maxmemory-policy", Kind::Policy),
    integer!("maxmemory-samples", maxmemory_samples, 1, 64),
    integer!("maxmemory-eviction-tenacity", maxmemory_eviction_tenacity, 0, 100),
    integer!("lfu-log-factor", lfu_log_factor, 0, INT),
    integer!("lfu-decay-time", lfu_decay_time, 0, INT),
    integer!("maxclients", maxclients, 1, u32::MAX as i64),
    text!("requirepass", requirepass),
    integer!("timeout", timeout, 0, INT),
    integer!("tcp-keepalive", tcp_keepalive, 0, INT),
    integer!("tcp-backlog", tcp_backlog, 0, INT).fixed(),
    integer!("hz", hz, 1, 500),
    integer!("databases", databases, 1, INT).fixed(),
    memory!("client-query-buffer-limit", client_query_buffer_limit, i64::MAX as u64),
    memory!("client-output-pause-bytes", client_output_pause_bytes, i64::MAX as u64),
    integer!("active-expire-effort", active_expire_effort, 1, 10),
    memory!("proto-max-bulk-len", proto_max_bulk_len, i64::MAX as u64),
    integer!("slowlog-log-slower-than", slowlog_log_slower_than, -1, i64::MAX),
    integer!("slowlog-max-len", slowlog_max_len, 0, i64::MAX),
    integer!("latency-monitor-threshold", latency_monitor_threshold, 0, i64::MAX),
    flag!("latency-tracking", latency_tracking),
    inert("save", "", Allowed::Any),
    inert("appendonly", "no", Allowed::Words(&["no"])),
    inert("daemonize", "no", Allowed::Words(&["no"])),
    inert("dynamic-hz", "yes", Allowed::Words(&["yes", "no"])),
    inert("io-threads", "1", Allowed::Range(1, 128)),
];
