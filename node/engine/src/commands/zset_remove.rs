//! Sorted sets: removing members by range, and from either end.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::list_move::{count_option, keys_counted};
use super::spec::{CommandSpec, Group};
use super::zset::{begin_pairs, reply_pair, tell_removed};
use super::zset_bounds::{MemberRange, Range, ScoreRange};
use super::zset_value::{ZsetEdit, ZsetRef};
use crate::collections::sorted_set::{Direction, ScoredMember};
use crate::keyspace::HashedKey;
use crate::resp::parse_i64;

/// ZREMRANGEBYRANK key start stop
fn zremrangebyrank(call: &mut Call<'_>) -> CommandResult {
    let range = Range::ranks(call.args.get(2), call.args.get(3))?;
    remove_range(call, range, "zremrangebyrank")
}

/// ZREMRANGEBYSCORE key min max
fn zremrangebyscore(call: &mut Call<'_>) -> CommandResult {
    let range = Range::Scores(ScoreRange::parse(call.args.get(2), call.args.get(3))?);
    remove_range(call, range, "zremrangebyscore")
}

/// ZREMRANGEBYLEX key min max
fn zremrangebylex(call: &mut Call<'_>) -> CommandResult {
    let range = Range::Members(MemberRange::parse(call.args.get(2), call.args.get(3))?);
    remove_range(call, range, "zremrangebylex")
}

fn remove_range(call: &mut Call<'_>, range: Range<'_>, event: &'static str) -> CommandResult {
    let key = call.key(1);
    let mut set = ZsetEdit::open(&mut call.keys, &call.server.config, &key)?;
    let (first, count) = set.get().map_or((0, 0), |set| range.among(set, Direction::Up));
    if count > 0 {
        set.remove_range(first, count, Direction::Up, |_| ());
        let gone = set.close();
        tell_removed(call, event, &key, gone);
    }
    call.reply.integer(count as i64);
    Ok(())
}

/// ZPOPMIN key [count]
fn zpopmin(call: &mut Call<'_>) -> CommandResult {
    pop(call, Direction::Up)
}

/// ZPOPMAX key [count]
fn zpopmax(call: &mut Call<'_>) -> CommandResult {
    pop(call, Direction::Down)
}

fn pop(call: &mut Call<'_>, from: Direction) -> CommandResult {
    let wanted = match call.args.len() {
        2 => None,
        3 => {
            let count = parse_i64(call.args.get(2)).and_then(|count| usize::try_from(count).ok());
            Some(count.ok_or(CommandError::text("ERR value is out of range, must be positive"))?)
        }
        _ => return Err(CommandError::SYNTAX),
    };
    let key = call.key(1);
    let mut set = ZsetEdit::open(&mut call.keys, &call.server.config, &key)?;
    let length = set.get().map_or(0, ZsetRef::len);
    let count = length.min(wanted.unwrap_or(1));
    if count == 0 {
        call.reply.array(0);
        return Ok(());
    }
    if wanted.is_some() {
        begin_pairs(call.reply, count);
        take(&mut set, length, from, count, |found| reply_pair(call.reply, found.member, found.score));
    } else {
        // One that was not asked for by number stands alone in both protocols.
        call.reply.array(2);
        take(&mut set, length, from, count, |found| {
            call.reply.bulk(found.member);
            call.reply.double(found.score);
        });
    }
    let gone = set.close();
    tell_popped(call, from, &key, gone);
    Ok(())
}

