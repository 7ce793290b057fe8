//! Streams: reading ranges of entries.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::stream_access::{count_option, interval_end, interval_start, reply_entries, stream};

/// XRANGE key start end [COUNT count]
fn xrange(call: &mut Call<'_>) -> CommandResult {
    range(call, false)
}

/// XREVRANGE key end start [COUNT count]
fn xrevrange(call: &mut Call<'_>) -> CommandResult {
    range(call, true)
}

fn range(call: &mut Call<'_>, backward: bool) -> CommandResult {
    let (start, end) = if backward { (3, 2) } else { (2, 3) };
    let (start, end) = (interval_start(call.args.get(start))?, interval_end(call.args.get(end))?);
    let mut count = usize::MAX;
    let mut index = 4;
    while index < call.args.len() {
        if !call.is_word(index, "count") || index + 1 == call.args.len() {
            return Err(CommandError::SYNTAX);
        }
        count = count_option(call, index + 1)?;
        index += 2;
    }
    let key = call.key(1);
    let Some(stream) = stream(&mut call.keys, &key)? else {
        call.reply.array(0);
        return Ok(());
    };
    if count == 0 {
        call.reply.null_array();
    } else if backward {
        reply_entries(call.reply, stream.log.range_backward(start, end).take(count));
    } else {
        reply_entries(call.reply, stream.log.range(start, end).take(count));
    }
    Ok(())
}

const KEY: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("xrange", -4, Group::Stream, xrange)
        .flags(Flags::READONLY)
        .keys(KEY)
        .usage("key start end [COUNT count]")
        .about("5.0.0", "Give the entries of a stream with ids in an interval."),
    CommandSpec::new("xrevrange", -4, Group::Stream, xrevrange)
        .flags(Flags::READONLY)
        .keys(KEY)
        .usage("key end start [COUNT count]")
        .about("5.0.0", "Give the entries of a stream with ids in an interval, the last ones first."),
];
