//! Streams: adding, counting and deleting entries.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::stream_access::{parsed_id, reply_id, stream, stream_mut, strict_id};
use super::stream_trim::{TrimOptions, dispose, trim};
use crate::collections::Object;
use crate::collections::stream::{AppendError, BlockLimits, Log, ParsedId, Stream, StreamId, Trim};
use crate::keyspace::{HashedKey, NewExpiry, NewValue};
use crate::server::EventClass;

const ZERO_ID: CommandError = CommandError::text("ERR The ID specified in XADD must be greater than 0-0");
const EXHAUSTED: CommandError =
    CommandError::text("ERR The stream has exhausted the last possible ID, unable to add more items");
const TOO_LARGE: CommandError = CommandError::text("ERR Elements are too large to be stored");
const NOT_ABOVE: CommandError =
    CommandError::text("ERR The ID specified in XADD is equal or smaller than the target stream top item");

/// What XADD is to do, before its fields.
struct Addition {
    /// `None`: the stream is not to be created.
    create: bool,
    /// `None`: the next id at the present time.
    id: Option<ParsedId>,
    trim: Option<Trim>,
    /// The argument with the first field's name.
    first_field: usize,
}

/// XADD key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]
fn xadd(call: &mut Call<'_>) -> CommandResult {
    let addition = read_addition(call)?;
    let field_count = call.args.len() - addition.first_field;
    if field_count < 2 || field_count % 2 == 1 {
        return Err(CommandError::wrong_arity(call.spec.name));
    }
    if addition.id.and_then(|id| id.with_seq(0)) == Some(StreamId::MIN) {
        return Err(ZERO_ID);
    }
    let key = call.key(1);
    let (now_ms, args) = (call.now.unix_ms() as u64, call.args);
    let limits = block_limits(call);
    let words = args.iter_from(addition.first_field);
    let add = |log: &mut Log| {
        let id = next_id(log, addition.id, now_ms)?;
        log.append(id, words, limits).map_err(|error| match error {
            AppendError::NotAbove => NOT_ABOVE,
            AppendError::TooLarge => TOO_LARGE,
        })?;
        let (removed, remains) = addition.trim.map_or((0, None), |asked| trim(log, &asked));
        Ok::<_, CommandError>((id, removed, remains))
    };
    let (id, removed, remains) = match stream_mut(&mut call.keys, &key)? {
        Some(stream) => add(&mut stream.log)?,
        None if !addition.create => {
            call.reply.null();
            return Ok(());
        }
        None => {
            let mut stream = Box::<Stream>::default();
            let added = add(&mut stream.log)?;
            store(call, &key, stream);
            added
        }
    };
    dispose(&mut call.keys, remains);
    call.changed(EventClass::STREAM, "xadd", &key);
    if removed > 0 {
        call.noted(EventClass::STREAM, "xtrim", &key);
    }
    reply_id(call.reply, id);
    Ok(())
}

/// Put a new stream under a key that does not exist.
pub(super) fn store(call: &mut Call<'_>, key: &HashedKey<'_>, stream: Box<Stream>) {
    let object = Box::new(Object::Stream(stream));
    call.keys.set(key, NewValue::Object(object), NewExpiry::None);
}

/// Read XADD's options and id.
fn read_addition(call: &Call<'_>) -> Result<Addition, CommandError> {
    let mut options = TrimOptions::default();
    let (mut create, mut id) = (true, None);
    let mut index = 2;
    while index < call.args.len() {
        if call.args.get(index) == b"*" {
            break;
        }
        if let Some(next) = options.read(call, index)? {
            index = next;
        } else if call.is_word(index, "nomkstream") {
            create = false;
            index += 1;
        } else {
            id = Some(parsed_id(call.args.get(index))?);
            break;
        }
    }
    let trim = options.finish(false, call.server.config.packed.stream_node_max_entries)?;
    Ok(Addition { create, id, trim, first_field: (index + 1).min(call.args.len()) })
}

