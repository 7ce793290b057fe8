//! Open-loop, cluster-aware load generator for servers that speak the Redis protocol.
//!
//! Open loop: operations are due at a fixed rate, whatever the server does, and latency counts from the instant an
//! operation was due. A server that stalls therefore shows the stall in every operation that became due meanwhile
//! (no coordinated omission). Closed loop: a client sends its next batch when the last one is answered, as
//! redis-benchmark does; good for throughput, filling and server CPU per operation.
//!
//! One thread, one epoll, bounded memory. [`run`] knows no Python; the `python` feature adds a thin binding.

mod bootstrap;
mod clock;
mod config;
mod connection;
mod driver;
mod error;
mod fleet;
mod pace;
mod poller;
mod report;
mod resp;
mod slots;
mod workload;

#[cfg(feature = "python")]
mod python;

pub use config::{Config, ConfigError, KeyOrder, Length, Pace, Topology};
pub use driver::{run, run_until};
pub use error::RunError;
pub use report::{LatencySummary, Report};
