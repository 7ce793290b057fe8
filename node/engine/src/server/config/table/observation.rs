//! What is noted and told about the work: logs of commands, latency, events.

use super::{INT, Kind, LONG, Setting, row};
use crate::server::config::{Percentiles, notify};

pub(super) const TABLE: &[Setting] = &[
    integer!("commandlog-execution-slower-than", slow_log.threshold, -1, LONG)
        .alias("slowlog-log-slower-than"),
    integer!("commandlog-slow-execution-max-len", slow_log.max_len, 0, LONG).alias("slowlog-max-len"),
    integer!("commandlog-request-larger-than", large_request_log.threshold, -1, LONG),
    integer!("commandlog-large-request-max-len", large_request_log.max_len, 0, LONG),
    integer!("commandlog-reply-larger-than", large_reply_log.threshold, -1, LONG),
    integer!("commandlog-large-reply-max-len", large_reply_log.max_len, 0, LONG),
    integer!("latency-monitor-threshold", latency_monitor_threshold, 0, LONG),
    flag!("latency-tracking", latency_tracking),
    row(
        "latency-tracking-info-percentiles",
        Kind::Other {
            get: |config| config.latency_percentiles.text(),
            set: |config, value| {
                config.latency_percentiles = Percentiles::parse(value)?;
                Ok(())
            },
        },
    ),
    row(
        "notify-keyspace-events",
        Kind::Other {
            get: |config| notify::letters(config.notify_keyspace_events),
            set: |config, value| {
                config.notify_keyspace_events = notify::from_letters(value)
                    .ok_or("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")?;
                Ok(())
            },
        },
    ),
    integer!("busy-reply-threshold", busy_reply_threshold, 0, LONG).alias("lua-time-limit"),
    row(
        "hz",
        Kind::Other {
            get: |config| config.hz.to_string(),
            set: |config, value| {
                // Redis takes any number and uses the nearest possible one.
                config.hz = super::parse_in(value, 0, INT)?.clamp(1, 500);
                Ok(())
            },
        },
    ),
];
