//! Watching the server at work: MONITOR, the slow log, latency, memory.

mod command_log;
mod finished;
pub mod info;
mod latency;
mod latency_histogram;
pub mod latency_report;
pub mod memory;
pub mod memory_report;
mod monitor;
pub mod process;
pub mod secrets;

pub use command_log::{CommandLog, CommandLogs, LogEntry, LogKind};
pub use finished::{Finished, command_finished};
pub use latency::{LatencyEvent, LatencyMonitor, LatencySample, LatencySeries};
pub use latency_histogram::LatencyHistogram;
pub use monitor::feed_monitors;
