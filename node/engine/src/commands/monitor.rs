//! MONITOR: watch what other clients do.

use super::call::{Call, CommandResult};
use super::spec::{CommandSpec, Flags, Group};
use crate::server::SessionFlags;

/// MONITOR
fn monitor(call: &mut Call<'_>) -> CommandResult {
    // As in Redis, saying it again is not answered at all.
    if !call.session.flags.contains(SessionFlags::MONITOR) {
        call.session.flags.insert(SessionFlags::MONITOR);
        call.server.monitors.push(call.session.key);
        call.reply.ok();
    }
    Ok(())
}

const FLAGS: Flags = Flags::ADMIN.union(Flags::NOSCRIPT).union(Flags::LOADING).union(Flags::STALE);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::new("monitor", 1, Group::Server, monitor)
    .flags(FLAGS)
    .about("1.0.0", "Show every command that the server runs.")];
