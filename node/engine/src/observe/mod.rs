//! Watching the server at work: MONITOR, the slow log, latency, memory.

pub mod info;
mod monitor;
pub mod secrets;

pub use monitor::feed_monitors;

use crate::commands::spec::CommandSpec;
use crate::evict::{Evictor, NoCandidate};
use crate::keyspace::Keyspace;
use crate::resp::Args;
use crate::server::{Server, Session};

/// Note a command that took long.
#[inline]
pub fn command_finished(
    _server: &mut Server,
    _session: &Session,
    _spec: &'static CommandSpec,
    _id: usize,
    _args: Args<'_>,
    _elapsed_us: u64,
) {
}

/// Evict keys until the memory limit is kept.
pub fn evict_to_limit(
    _keyspace: &mut Keyspace,
    _server: &mut Server,
    _evictor: &mut dyn Evictor,
) -> Result<(), NoCandidate> {
    Ok(())
}
