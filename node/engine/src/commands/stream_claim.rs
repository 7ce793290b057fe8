//! XCLAIM and XAUTOCLAIM.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group as CommandGroup, Handler, KeyFlags, KeySpec};
use super::stream_access::{
    interval_start, log_and_group, no_key_or_group, quoting, reply_entry, reply_id, strict_id,
};
use crate::collections::stream::{Claim, ConsumerKey, Group, Pending, StreamId};
use crate::keyspace::HashedKey;
use crate::resp::{Reply, parse_i64};
use crate::server::EventClass;

/// XAUTOCLAIM looks at so many entries for each that it may claim.
const ATTEMPTS_PER_CLAIM: usize = 10;
/// How many entries XAUTOCLAIM claims unless told otherwise.
const COUNT_DEFAULT: usize = 100;
/// The most it can be told: Redis multiplies the number by sixteen.
const COUNT_MAX: i64 = i64::MAX / 16;

/// Argument `index` as an integer.
///
/// # Errors
/// `message` if it is none.
fn integer(call: &Call<'_>, index: usize, message: &'static str) -> Result<i64, CommandError> {
    parse_i64(call.args.get(index)).ok_or(CommandError::text(message))
}

/// XCLAIM's options.
struct Options {
    delivered_ms: i64,
    deliveries: Option<u64>,
    force: bool,
    only_ids: bool,
    last_id: StreamId,
}

impl Options {
    /// Read the options from argument `first` on.
    fn parse(call: &Call<'_>, first: usize) -> Result<Self, CommandError> {
        let now_ms = call.now.unix_ms();
        let mut options = Self {
            delivered_ms: now_ms,
            deliveries: None,
            force: false,
            only_ids: false,
            last_id: StreamId::MIN,
        };
        let mut index = first;
        while index < call.args.len() {
            let value = index + 1;
            let has_value = value < call.args.len();
            index += 2;
            if call.is_word(value - 1, "force") {
                options.force = true;
                index -= 1;
            } else if call.is_word(value - 1, "justid") {
                options.only_ids = true;
                index -= 1;
            } else if has_value && call.is_word(value - 1, "idle") {
                let idle_ms = integer(call, value, "ERR Invalid IDLE option argument for XCLAIM")?;
                options.delivered_ms = now_ms.wrapping_sub(idle_ms);
            } else if has_value && call.is_word(value - 1, "time") {
                options.delivered_ms = integer(call, value, "ERR Invalid TIME option argument for XCLAIM")?;
            } else if has_value && call.is_word(value - 1, "retrycount") {
                let count = integer(call, value, "ERR Invalid RETRYCOUNT option argument for XCLAIM")?;
                options.deliveries = u64::try_from(count).ok();
            } else if has_value && call.is_word(value - 1, "lastid") {
                options.last_id = strict_id(call.args.get(value), 0)?;
            } else {
                return Err(quoting(&[b"ERR Unrecognized XCLAIM option '", call.args.get(value - 1), b"'"]));
            }
        }
        // A client whose clock is wrong is helped more by a time that is possible than by an error.
        if !(0..=now_ms).contains(&options.delivered_ms) {
            options.delivered_ms = now_ms;
        }
        Ok(options)
    }
}

/// The consumer of this name, who asks for something now, and whether it is new.
fn find_or_add(group: &mut Group, name: &[u8], now_ms: i64) -> (ConsumerKey, bool) {
    let known = group.find(name);
    let consumer = known.unwrap_or_else(|| group.add_consumer(name, now_ms));
    group.consumer_mut(consumer).seen_ms = now_ms;
    (consumer, known.is_none())
}

/// Count changes, and tell of a consumer that is new.
fn finish(call: &mut Call<'_>, key: &HashedKey<'_>, changes: u64, is_new: bool) {
    call.dirty += changes;
    if is_new {
        call.told(EventClass::STREAM, "xgroup-createconsumer", key);
    }
}

