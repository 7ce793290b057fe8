//! XINFO.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::help;
use super::spec::{CommandSpec, Flags, Group as CommandGroup, Handler, KeyFlags, KeySpec};
use super::stream_access::{count_option, no_group, reply_entries, reply_entry, reply_id, stream};
use super::stream_group::unknown_subcommand;
use crate::collections::stream::{Consumer, Entry, Group, Log, Stream, StreamId};
use crate::resp::Reply;

/// How many entries, and pending entries of each list, FULL shows unless told otherwise.
const FULL_COUNT_DEFAULT: usize = 10;

/// XINFO STREAM key [FULL [COUNT count]]
fn stream_info(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(2);
    stream(&mut call.keys, &key)?.ok_or(CommandError::NO_SUCH_KEY)?;
    let limit = full_limit(call)?;
    let stream = stream(&mut call.keys, &key)?.ok_or(CommandError::NO_SUCH_KEY)?;
    let reply = &mut *call.reply;
    match limit {
        None => {
            reply.map(10);
            counts(reply, &stream.log);
            reply.bulk(b"groups");
            reply.integer(stream.groups.len() as i64);
            reply.bulk(b"first-entry");
            entry_or_null(reply, stream.log.range(StreamId::MIN, StreamId::MAX).next());
            reply.bulk(b"last-entry");
            entry_or_null(reply, stream.log.range_backward(StreamId::MIN, StreamId::MAX).next());
        }
        Some(limit) => full(reply, stream, limit),
    }
    Ok(())
}

/// The limit of FULL; `None` without FULL.
fn full_limit(call: &Call<'_>) -> Result<Option<usize>, CommandError> {
    let count = call.args.len();
    if count == 3 {
        return Ok(None);
    }
    if !call.is_word(3, "full") || !(count == 4 || count == 6) {
        return Err(unknown_subcommand(call));
    }
    if count == 4 {
        return Ok(Some(FULL_COUNT_DEFAULT));
    }
    if !call.is_word(4, "count") {
        return Err(unknown_subcommand(call));
    }
    let limit = call.integer(5)?;
    Ok(Some(match limit {
        ..0 => FULL_COUNT_DEFAULT,
        0 => usize::MAX,
        _ => count_option(call, 5)?,
    }))
}

/// Write what STREAM tells first, with and without FULL.
fn counts(reply: &mut Reply, log: &Log) {
    let mut number = |name: &str, value: u64| {
        reply.bulk(name.as_bytes());
        reply.integer(value as i64);
    };
    number("length", log.len());
    number("radix-tree-keys", log.block_count() as u64);
    number("radix-tree-nodes", log.radix_node_count() as u64);
    reply.bulk(b"last-generated-id");
    reply_id(reply, log.last_id);
    reply.bulk(b"max-deleted-entry-id");
    reply_id(reply, log.max_deleted_id);
    reply.bulk(b"entries-added");
    reply.integer(log.entries_added as i64);
    reply.bulk(b"recorded-first-entry-id");
    reply_id(reply, log.first_id());
}

fn entry_or_null(reply: &mut Reply, entry: Option<Entry<'_>>) {
    match entry {
        Some(entry) => reply_entry(reply, entry),
        None => reply.null(),
    }
}

/// Write all about a stream, with up to `limit` of its entries and of each list of pending ones.
fn full(reply: &mut Reply, stream: &Stream, limit: usize) {
    let Stream { log, groups } = stream;
    reply.map(9);
    counts(reply, log);
    reply.bulk(b"entries");
    reply_entries(reply, log.range(StreamId::MIN, StreamId::MAX).take(limit));
    reply.bulk(b"groups");
    reply.array(groups.len());
    for (name, group) in groups.iter() {
        reply.map(7);
        reply.bulk(b"name");
        reply.bulk(name);
        progress(reply, group, log);
        reply.bulk(b"pel-count");
        reply.integer(group.pending_count() as i64);
        reply.bulk(b"pending");
        reply.array(group.pending_count().min(limit));
        for (id, pending) in group.pending_range(..).take(limit) {
            reply.array(4);
            reply_id(reply, id);
            reply.bulk(group.consumer(pending.consumer).name());
            reply.integer(pending.delivered_ms);
            reply.integer(pending.deliveries as i64);
        }
        reply.bulk(b"consumers");
        reply.array(group.consumers().len());
        group.consumers().for_each(|consumer| full_consumer(reply, group, consumer, limit));
    }
}

