//! Sorted sets: ranks of members, and how many are in a range.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::spec::{CommandSpec, Group};
use super::zset_bounds::{MemberRange, Range, ScoreRange};
use super::zset_value::ZsetRef;
use crate::collections::sorted_set::{Direction, Place, ScoredMember};

/// ZRANK key member [WITHSCORE]
fn zrank(call: &mut Call<'_>) -> CommandResult {
    rank(call, Direction::Up)
}

/// ZREVRANK key member [WITHSCORE]
fn zrevrank(call: &mut Call<'_>) -> CommandResult {
    rank(call, Direction::Down)
}

fn rank(call: &mut Call<'_>, direction: Direction) -> CommandResult {
    let with_score = match call.args.len() {
        3 => false,
        4 if call.is_word(3, "WITHSCORE") => true,
        4 => return Err(CommandError::SYNTAX),
        _ => return Err(CommandError::wrong_arity(call.spec.name)),
    };
    let key = call.key(1);
    let member = call.args.get(2);
    let set = ZsetRef::read(&mut call.keys, &key)?;
    let Some((set, score)) = set.and_then(|set| set.score(member).map(|score| (set, score))) else {
        if with_score {
            call.reply.null_array();
        } else {
            call.reply.null();
        }
        return Ok(());
    };
    let rank = set.rank(&Place::At(ScoredMember { score, member }));
    let rank = if direction == Direction::Up { rank } else { set.len() - 1 - rank };
    if with_score {
        call.reply.array(2);
    }
    call.reply.integer(rank as i64);
    if with_score {
        call.reply.double(score);
    }
    Ok(())
}

/// ZCOUNT key min max
fn zcount(call: &mut Call<'_>) -> CommandResult {
    let range = Range::Scores(ScoreRange::parse(call.args.get(2), call.args.get(3))?);
    count(call, range)
}

/// ZLEXCOUNT key min max
fn zlexcount(call: &mut Call<'_>) -> CommandResult {
    let range = Range::Members(MemberRange::parse(call.args.get(2), call.args.get(3))?);
    count(call, range)
}

fn count(call: &mut Call<'_>, range: Range<'_>) -> CommandResult {
    let key = call.key(1);
    let set = ZsetRef::read(&mut call.keys, &key)?;
    let count = set.map_or(0, |set| range.among(set, Direction::Up).1);
    call.reply.integer(count as i64);
    Ok(())
}

const READ: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];
const FAST_READ: Flags = Flags::READONLY.union(Flags::FAST);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("zrank", -3, Group::SortedSet, zrank)
        .flags(FAST_READ)
        .keys(READ)
        .usage("key member [WITHSCORE]")
        .about("2.0.0", "Give the rank of a member, the lowest score first."),
    CommandSpec::new("zrevrank", -3, Group::SortedSet, zrevrank)
        .flags(FAST_READ)
        .keys(READ)
        .usage("key member [WITHSCORE]")
        .about("2.0.0", "Give the rank of a member, the highest score first."),
    CommandSpec::new("zcount", 4, Group::SortedSet, zcount)
        .flags(FAST_READ)
        .keys(READ)
        .usage("key min max")
        .about("2.0.0", "Count the members with scores in a range."),
    CommandSpec::new("zlexcount", 4, Group::SortedSet, zlexcount)
        .flags(FAST_READ)
        .keys(READ)
        .usage("key min max")
        .about("2.8.9", "Count the members between two, in a set with one score."),
];
