//! From a parsed request to a finished reply: every check a command passes before and after it runs.

mod queued;
mod refusal;

pub use queued::run_queued;

use crate::clock::{Now, ticks};
use crate::commands::call::{Call, FirstKey};
use crate::commands::error::CommandError;
use crate::commands::keys::{InvalidKeys, for_each_key};
use crate::commands::registry;
use crate::commands::registry::Entry;
use crate::commands::spec::{CommandSpec, Flags};
use crate::evict::Evictor;
use crate::keyspace::{HashedKey, Keys, Keyspace};
use crate::memory_limit;
use crate::observe::{self, Finished};
use crate::resp::{Args, Mark, Protocol, Reply};
use crate::server::{Server, Session, SessionFlags, Waiting};
use crate::slot::{SlotIndex, key_slot};
use queued::{check_slots, is_never_queued, queue};
use refusal::{
    cannot_run_while_subscribed, is_for_subscribers, redirect, refuse, refuse_unresolved, unknown_command,
    unknown_subcommand,
};

/// All that a command can reach.
pub struct Core {
    pub keyspace: Keyspace,
    pub server: Server,
    pub evictor: Box<dyn Evictor + Send>,
}

impl Core {
    /// Take over the time that the next batch of requests sees.
    #[inline]
    pub fn set_now(&mut self, now: Now) {
        self.server.now = now;
        self.keyspace.access_clock.set_time(now.unix_ms());
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, or will be when what the session now waits for has come.
    Done,
    /// It was not run: the session waits, and then the request is run again.
    Postponed,
}

/// What is known of a request before it runs: its row, and where its first key is.
#[derive(Clone, Copy, Debug)]
pub struct Prepared {
    entry: Option<Entry>,
    first_key: Option<FirstKey>,
}

/// Look a request's row up, hash its first key, and start to load the memory in which the key is looked for.
///
/// A pipeline's requests are prepared some at a time: their cache misses overlap instead of adding up.
#[inline]
pub fn prepare(core: &Core, session: &Session, args: Args<'_>) -> Prepared {
    let entry = registry().find(args.get(0));
    let first_key = entry.and_then(|entry| entry.spec.first_key_index()).filter(|index| *index < args.len());
    let first_key = first_key.map(|index| {
        let key = core.keyspace.hash_key(args.get(index));
        core.keyspace.database(session.db).prefetch(&key);
        FirstKey { index, slot: key.slot, hash: key.hash }
    });
    Prepared { entry, first_key }
}

/// The second stage of [`prepare`], when what the first one asked for has come.
#[inline]
pub fn prefetch(core: &Core, session: &Session, args: Args<'_>, prepared: &Prepared) {
    if let Some(FirstKey { index, slot, hash }) = prepared.first_key {
        core.keyspace.database(session.db).prefetch_entry(&HashedKey { bytes: args.get(index), slot, hash });
    }
}

/// Run one request of a client.
#[inline]
pub fn run(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    args: Args<'_>,
    prepared: &Prepared,
) -> Outcome {
    let mark = reply.mark();
    if session.flags.contains(SessionFlags::REPLY_SKIP_NEXT) {
        session.flags.remove(SessionFlags::REPLY_SKIP_NEXT);
        session.flags.insert(SessionFlags::REPLY_SKIP);
    }
    let outcome = match resolve(core, session, args, prepared.entry) {
        Ok(entry) if session.flags.intersects(SessionFlags::SPECIAL) => {
            special(core, session, reply, args, entry, prepared.first_key)
        }
        Ok(entry) => checked::<false>(core, session, reply, args, entry, prepared.first_key),
        Err(error) => {
            refuse_unresolved(core, session, reply, args, prepared.entry, error);
            Outcome::Done
        }
    };
    if session.flags.intersects(SessionFlags::REPLY_SKIP | SessionFlags::REPLY_OFF) {
        silence(session, reply, mark, outcome);
    }
    core.server.deliver_pending(session, reply);
    outcome
}

/// Leave a command's reply out.
#[cold]
fn silence(session: &mut Session, reply: &mut Reply, mark: Mark, outcome: Outcome) {
    let skip = session.flags.contains(SessionFlags::REPLY_SKIP);
    session.flags.remove(SessionFlags::REPLY_SKIP);
    if outcome == Outcome::Postponed {
        session.flags.set(SessionFlags::REPLY_SKIP_NEXT, skip);
        return;
    }
    reply.truncate(mark);
    if matches!(session.waiting, Waiting::Control(_) | Waiting::Until(_)) {
        session.flags.set(SessionFlags::REPLY_SKIP_CONTROL, skip);
    }
}

/// Flags of commands that read or change keys.
const KEYSPACE: Flags = Flags::READONLY.union(Flags::WRITE).union(Flags::MAY_REPLICATE);

/// Find the command's row and see that it has as many arguments as it takes.
#[inline]
fn resolve(
    core: &Core,
    session: &Session,
    args: Args<'_>,
    entry: Option<Entry>,
) -> Result<Entry, CommandError> {
    if session.flags.contains(SessionFlags::UNAUTHENTICATED) {
        let served = entry.is_some_and(|entry| entry.spec.flags.contains(Flags::NO_AUTH));
        if !served && core.server.is_unauthenticated(session) {
            return Err(CommandError::NO_AUTH);
        }
    }
    let Some(mut entry) = entry else {
        return Err(unknown_command(args));
    };
    if !entry.spec.subcommands.is_empty() && args.len() > 1 {
        entry = registry()
            .find_subcommand(entry, args.get(1))
            .ok_or_else(|| unknown_subcommand(entry.spec, args.get(1)))?;
    }
    if !entry.spec.accepts(args.len()) {
        return Err(CommandError::wrong_arity(entry.spec.name));
    }
    if session.flags.contains(SessionFlags::MONITOR) && entry.spec.flags.intersects(KEYSPACE) {
        return Err(CommandError::text("ERR Replica can't interact with the keyspace"));
    }
    Ok(entry)
}

/// Run a command of a client that is in a transaction, or has waited.
#[inline(never)]
fn special(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    args: Args<'_>,
    entry: Entry,
    first_key: Option<FirstKey>,
) -> Outcome {
    let outcome = checked::<true>(core, session, reply, args, entry, first_key);
    if outcome == Outcome::Done && session.flags.contains(SessionFlags::WAITED) {
        core.server.end_wait(session);
    }
    outcome
}

/// Check that the command may run now and here, and run it. Without `SPECIAL` the client has none of the flags of that
/// name, and what they ask for is left out.
#[inline]
fn checked<const SPECIAL: bool>(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    args: Args<'_>,
    entry: Entry,
    first_key: Option<FirstKey>,
) -> Outcome {
    let spec = entry.spec;
    let mut slot = None;
    let mut flags = spec.flags;
    if SPECIAL && session.flags.contains(SessionFlags::MULTI) {
        if flags.contains(Flags::NO_MULTI) {
            let error =
                CommandError::new(format!("ERR Command '{}' not allowed inside a transaction", spec.name));
            refuse(core, session, reply, spec.name, Some(entry.id), error);
            return Outcome::Done;
        }
        if let ("exec", Some(transaction)) = (spec.name, &session.transaction) {
            flags |= transaction.flags();
            if core.server.identity.cluster
                && let Err(error) = check_slots(&core.server, session, transaction)
            {
                return redirect(core, session, reply, entry, error);
            }
        }
    }
    if core.server.identity.cluster && !spec.key_specs.is_empty() {
        match cluster_slot(&core.server, session, spec, args, first_key) {
            Ok(found) => slot = found,
            Err(error) => return redirect(core, session, reply, entry, error),
        }
    }
    if memory_limit::is_exceeded(&core.keyspace, &core.server)
        && let Err(error) = make_room(core, flags)
    {
        refuse(core, session, reply, spec.name, Some(entry.id), error);
        return Outcome::Done;
    }
    if SPECIAL
        && session.flags.contains(SessionFlags::SUBSCRIBED)
        && reply.protocol == Protocol::Resp2
        && !is_for_subscribers(spec)
    {
        let error = cannot_run_while_subscribed(spec);
        refuse(core, session, reply, spec.name, Some(entry.id), error);
        return Outcome::Done;
    }
    if core.server.pause.is_some() && core.server.is_paused_for(flags) {
        session.waiting = Waiting::Pause;
        return Outcome::Postponed;
    }
    if SPECIAL && session.flags.contains(SessionFlags::MULTI) && !is_never_queued(spec) {
        queue(core, session, reply, args, entry, slot, first_key);
        return Outcome::Done;
    }
    execute(&mut core.keyspace, &mut core.server, session, reply, args, entry, slot, first_key)
}

/// Run the command and count it.
#[inline]
#[expect(clippy::too_many_arguments, reason = "they are what the two callers have, each its own borrow")]
fn execute(
    keyspace: &mut Keyspace,
    server: &mut Server,
    session: &mut Session,
    reply: &mut Reply,
    args: Args<'_>,
    entry: Entry,
    slot: Option<SlotIndex>,
    first_key: Option<FirstKey>,
) -> Outcome {
    let spec = entry.spec;
    let runs_again = session.flags.contains(SessionFlags::WAITED);
    let start = ticks();
    let now = server.now;
    let touch = !session.flags.contains(SessionFlags::NO_TOUCH);
    // ASKING is for one command: this one, which has passed its check by now, or the one after ASKING itself.
    session.flags.remove(SessionFlags::ASKING);
    let mut call = Call {
        spec,
        args,
        keys: Keys::new(keyspace, session.db, now.unix_ms(), touch),
        reply,
        session,
        server,
        now,
        slot,
        first_key,
        dirty: 0,
    };
    let mark = call.reply.mark();
    let queued_bytes = call.reply.queue.len();
    let result = (spec.handler)(&mut call);
    let dirty = call.dirty;
    keyspace.stats.dirty += dirty;
    server.settle(keyspace);
    session.last_command = Some(spec);
    if session.waiting == Waiting::Keys {
        // It is shown when it comes, and counted when it is answered.
        if !server.monitors.is_empty() && !runs_again {
            observe::feed_monitors(server, session, reply, spec, args);
        }
        return Outcome::Postponed;
    }
    let elapsed = ticks().wrapping_sub(start);
    let failed = result.is_err();
    if let Err(error) = result {
        // A handler may have written a part before it failed.
        reply.truncate(mark);
        reply.error_bytes(error.as_bytes());
        server.stats.count_error(error.code());
    }
    if !server.monitors.is_empty() && !runs_again {
        observe::feed_monitors(server, session, reply, spec, args);
    }
    let reply_bytes = reply.queue.len().saturating_sub(queued_bytes) as u64;
    let finished = Finished { spec, id: entry.id, args, failed, ticks: elapsed, reply_bytes };
    observe::command_finished(server, session, &finished);
    Outcome::Done
}

/// See that this node serves a slot to the client.
#[inline]
fn check_slot(server: &Server, session: &Session, flags: Flags, slot: SlotIndex) -> Result<(), CommandError> {
    // Shard channels are a replica's as well.
    let reads = session.flags.contains(SessionFlags::READONLY) || flags.contains(Flags::PUBSUB);
    let reads_here = reads && !flags.contains(Flags::WRITE);
    server
        .topology
        .check(slot, reads_here)
        .map_err(|redirect| redirect.seen_from(session.local_host()).into())
}

/// The slot that all keys of the command share, if this node serves it.
#[inline]
fn cluster_slot(
    server: &Server,
    session: &Session,
    spec: &CommandSpec,
    args: Args<'_>,
    first_key: Option<FirstKey>,
) -> Result<Option<SlotIndex>, CommandError> {
    let mut slot = first_key.map(|key| key.slot);
    let mut crossed = false;
    let found = for_each_key(spec, args, |_, index| {
        if first_key.is_none_or(|key| key.index != index) {
            let this = key_slot(args.get(index));
            crossed |= *slot.get_or_insert(this) != this;
        }
    });
    // A command whose keys can't be found is left to its handler, which knows the better error.
    if found == Err(InvalidKeys) {
        return Ok(None);
    }
    if crossed {
        return Err(CommandError::CROSS_SLOT);
    }
    let Some(slot) = slot else {
        return Ok(None);
    };
    check_slot(server, session, spec.flags, slot)?;
    Ok(Some(slot))
}

/// Evict until the memory limit is kept.
#[cold]
fn make_room(core: &mut Core, flags: Flags) -> Result<(), CommandError> {
    let Core { keyspace, server, evictor } = core;
    let result = memory_limit::make_room(keyspace, server, evictor.as_mut());
    server.settle(keyspace);
    match result {
        Ok(_) => Ok(()),
        Err(_) if !flags.contains(Flags::DENYOOM) => Ok(()),
        Err(_) => Err(CommandError::OUT_OF_MEMORY),
    }
}