/// XCLAIM key group consumer min-idle-time id [id ...] [IDLE milliseconds | TIME unix-milliseconds]
/// [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]
fn xclaim(call: &mut Call<'_>) -> CommandResult {
    let (key, args, now_ms) = (call.key(1), call.args, call.now.unix_ms());
    let no_group = || no_key_or_group(key.bytes, args.get(2));
    log_and_group(&mut call.keys, &key, args.get(2))?.ok_or_else(no_group)?;
    let min_idle_ms = integer(call, 4, "ERR Invalid min-idle-time argument for XCLAIM")?;
    let ids: Vec<StreamId> = args.iter_from(5).map_while(|text| strict_id(text, 0).ok()).collect();
    let options = Options::parse(call, 5 + ids.len())?;

    let (log, group) = log_and_group(&mut call.keys, &key, args.get(2))?.ok_or_else(no_group)?;
    group.last_id = group.last_id.max(options.last_id);
    let (consumer, is_new) = find_or_add(group, args.get(3), now_ms);
    let claim = Claim {
        consumer,
        delivered_ms: options.delivered_ms,
        deliveries: options.deliveries,
        silent: options.only_ids,
    };
    let reply = &mut *call.reply;
    let begun = reply.begin();
    let (mut claimed, mut forgotten) = (0, 0);
    for id in ids {
        let Some(entry) = log.range(id, id).next() else {
            forgotten += u64::from(group.acknowledge(id));
            continue;
        };
        match group.pending(id) {
            None if !options.force => continue,
            Some(pending) if is_busy(now_ms, pending.delivered_ms, min_idle_ms) => continue,
            _ => group.claim(id, claim),
        }
        if options.only_ids {
            reply_id(reply, id)
        } else {
            reply_entry(reply, entry)
        }
        claimed += 1;
    }
    if claimed > 0 {
        group.consumer_mut(consumer).active_ms = Some(now_ms);
    }
    reply.end_array(begun, claimed);
    finish(call, &key, claimed as u64 + forgotten, is_new);
    Ok(())
}

/// Whether an entry was delivered too short a time ago to be claimed.
fn is_busy(now_ms: i64, delivered_ms: i64, min_idle_ms: i64) -> bool {
    min_idle_ms > 0 && now_ms.wrapping_sub(delivered_ms) < min_idle_ms
}

/// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
fn xautoclaim(call: &mut Call<'_>) -> CommandResult {
    let min_idle_ms = integer(call, 4, "ERR Invalid min-idle-time argument for XAUTOCLAIM")?;
    let mut next = Some(interval_start(call.args.get(5))?);
    let (mut count, mut only_ids) = (COUNT_DEFAULT, false);
    let mut index = 6;
    while index < call.args.len() {
        if index + 1 < call.args.len() && call.is_word(index, "count") {
            let number = call.integer(index + 1).ok().filter(|number| (1..=COUNT_MAX).contains(number));
            count = number.ok_or(CommandError::text("ERR COUNT must be > 0"))? as usize;
            index += 2;
        } else if call.is_word(index, "justid") {
            only_ids = true;
            index += 1;
        } else {
            return Err(CommandError::SYNTAX);
        }
    }
    let (key, args, now_ms) = (call.key(1), call.args, call.now.unix_ms());
    let (log, group) = log_and_group(&mut call.keys, &key, args.get(2))?
        .ok_or_else(|| no_key_or_group(key.bytes, args.get(2)))?;
    let (consumer, is_new) = find_or_add(group, args.get(3), now_ms);
    let claim = Claim { consumer, delivered_ms: now_ms, deliveries: None, silent: only_ids };

    let (mut claimed, mut deleted) = (Vec::new(), Vec::new());
    let mut attempts = count.saturating_mul(ATTEMPTS_PER_CLAIM);
    while attempts > 0 && claimed.len() + deleted.len() < count {
        let Some((id, pending)) = first_pending(group, next) else { break };
        attempts -= 1;
        next = id.next();
        if !log.contains(id) {
            group.acknowledge(id);
            deleted.push(id);
        } else if !is_busy(now_ms, pending.delivered_ms, min_idle_ms) {
            group.claim(id, claim);
            claimed.push(id);
        }
    }
    if !claimed.is_empty() {
        group.consumer_mut(consumer).active_ms = Some(now_ms);
    }
    call.reply.array(3);
    reply_id(call.reply, first_pending(group, next).map_or(StreamId::MIN, |(id, _)| id));
    if only_ids {
        reply_ids(call.reply, &claimed);
    } else {
        call.reply.array(claimed.len());
        claimed.iter().flat_map(|id| log.range(*id, *id)).for_each(|entry| reply_entry(call.reply, entry));
    }
    reply_ids(call.reply, &deleted);
    finish(call, &key, (claimed.len() + deleted.len()) as u64, is_new);
    Ok(())
}

/// The first pending entry from an id on.
fn first_pending(group: &Group, start: Option<StreamId>) -> Option<(StreamId, Pending)> {
    group.pending_range(start?..).next().map(|(id, pending)| (id, *pending))
}

fn reply_ids(reply: &mut Reply, ids: &[StreamId]) {
    reply.array(ids.len());
    ids.iter().for_each(|id| reply_id(reply, *id));
}

const fn row(name: &'static str, handler: Handler, key_flags: &'static [KeySpec]) -> CommandSpec {
    CommandSpec::new(name, -6, CommandGroup::Stream, handler)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(key_flags)
        .tips(&["nondeterministic_output"])
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    row("xclaim", xclaim, &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::UPDATE))])
        .usage(
            "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME \
             unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
        )
        .about("5.0.0", "Give pending entries to another consumer."),
    row("xautoclaim", xautoclaim, &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::DELETE))])
        .usage("key group consumer min-idle-time start [COUNT count] [JUSTID]")
        .about("6.2.0", "Give entries that are pending for long to another consumer, from an id on."),
];
