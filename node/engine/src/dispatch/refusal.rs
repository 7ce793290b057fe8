//! Requests that are answered with an error before they run.

use super::{Core, Outcome};
use crate::commands::error::CommandError;
use crate::commands::registry::Entry;
use crate::commands::spec::CommandSpec;
use crate::commands::text::until_nul;
use crate::resp::{Args, Reply};
use crate::server::{Session, SessionFlags};

/// Answer with an error before the command ran; `id` is that of its row, if it has been found to be well-formed.
///
/// A transaction that it should have become a part of is lost, and at once if the command is EXEC.
#[cold]
pub(super) fn refuse(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    name: &str,
    id: Option<usize>,
    mut error: CommandError,
) {
    if name == "exec" {
        core.server.discard_transaction(session);
        error = error.aborting_transaction();
    } else if session.flags.contains(SessionFlags::MULTI) {
        core.server.transaction(session).refuse();
    }
    core.server.stats.count_error(error.code());
    if let Some(id) = id {
        core.server.stats.command(id).rejected += 1;
    }
    reply.error_bytes(error.as_bytes());
}

/// Answer a request that did not come to a command; hang up on what a web page made a browser send.
#[cold]
pub(super) fn refuse_unresolved(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    args: Args<'_>,
    entry: Option<Entry>,
    error: CommandError,
) {
    let is_http = [&b"POST"[..], b"Host:"].iter().any(|word| args.get(0).eq_ignore_ascii_case(word));
    if is_http {
        session.flags.insert(SessionFlags::KILLED);
        reply.queue.clear();
    } else {
        let name = entry.map_or("", |entry| entry.spec.name);
        refuse(core, session, reply, name, None, error);
    }
}

/// Answer that the keys are not here, or not all in one place.
#[cold]
pub(super) fn redirect(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    entry: Entry,
    error: CommandError,
) -> Outcome {
    session.flags.remove(SessionFlags::ASKING);
    if entry.spec.name == "exec" {
        core.server.discard_transaction(session);
    }
    // By another name than EXEC's: the client has to see the error as it is.
    refuse(core, session, reply, "", Some(entry.id), error);
    Outcome::Done
}

/// Commands that a client in RESP2 may say while it has subscriptions: it could not tell other replies from messages.
pub(super) fn is_for_subscribers(spec: &CommandSpec) -> bool {
    const NAMES: [&str; 9] = [
        "ping",
        "subscribe",
        "unsubscribe",
        "psubscribe",
        "punsubscribe",
        "ssubscribe",
        "sunsubscribe",
        "quit",
        "reset",
    ];
    NAMES.contains(&spec.name)
}

/// The error for all other commands.
pub(super) fn cannot_run_while_subscribed(spec: &CommandSpec) -> CommandError {
    CommandError::new(format!(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        spec.name
    ))
}

/// Bytes of a client's words that an error quotes.
const QUOTED_BYTES_MAX: usize = 128;

/// A client's word as an error quotes it.
pub(super) fn quoted(word: &[u8], bytes_max: usize) -> &[u8] {
    let word = until_nul(word);
    &word[..word.len().min(bytes_max)]
}

#[cold]
pub(super) fn unknown_command(args: Args<'_>) -> CommandError {
    let mut list: Vec<u8> = Vec::new();
    for arg in args.iter_from(1) {
        if list.len() >= QUOTED_BYTES_MAX {
            break;
        }
        let room = QUOTED_BYTES_MAX - list.len();
        list.push(b'\'');
        list.extend_from_slice(quoted(arg, room));
        list.extend_from_slice(b"' ");
    }
    let mut text = b"ERR unknown command '".to_vec();
    text.extend_from_slice(quoted(args.get(0), QUOTED_BYTES_MAX));
    text.extend_from_slice(b"', with args beginning with: ");
    text.extend(list);
    CommandError::new(text)
}

#[cold]
pub(super) fn unknown_subcommand(container: &CommandSpec, name: &[u8]) -> CommandError {
    let mut text = b"ERR unknown subcommand '".to_vec();
    text.extend_from_slice(quoted(name, QUOTED_BYTES_MAX));
    text.extend_from_slice(format!("'. Try {} HELP.", container.name.to_ascii_uppercase()).as_bytes());
    CommandError::new(text)
}