/// Write how far a group has got.
fn progress(reply: &mut Reply, group: &Group, log: &Log) {
    reply.bulk(b"last-delivered-id");
    reply_id(reply, group.last_id);
    for (name, value) in [("entries-read", group.entries_read), ("lag", group.lag(log))] {
        reply.bulk(name.as_bytes());
        match value {
            Some(value) => reply.integer(value as i64),
            None => reply.null(),
        }
    }
}

fn full_consumer(reply: &mut Reply, group: &Group, consumer: &Consumer, limit: usize) {
    reply.map(5);
    reply.bulk(b"name");
    reply.bulk(consumer.name());
    reply.bulk(b"seen-time");
    reply.integer(consumer.seen_ms);
    reply.bulk(b"active-time");
    reply.integer(consumer.active_ms.unwrap_or(-1));
    reply.bulk(b"pel-count");
    reply.integer(consumer.pending_count() as i64);
    reply.bulk(b"pending");
    reply.array(consumer.pending_count().min(limit));
    let pending = consumer.pending(..).filter_map(|id| Some((id, group.pending(id)?)));
    for (id, pending) in pending.take(limit) {
        reply.array(3);
        reply_id(reply, id);
        reply.integer(pending.delivered_ms);
        reply.integer(pending.deliveries as i64);
    }
}

/// XINFO GROUPS key
fn groups(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(2);
    let Stream { log, groups } = stream(&mut call.keys, &key)?.ok_or(CommandError::NO_SUCH_KEY)?;
    let reply = &mut *call.reply;
    reply.array(groups.len());
    for (name, group) in groups.iter() {
        reply.map(6);
        reply.bulk(b"name");
        reply.bulk(name);
        reply.bulk(b"consumers");
        reply.integer(group.consumers().len() as i64);
        reply.bulk(b"pending");
        reply.integer(group.pending_count() as i64);
        progress(reply, group, log);
    }
    Ok(())
}

/// XINFO CONSUMERS key group
fn consumers(call: &mut Call<'_>) -> CommandResult {
    let (key, name, now_ms) = (call.key(2), call.args.get(3), call.now.unix_ms());
    let Stream { groups, .. } = stream(&mut call.keys, &key)?.ok_or(CommandError::NO_SUCH_KEY)?;
    let group = groups.get(name).ok_or_else(|| no_group(key.bytes, name))?;
    let reply = &mut *call.reply;
    reply.array(group.consumers().len());
    for consumer in group.consumers() {
        let since_ms = |time_ms: i64| now_ms.wrapping_sub(time_ms).max(0);
        reply.map(4);
        reply.bulk(b"name");
        reply.bulk(consumer.name());
        reply.bulk(b"pending");
        reply.integer(consumer.pending_count() as i64);
        reply.bulk(b"idle");
        reply.integer(since_ms(consumer.seen_ms));
        reply.bulk(b"inactive");
        reply.integer(consumer.active_ms.map_or(-1, since_ms));
    }
    Ok(())
}

const fn row(name: &'static str, arity: i32, handler: Handler) -> CommandSpec {
    CommandSpec::new(name, arity, CommandGroup::Stream, handler).flags(Flags::READONLY).keys(KEY)
}

const KEY: &[KeySpec] = &[KeySpec::one(2, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::container(
    "xinfo",
    CommandGroup::Stream,
    &[
        row("xinfo|consumers", 4, consumers)
            .tips(&["nondeterministic_output"])
            .usage("key group")
            .about("5.0.0", "Tell of the consumers of a group."),
        row("xinfo|groups", 3, groups).usage("key").about("5.0.0", "Tell of the groups of a stream."),
        help::row("xinfo|help", CommandGroup::Stream, "5.0.0"),
        row("xinfo|stream", -3, stream_info)
            .usage("key [FULL [COUNT count]]")
            .about("5.0.0", "Tell of a stream; with FULL also of its groups and entries."),
    ],
)
.about("5.0.0", "Commands that tell of streams.")];