fn block_limits(call: &Call<'_>) -> BlockLimits {
    let packed = &call.server.config.packed;
    BlockLimits {
        bytes: packed.stream_node_max_bytes as usize,
        entries: packed.stream_node_max_entries as u64,
    }
}

/// The id that a new entry gets, which may be too low.
fn next_id(log: &Log, asked: Option<ParsedId>, now_ms: u64) -> Result<StreamId, CommandError> {
    let next = log.last_id.next().ok_or(EXHAUSTED)?;
    Ok(match asked {
        None if now_ms > log.last_id.ms => StreamId::new(now_ms, 0),
        None => next,
        Some(ParsedId::Whole(id)) => id,
        Some(ParsedId::Time(ms)) => StreamId::new(ms, 0),
        Some(ParsedId::AnyInTime(ms)) if ms == log.last_id.ms => {
            if next.ms == ms {
                next
            } else {
                return Err(NOT_ABOVE);
            }
        }
        Some(ParsedId::AnyInTime(ms)) => StreamId::new(ms, 0),
    })
}

/// XLEN key
fn xlen(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let length = stream(&mut call.keys, &key)?.map_or(0, |stream| stream.log.len());
    call.reply.integer(length as i64);
    Ok(())
}

/// XDEL key id [id ...]
fn xdel(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let args = call.args;
    let Some(stream) = stream_mut(&mut call.keys, &key)? else {
        call.reply.integer(0);
        return Ok(());
    };
    // All ids are read before the first entry is deleted: an error is to change nothing.
    for text in args.iter_from(2) {
        strict_id(text, 0)?;
    }
    let mut deleted = 0;
    for text in args.iter_from(2) {
        deleted += u64::from(stream.log.delete(strict_id(text, 0)?));
    }
    if deleted > 0 {
        call.changed(EventClass::STREAM, "xdel", &key);
        call.dirty += deleted - 1;
    }
    call.reply.integer(deleted as i64);
    Ok(())
}

/// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
fn xsetid(call: &mut Call<'_>) -> CommandResult {
    let id = strict_id(call.args.get(2), 0)?;
    let (mut entries_added, mut max_deleted_id) = (None, StreamId::MIN);
    let mut index = 3;
    while index < call.args.len() {
        let has_more = index + 1 < call.args.len();
        if has_more && call.is_word(index, "entriesadded") {
            let count = u64::try_from(call.integer(index + 1)?);
            let count = count.map_err(|_| CommandError::text("ERR entries_added must be positive"))?;
            entries_added = Some(count);
        } else if has_more && call.is_word(index, "maxdeletedid") {
            max_deleted_id = strict_id(call.args.get(index + 1), 0)?;
            if id < max_deleted_id {
                return Err(CommandError::text(
                    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                ));
            }
        } else {
            return Err(CommandError::SYNTAX);
        }
        index += 2;
    }
    let key = call.key(1);
    let Stream { log, .. } = stream_mut(&mut call.keys, &key)?.ok_or(CommandError::NO_SUCH_KEY)?;
    check_new_last_id(log, id, entries_added)?;
    log.last_id = id;
    log.entries_added = entries_added.unwrap_or(log.entries_added);
    if max_deleted_id != StreamId::MIN {
        log.max_deleted_id = max_deleted_id;
    }
    call.told(EventClass::STREAM, "xsetid", &key);
    call.reply.ok();
    Ok(())
}

/// See that a stream's last id may be set to `id`, and the number of entries ever added to `entries_added`.
fn check_new_last_id(log: &Log, id: StreamId, entries_added: Option<u64>) -> CommandResult {
    if id < log.max_deleted_id {
        return Err(CommandError::text(
            "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
        ));
    }
    let Some(last) = log.range_backward(StreamId::MIN, StreamId::MAX).next() else { return Ok(()) };
    if id < last.id {
        return Err(CommandError::text(
            "ERR The ID specified in XSETID is smaller than the target stream top item",
        ));
    }
    if entries_added.is_some_and(|added| added < log.len()) {
        return Err(CommandError::text(
            "ERR The entries_added specified in XSETID is smaller than the target stream length",
        ));
    }
    Ok(())
}

