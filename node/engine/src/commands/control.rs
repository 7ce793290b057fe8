//! Commands that Python answers.

use super::call::{Call, CommandResult};
use super::spec::{CommandSpec, Flags, Group};
use crate::server::{ControlRequest, Waiting};

/// Hand the command to Python; the connection waits for the answer.
///
/// # Errors
/// Too many commands are waiting for Python already.
pub(super) fn to_python(call: &mut Call<'_>) -> CommandResult {
    let mut argv = call.args.to_vec();
    let words = if call.spec.name.contains('|') { 2 } else { 1 };
    argv.iter_mut().take(words).for_each(|word| word.make_ascii_uppercase());
    let request = ControlRequest {
        id: 0,
        client: call.session.key,
        client_id: call.session.id,
        argv,
        protocol: call.reply.protocol,
        local_address: call.session.local_host().to_owned(),
    };
    call.session.waiting = Waiting::Control(call.server.control.push(request)?);
    Ok(())
}

const SHUTDOWN: Flags = Flags::ADMIN
    .union(Flags::NOSCRIPT)
    .union(Flags::LOADING)
    .union(Flags::STALE)
    .union(Flags::NO_MULTI)
    .union(Flags::ALLOW_BUSY);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::new("shutdown", -1, Group::Server, to_python)
    .flags(SHUTDOWN)
    .usage("[[NOSAVE | SAVE] [NOW] [FORCE] [SAFE] [FAILOVER] | ABORT]")
    .about("1.0.0", "End the server, orderly.")];
