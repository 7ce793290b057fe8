//! Sorted sets: members at random, and all of them step by step.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::sampling::{checked_repeats, sample, sampling_count};
use super::scan_options::{ScanOptions, Scanned, cursor};
use super::spec::{CommandSpec, Group};
use super::zset::{begin_pairs, reply_pair};
use super::zset_value::ZsetRef;
use crate::collections::sorted_set::{Direction, ScoredMember};
use crate::resp::format_double;

/// ZRANDMEMBER key [count [WITHSCORES]]
fn zrandmember(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() > 2 {
        return random_members(call);
    }
    let key = call.key(1);
    let rng = &mut call.server.rng;
    let found = ZsetRef::read(&mut call.keys, &key)?
        .and_then(|set| set.iter(rng.below(set.len() as u64) as usize, Direction::Up).next());
    match found {
        Some(found) => call.reply.bulk(found.member),
        None => call.reply.null(),
    }
    Ok(())
}

fn random_members(call: &mut Call<'_>) -> CommandResult {
    let count = sampling_count(call, 2)?;
    let with_scores = match call.args.len() {
        3 => false,
        4 if call.is_word(3, "WITHSCORES") => true,
        _ => return Err(CommandError::SYNTAX),
    };
    if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(CommandError::text("ERR value is out of range"));
    }
    let key = call.key(1);
    let rng = &mut call.server.rng;
    let mut members: Vec<ScoredMember<'_>> = Vec::new();
    if let Some(set) = ZsetRef::read(&mut call.keys, &key)? {
        let length = set.len();
        let at = |rank| set.iter(rank, Direction::Up).next();
        if count < 0 {
            let repeats = checked_repeats(count)?;
            members.extend((0..repeats).filter_map(|_| at(rng.below(length as u64) as usize)));
        } else if count as usize >= length {
            members.extend(set.iter(length - 1, Direction::Down));
        } else {
            members.extend(sample(rng, length, count as usize).into_iter().filter_map(at));
        }
    }
    if with_scores {
        begin_pairs(call.reply, members.len());
        members.iter().for_each(|found| reply_pair(call.reply, found.member, found.score));
    } else {
        call.reply.array(members.len());
        members.iter().for_each(|found| call.reply.bulk(found.member));
    }
    Ok(())
}

/// ZSCAN key cursor [MATCH pattern] [COUNT count] [NOSCORES]
fn zscan(call: &mut Call<'_>) -> CommandResult {
    let cursor = cursor(call, 2)?;
    let key = call.key(1);
    let Some(set) = ZsetRef::read(&mut call.keys, &key)? else {
        // The options of a scan over nothing are not looked at.
        call.reply.array(2);
        call.reply.bulk(b"0");
        call.reply.array(0);
        return Ok(());
    };
    let options = ScanOptions::parse(call.args, 3, Scanned::SortedSet)?;
    let mut found: Vec<ScoredMember<'_>> = Vec::new();
    let next = match set {
        ZsetRef::Object(set) if set.skiplist => set.scan(cursor, options.count, |member| {
            if options.matches(member.member) {
                found.push(member);
            }
        }),
        // A small one is given at once.
        _ => {
            found.extend(set.iter(0, Direction::Up).filter(|member| options.matches(member.member)));
            0
        }
    };
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    call.reply.array(if options.names_only { found.len() } else { 2 * found.len() });
    for member in found {
        call.reply.bulk(member.member);
        if !options.names_only {
            call.reply.bulk(format_double(member.score).as_bytes());
        }
    }
    Ok(())
}

const READ: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("zrandmember", -2, Group::SortedSet, zrandmember)
        .usage("key [count [WITHSCORES]]")
        .flags(Flags::READONLY)
        .keys(READ)
        .tips(&["nondeterministic_output"])
        .about("6.2.0", "Give members of a sorted set at random."),
    CommandSpec::new("zscan", -3, Group::SortedSet, zscan)
        .usage("key cursor [MATCH pattern] [COUNT count] [NOSCORES]")
        .flags(Flags::READONLY)
        .keys(READ)
        .tips(&["nondeterministic_output"])
        .about("2.8.0", "List some members of a sorted set, and a cursor to go on from."),
];