const STORE: Flags = Flags::WRITE.union(Flags::DENYOOM).union(Flags::FAST);
const UPDATE: KeyFlags = KeyFlags::RW.union(KeyFlags::UPDATE);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("xadd", -5, Group::Stream, xadd)
        .flags(STORE)
        .keys(&[KeySpec::one(1, UPDATE).notes("It may trim what is there.")])
        .tips(&["nondeterministic_output"])
        .usage(
            "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> \
             field value [field value ...]",
        )
        .about("5.0.0", "Add an entry to a stream, which is created if need be; trim it if so asked."),
    CommandSpec::new("xlen", 2, Group::Stream, xlen)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RO)])
        .usage("key")
        .about("5.0.0", "Tell how many entries a stream has."),
    CommandSpec::new("xdel", -3, Group::Stream, xdel)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::DELETE))])
        .usage("key id [id ...]")
        .about("5.0.0", "Delete entries of a stream; tell how many there were."),
    CommandSpec::new("xsetid", -3, Group::Stream, xsetid)
        .flags(STORE)
        .keys(&[KeySpec::one(1, UPDATE)])
        .usage("key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]")
        .about("5.0.0", "Set the last id of a stream, and what it counts; for replication."),
];

#[cfg(test)]
mod tests {
    use crate::testing::{Node, START_MS};

    #[test]
    fn ids_are_the_time_unless_the_last_one_is_later() {
        let mut node = Node::alone();
        let id = format!("{START_MS}-0");
        assert_eq!(node.run("XADD s * a b"), format!("${}\r\n{id}\r\n", id.len()));
        assert_eq!(node.run("XADD s * a b"), format!("${}\r\n{START_MS}-1\r\n", id.len()));
        node.wait_ms(5);
        assert_eq!(node.run("XADD s * a b"), format!("${}\r\n{}-0\r\n", id.len(), START_MS + 5));
        node.expect(&[
            (
                "XADD s 9000000000000-18446744073709551615 a b",
                "$34\r\n9000000000000-18446744073709551615\r\n",
            ),
            ("XADD s * a b", "$15\r\n9000000000001-0\r\n"),
            ("XADD s 9000000000001-* a b", "$15\r\n9000000000001-1\r\n"),
            ("XLEN s", ":6\r\n"),
            ("OBJECT ENCODING s", "$6\r\nstream\r\n"),
            ("TYPE s", "+stream\r\n"),
        ]);
    }

    #[test]
    fn a_stream_stays_when_its_last_entry_goes_and_its_memory_does_not() {
        let mut node = Node::alone();
        let before = node.run("MEMORY USAGE s");
        node.expect(&[
            ("XADD s MAXLEN 0 1-1 a b", "$3\r\n1-1\r\n"),
            ("XLEN s", ":0\r\n"),
            (
                "XADD s 1-1 a b",
                "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n",
            ),
            ("XADD t NOMKSTREAM 1-1 a b", "$-1\r\n"),
            ("XDEL s 1-1", ":0\r\n"),
            ("DEL s", ":1\r\n"),
        ]);
        assert_eq!(node.run("MEMORY USAGE s"), before);
        for seq in 1..=20_000 {
            node.run(&format!("XADD s 1-{seq} name value"));
        }
        node.expect(&[("XTRIM s MAXLEN 5", ":19995\r\n"), ("DEL s", ":1\r\n")]);
        let mut steps = 0;
        while node.core.keyspace.free_step(1_000) {
            steps += 1;
        }
        assert!((10..100).contains(&steps), "{steps}");
    }
}
