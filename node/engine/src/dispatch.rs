//! From a parsed request to a finished reply: every check a command passes before and after it runs.

use crate::clock::{Now, ticks, ticks_to_us};
use crate::commands::call::{Call, FirstKey};
use crate::commands::error::CommandError;
use crate::commands::keys::{InvalidKeys, for_each_key};
use crate::commands::registry;
use crate::commands::registry::Entry;
use crate::commands::spec::{CommandSpec, Flags};
use crate::commands::text::until_nul;
use crate::evict::Evictor;
use crate::keyspace::{HashedKey, Keys, Keyspace};
use crate::observe;
use crate::resp::{Args, Reply};
use crate::server::{Server, Session, SessionFlags, Waiting};
use crate::slot::{SlotIndex, key_slot};

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
    let silent = session.flags.contains(SessionFlags::REPLY_SKIP_NEXT);
    session.flags.remove(SessionFlags::REPLY_SKIP_NEXT);
    let outcome = match resolve(core, session, args, prepared.entry) {
        Ok(entry) => checked(core, session, reply, args, entry, prepared.first_key),
        Err(error) => {
            refuse_unresolved(core, session, reply, args, &error);
            Outcome::Done
        }
    };
    if outcome == Outcome::Postponed {
        session.flags.set(SessionFlags::REPLY_SKIP_NEXT, silent);
    } else if matches!(session.waiting, Waiting::Control(_)) {
        session.flags.set(SessionFlags::REPLY_SKIP_CONTROL, silent);
    } else if silent || session.flags.contains(SessionFlags::REPLY_OFF) {
        reply.truncate(mark);
    }
    outcome
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

/// Check that the command may run now and here, and run it.
#[inline]
fn checked(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    args: Args<'_>,
    entry: Entry,
    first_key: Option<FirstKey>,
) -> Outcome {
    let spec = entry.spec;
    let mut slot = None;
    if core.server.identity.cluster && !spec.key_specs.is_empty() {
        match cluster_slot(&core.server, session, spec, args, first_key) {
            Ok(found) => slot = found,
            Err(error) => {
                session.flags.remove(SessionFlags::ASKING);
                refuse(core, reply, &error, Some(entry.id));
                return Outcome::Done;
            }
        }
    }
    if core.server.config.maxmemory > 0
        && let Err(error) = make_room(core, spec)
    {
        refuse(core, reply, &error, Some(entry.id));
        return Outcome::Done;
    }
    if core.server.pause.is_some() && core.server.is_paused_for(spec) {
        session.waiting = Waiting::Pause;
        return Outcome::Postponed;
    }
    execute(core, session, reply, args, entry, slot, first_key);
    Outcome::Done
}

/// Run the command and count it.
#[inline]
fn execute(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    args: Args<'_>,
    entry: Entry,
    slot: Option<SlotIndex>,
    first_key: Option<FirstKey>,
) {
    let spec = entry.spec;
    let start = ticks();
    let now = core.server.now;
    let touch = !session.flags.contains(SessionFlags::NO_TOUCH);
    // ASKING is for one command: this one, which has passed its check by now, or the one after ASKING itself.
    session.flags.remove(SessionFlags::ASKING);
    let mut call = Call {
        spec,
        args,
        keys: Keys::new(&mut core.keyspace, session.db, now.unix_ms(), touch),
        reply,
        session,
        server: &mut core.server,
        now,
        slot,
        first_key,
        dirty: 0,
    };
    let mark = call.reply.mark();
    let result = (spec.handler)(&mut call);
    core.keyspace.stats.dirty += call.dirty;
    let elapsed = ticks().wrapping_sub(start);
    let failed = result.is_err();
    if let Err(error) = result {
        // A handler may have written a part before it failed.
        reply.truncate(mark);
        reply.error_bytes(error.as_bytes());
        core.server.stats.count_error(error.code());
    }
    core.server.stats.commands_processed += 1;
    let stats = core.server.stats.command(entry.id);
    stats.calls += 1;
    stats.ticks += elapsed;
    stats.failed += u64::from(failed);
    session.last_command = Some(spec);
    session.commands_total += 1;
    if !core.server.monitors.is_empty() {
        observe::feed_monitors(&mut core.server, session, reply, spec, args);
    }
    observe::command_finished(&mut core.server, session, spec, entry.id, args, ticks_to_us(elapsed) as u64);
}

/// Answer with an error before the command ran.
#[cold]
fn refuse(core: &mut Core, reply: &mut Reply, error: &CommandError, id: Option<usize>) {
    core.server.stats.count_error(error.code());
    if let Some(id) = id {
        core.server.stats.command(id).rejected += 1;
    }
    reply.error_bytes(error.as_bytes());
}

/// Answer a request that did not come to a command; hang up on what a web page made a browser send.
#[cold]
fn refuse_unresolved(
    core: &mut Core,
    session: &mut Session,
    reply: &mut Reply,
    args: Args<'_>,
    error: &CommandError,
) {
    let is_http = [&b"POST"[..], b"Host:"].iter().any(|word| args.get(0).eq_ignore_ascii_case(word));
    if is_http {
        session.flags.insert(SessionFlags::KILLED);
        reply.queue.clear();
    } else {
        refuse(core, reply, error, None);
    }
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
    let reads_here = session.flags.contains(SessionFlags::READONLY) && spec.flags.contains(Flags::READONLY);
    server.topology.check(slot, reads_here).map_err(|redirect| redirect.seen_from(session.local_host()))?;
    Ok(Some(slot))
}

/// Evict until the memory limit is kept.
fn make_room(core: &mut Core, spec: &CommandSpec) -> Result<(), CommandError> {
    let Core { keyspace, server, evictor } = core;
    match observe::evict_to_limit(keyspace, server, evictor.as_mut()) {
        Ok(()) => Ok(()),
        Err(_) if !spec.flags.contains(Flags::DENYOOM) => Ok(()),
        Err(_) => Err(CommandError::OUT_OF_MEMORY),
    }
}

/// Bytes of a client's words that an error quotes.
const QUOTED_BYTES_MAX: usize = 128;

/// A client's word as an error quotes it.
fn quoted(word: &[u8], bytes_max: usize) -> &[u8] {
    let word = until_nul(word);
    &word[..word.len().min(bytes_max)]
}

#[cold]
fn unknown_command(args: Args<'_>) -> CommandError {
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
fn unknown_subcommand(container: &CommandSpec, name: &[u8]) -> CommandError {
    let mut text = b"ERR unknown subcommand '".to_vec();
    text.extend_from_slice(quoted(name, QUOTED_BYTES_MAX));
    text.extend_from_slice(format!("'. Try {} HELP.", container.name.to_ascii_uppercase()).as_bytes());
    CommandError::new(text)
}
