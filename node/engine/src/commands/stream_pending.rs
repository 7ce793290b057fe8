//! XPENDING.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group as CommandGroup, KeyFlags, KeySpec};
use super::stream_access::{count_option, interval_end, interval_start, no_key_or_group, reply_id, stream};
use crate::collections::stream::{Group, Pending, StreamId};
use crate::resp::Reply;

/// Which pending entries are asked for.
struct Query<'a> {
    idle_ms: i64,
    start: StreamId,
    end: StreamId,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Query<'a> {
    /// Read `[IDLE min-idle-time] start end count [consumer]`.
    fn parse(call: &Call<'a>) -> Result<Self, CommandError> {
        let args = call.args;
        let (mut first, mut idle_ms) = (3, 0);
        if call.is_word(3, "idle") {
            idle_ms = call.integer(4)?;
            if args.len() < 8 {
                return Err(CommandError::SYNTAX);
            }
            first = 5;
        }
        let count = count_option(call, first + 2)?;
        let (start, end) = (interval_start(args.get(first))?, interval_end(args.get(first + 1))?);
        let consumer = (first + 3 < args.len()).then(|| args.get(first + 3));
        Ok(Self { idle_ms, start, end, count, consumer })
    }
}

/// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
fn xpending(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() != 3 && !(6..=9).contains(&call.args.len()) {
        return Err(CommandError::SYNTAX);
    }
    let query = if call.args.len() == 3 { None } else { Some(Query::parse(call)?) };
    let (key, name) = (call.key(1), call.args.get(2));
    let found = stream(&mut call.keys, &key)?;
    let group =
        found.and_then(|stream| stream.groups.get(name)).ok_or_else(|| no_key_or_group(key.bytes, name))?;
    match query {
        None => summary(call.reply, group),
        Some(query) => list(call.reply, group, &query, call.now.unix_ms()),
    }
    Ok(())
}

/// Write how many entries are pending, between which ids, and for whom.
fn summary(reply: &mut Reply, group: &Group) {
    reply.array(4);
    reply.integer(group.pending_count() as i64);
    let mut ids = group.pending_range(..).map(|(id, _)| id);
    let Some(first) = ids.next() else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    reply_id(reply, first);
    reply_id(reply, ids.next_back().unwrap_or(first));
    let begun = reply.begin();
    let mut count = 0;
    for consumer in group.consumers().filter(|consumer| consumer.pending_count() > 0) {
        reply.array(2);
        reply.bulk(consumer.name());
        reply.bulk_integer(consumer.pending_count() as i64);
        count += 1;
    }
    reply.end_array(begun, count);
}

/// Write pending entries.
fn list(reply: &mut Reply, group: &Group, query: &Query<'_>, now_ms: i64) {
    let Query { idle_ms, start, end, count, consumer } = *query;
    let is_idle = |pending: &Pending| idle_ms == 0 || now_ms.wrapping_sub(pending.delivered_ms) >= idle_ms;
    let begun = reply.begin();
    let mut written = 0;
    let mut write = |id: StreamId, pending: &Pending| {
        reply.array(4);
        reply_id(reply, id);
        reply.bulk(group.consumer(pending.consumer).name());
        reply.integer(now_ms.wrapping_sub(pending.delivered_ms).max(0));
        reply.integer(pending.deliveries as i64);
        written += 1;
    };
    let is_empty = start > end || count == 0;
    match consumer.map(|name| group.find(name)) {
        _ if is_empty => {}
        Some(None) => {}
        Some(Some(consumer)) => group
            .consumer(consumer)
            .pending(start..=end)
            .filter_map(|id| Some((id, group.pending(id)?)))
            .filter(|(_, pending)| is_idle(pending))
            .take(count)
            .for_each(|(id, pending)| write(id, &pending)),
        None => group
            .pending_range(start..=end)
            .filter(|(_, pending)| is_idle(pending))
            .take(count)
            .for_each(|(id, pending)| write(id, pending)),
    }
    reply.end_array(begun, written);
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::new("xpending", -3, CommandGroup::Stream, xpending)
    .flags(Flags::READONLY)
    .keys(&[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))])
    .tips(&["nondeterministic_output"])
    .usage("key group [[IDLE min-idle-time] start end count [consumer]]")
    .about("5.0.0", "Tell which entries a group has got and not acknowledged.")];