/// Take `count` of the `length` members of a sorted set, from the lowest scores up or from the highest down.
pub(super) fn take(
    set: &mut ZsetEdit<'_, '_>,
    length: usize,
    from: Direction,
    count: usize,
    visit: impl FnMut(ScoredMember<'_>),
) {
    let first = if from == Direction::Up { 0 } else { length - count };
    set.remove_range(first, count, from, visit);
}

/// Tell that members were taken from an end of a sorted set, which may be gone now.
pub(super) fn tell_popped(call: &mut Call<'_>, from: Direction, key: &HashedKey<'_>, gone: bool) {
    tell_removed(call, if from == Direction::Up { "zpopmin" } else { "zpopmax" }, key, gone);
}

/// ZMPOP numkeys key [key ...] MIN | MAX [COUNT count]
fn zmpop(call: &mut Call<'_>) -> CommandResult {
    let Popped { keys, from, count } = Popped::parse(call, 1)?;
    for index in keys {
        let key = call.key(index);
        if pop_from(call, &key, from, count)? {
            return Ok(());
        }
    }
    call.reply.null_array();
    Ok(())
}

/// What ZMPOP's arguments say.
pub(super) struct Popped {
    /// The arguments that are keys.
    pub keys: std::ops::Range<usize>,
    pub from: Direction,
    pub count: usize,
}

impl Popped {
    /// Read the arguments from the number of keys on.
    ///
    /// # Errors
    /// In Redis's words, for numbers below one and what does not belong there.
    pub fn parse(call: &Call<'_>, first: usize) -> Result<Self, CommandError> {
        let keys = keys_counted(call, first)?;
        if keys.end >= call.args.len() {
            return Err(CommandError::SYNTAX);
        }
        let from = if call.is_word(keys.end, "MIN") {
            Direction::Up
        } else if call.is_word(keys.end, "MAX") {
            Direction::Down
        } else {
            return Err(CommandError::SYNTAX);
        };
        let count = count_option(call, keys.end + 1)?;
        Ok(Self { keys, from, count })
    }
}

/// Take up to `count` members from an end of a sorted set, and write them behind the key; false, and nothing written,
/// if there is no such set.
///
/// # Errors
/// The key holds something else.
pub(super) fn pop_from(
    call: &mut Call<'_>,
    key: &HashedKey<'_>,
    from: Direction,
    count: usize,
) -> Result<bool, CommandError> {
    let mut set = ZsetEdit::open(&mut call.keys, &call.server.config, key)?;
    let length = set.get().map_or(0, ZsetRef::len);
    let count = length.min(count);
    if count == 0 {
        return Ok(false);
    }
    call.reply.array(2);
    call.reply.bulk(key.bytes);
    call.reply.array(count);
    take(&mut set, length, from, count, |found| {
        // Pairs in both protocols.
        call.reply.array(2);
        call.reply.bulk(found.member);
        call.reply.double(found.score);
    });
    let gone = set.close();
    tell_popped(call, from, key, gone);
    Ok(true)
}

const REMOVE: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::DELETE))];
const TAKEN: KeyFlags = KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE);
const TAKE: &[KeySpec] = &[KeySpec::one(1, TAKEN)];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("zremrangebyrank", 4, Group::SortedSet, zremrangebyrank)
        .flags(Flags::WRITE)
        .keys(REMOVE)
        .usage("key start stop")
        .about("2.0.0", "Remove the members in a range of ranks."),
    CommandSpec::new("zremrangebyscore", 4, Group::SortedSet, zremrangebyscore)
        .flags(Flags::WRITE)
        .keys(REMOVE)
        .usage("key min max")
        .about("1.2.0", "Remove the members with scores in a range."),
    CommandSpec::new("zremrangebylex", 4, Group::SortedSet, zremrangebylex)
        .flags(Flags::WRITE)
        .keys(REMOVE)
        .usage("key min max")
        .about("2.8.9", "Remove the members between two, in a set with one score."),
    CommandSpec::new("zpopmin", -2, Group::SortedSet, zpopmin)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(TAKE)
        .usage("key [count]")
        .about("5.0.0", "Remove the members with the lowest scores and give them."),
    CommandSpec::new("zpopmax", -2, Group::SortedSet, zpopmax)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(TAKE)
        .usage("key [count]")
        .about("5.0.0", "Remove the members with the highest scores and give them."),
    CommandSpec::new("zmpop", -4, Group::SortedSet, zmpop)
        .flags(Flags::WRITE)
        .keys(&[KeySpec::counted(1, 1, TAKEN)])
        .usage("numkeys key [key ...] <MIN | MAX> [COUNT count]")
        .about("7.0.0", "Remove members from the first of several sorted sets that has any, and give them."),
];
