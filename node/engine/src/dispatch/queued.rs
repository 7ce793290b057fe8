//! Commands of a transaction: queued when they come, run by EXEC.

use super::{Core, check_slot, execute};
use crate::commands::call::{Call, FirstKey};
use crate::commands::error::CommandError;
use crate::commands::registry::Entry;
use crate::commands::spec::CommandSpec;
use crate::resp::{Args, Mark, Reply};
use crate::server::{HeldReply, QueuedCommand, Server, Session, SessionFlags, Transaction, Waiting};
use crate::slot::SlotIndex;

/// Commands that a client in a transaction has run at once.
pub(super) fn is_never_queued(spec: &CommandSpec) -> bool {
    matches!(spec.name, "exec" | "discard" | "reset" | "quit")
}

/// See that the keys of all commands of a transaction lie in one slot, and that this node serves it.
pub(super) fn check_slots(
    server: &Server,
    session: &Session,
    transaction: &Transaction,
) -> Result<(), CommandError> {
    let mut slots = transaction.commands().iter().filter_map(|command| command.slot);
    let Some(slot) = slots.next() else {
        return Ok(());
    };
    if slots.any(|other| other != slot) {
        return Err(CommandError::CROSS_SLOT);
    }
    check_slot(server, session, transaction.flags(), slot)
}

/// Keep a command for EXEC.
pub(super) fn queue(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    args: Args<'_>,
    entry: Entry,
    slot: Option<SlotIndex>,
    first_key: Option<FirstKey>,
) {
    let transaction = core.server.transaction(session);
    // One that will not be run anyway takes no memory.
    if !transaction.refused {
        transaction.push(args, entry, slot, first_key);
    }
    session.last_command = Some(entry.spec);
    session.flags.remove(SessionFlags::ASKING);
    reply.simple("QUEUED");
}

/// Run the commands of a transaction, each as a client's own command.
pub fn run_queued(call: &mut Call<'_>, transaction: &Transaction) {
    let mut gaps: Vec<(u64, usize)> = Vec::new();
    let mut first_gap = None;
    for command in transaction.commands() {
        let QueuedCommand { entry, slot, first_key, .. } = *command;
        let keyspace = &mut *call.keys.keyspace;
        let args = transaction.args(command);
        execute(keyspace, call.server, call.session, call.reply, args, entry, slot, first_key);
        if let Waiting::Control(id) = call.session.waiting {
            call.session.waiting = Waiting::No;
            first_gap.get_or_insert_with(|| call.reply.mark());
            gaps.push((id, call.reply.queue.len()));
        }
    }
    if let Some(first_gap) = first_gap {
        hold_back(call, first_gap, &gaps);
    }
}

/// Keep the reply from the first gap on until Python has filled all gaps; each is an id and the reply's length there.
#[cold]
fn hold_back(call: &mut Call<'_>, first_gap: Mark, gaps: &[(u64, usize)]) {
    let end = call.reply.queue.len();
    let rest = call.reply.take_since(first_gap);
    let start = end - rest.len();
    let ends = gaps.iter().skip(1).map(|(_, at)| *at).chain([end]);
    let parts = gaps.iter().zip(ends).map(|((id, at), end)| (*id, rest[at - start..end - start].to_vec()));
    call.session.held = Some(Box::new(HeldReply::new(parts)));
    call.session.waiting = Waiting::Control(gaps[0].0);
}
