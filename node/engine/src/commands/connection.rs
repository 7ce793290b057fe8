//! Commands about the connection itself.

use super::call::{Call, CommandResult};
use super::spec::{CommandSpec, Flags, Group};

/// PING [message]
fn ping(call: &mut Call<'_>) -> CommandResult {
    match call.args.len() {
        1 => call.reply.simple("PONG"),
        2 => call.reply.bulk(call.args.get(1)),
        _ => return Err(super::error::CommandError::wrong_arity(call.spec.name)),
    }
    Ok(())
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::new("ping", -1, Group::Connection, ping)
    .flags(Flags::FAST)
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .about("1.0.0", "Tell that the server lives.")];
