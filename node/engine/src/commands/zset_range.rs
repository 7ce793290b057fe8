//! Sorted sets: their members in a range.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::spec::{CommandSpec, Group};
use super::zset::{begin_pairs, reply_pair};
use super::zset_bounds::{MemberRange, Range, ScoreRange};
use super::zset_store::store;
use super::zset_value::ZsetRef;
use crate::collections::sorted_set::{Direction, ScoredMember};

/// By what a range is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Member,
}

/// What a command's name leaves to its options.
#[derive(Clone, Copy)]
struct Given {
    by: Option<By>,
    direction: Option<Direction>,
    /// The result is stored, so it has its scores anyway.
    stores: bool,
}

/// What is asked for.
struct Query<'a> {
    range: Range<'a>,
    direction: Direction,
    with_scores: bool,
    offset: i64,
    /// Negative: no limit.
    limit: i64,
}

impl<'a> Query<'a> {
    /// Read the arguments behind the key, which is argument `key`.
    fn parse(call: &Call<'a>, key: usize, given: Given) -> Result<Self, CommandError> {
        let args = call.args;
        let Given { mut by, mut direction, stores } = given;
        let (mut with_scores, mut offset, mut limit) = (false, 0, -1);
        let mut index = key + 3;
        while index < args.len() {
            if !stores && call.is_word(index, "WITHSCORES") {
                with_scores = true;
            } else if call.is_word(index, "LIMIT") && index + 2 < args.len() {
                (offset, limit) = (call.integer(index + 1)?, call.integer(index + 2)?);
                index += 2;
            } else if direction.is_none() && call.is_word(index, "REV") {
                direction = Some(Direction::Down);
            } else if by.is_none() && call.is_word(index, "BYLEX") {
                by = Some(By::Member);
            } else if by.is_none() && call.is_word(index, "BYSCORE") {
                by = Some(By::Score);
            } else {
                return Err(CommandError::SYNTAX);
            }
            index += 1;
        }
        let (by, direction) = (by.unwrap_or(By::Rank), direction.unwrap_or(Direction::Up));
        if limit != -1 && by == By::Rank {
            return Err(CommandError::text(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if with_scores && by == By::Member {
            return Err(CommandError::text(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let (start, end) = (args.get(key + 1), args.get(key + 2));
        let (low, high) = if direction == Direction::Up { (start, end) } else { (end, start) };
        let range = match by {
            By::Rank => Range::ranks(start, end)?,
            By::Score => Range::Scores(ScoreRange::parse(low, high)?),
            By::Member => Range::Members(MemberRange::parse(low, high)?),
        };
        Ok(Self { range, direction, with_scores, offset, limit })
    }

    /// The rank to begin at and how many members to give, in this direction.
    fn among(&self, set: ZsetRef<'_>) -> (usize, usize) {
        let (first, count) = self.range.among(set, self.direction);
        let skipped = if let Ok(offset) = usize::try_from(self.offset) {
            offset
        } else if set.is_skiplist() {
            // Redis's skip list takes a negative offset as a place counted from the range's other end.
            usize::try_from(self.offset.saturating_add(count as i64)).unwrap_or(count)
        } else {
            count
        };
        let Some(left) = count.checked_sub(skipped).filter(|left| *left > 0) else { return (0, 0) };
        let begin = match self.direction {
            Direction::Up => first + skipped,
            Direction::Down => first + count - 1 - skipped,
        };
        (begin, usize::try_from(self.limit).map_or(left, |limit| left.min(limit)))
    }
}

fn range(call: &mut Call<'_>, given: Given) -> CommandResult {
    let query = Query::parse(call, 1, given)?;
    let key = call.key(1);
    let Some(set) = ZsetRef::read(&mut call.keys, &key)? else {
        call.reply.array(0);
        return Ok(());
    };
    let (begin, count) = query.among(set);
    let members = set.iter(begin, query.direction).take(count);
    if query.with_scores {
        begin_pairs(call.reply, count);
        members.for_each(|found| reply_pair(call.reply, found.member, found.score));
    } else {
        call.reply.array(count);
        members.for_each(|found| call.reply.bulk(found.member));
    }
    Ok(())
}

/// ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
fn zrange(call: &mut Call<'_>) -> CommandResult {
    range(call, Given { by: None, direction: None, stores: false })
}

/// ZREVRANGE key start stop [WITHSCORES]
fn zrevrange(call: &mut Call<'_>) -> CommandResult {
    range(call, Given { by: Some(By::Rank), direction: Some(Direction::Down), stores: false })
}

/// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
fn zrangebyscore(call: &mut Call<'_>) -> CommandResult {
    range(call, Given { by: Some(By::Score), direction: Some(Direction::Up), stores: false })
}

/// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
fn zrevrangebyscore(call: &mut Call<'_>) -> CommandResult {
    range(call, Given { by: Some(By::Score), direction: Some(Direction::Down), stores: false })
}

/// ZRANGEBYLEX key min max [LIMIT offset count]
fn zrangebylex(call: &mut Call<'_>) -> CommandResult {
    range(call, Given { by: Some(By::Member), direction: Some(Direction::Up), stores: false })
}

/// ZREVRANGEBYLEX key max min [LIMIT offset count]
fn zrevrangebylex(call: &mut Call<'_>) -> CommandResult {
    range(call, Given { by: Some(By::Member), direction: Some(Direction::Down), stores: false })
}

/// ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]
fn zrangestore(call: &mut Call<'_>) -> CommandResult {
    let query = Query::parse(call, 2, Given { by: None, direction: None, stores: true })?;
    let source = call.key(2);
    let mut members: Vec<(Vec<u8>, f64)> = Vec::new();
    if let Some(set) = ZsetRef::read(&mut call.keys, &source)? {
        let (begin, count) = query.among(set);
        let copy = |found: ScoredMember<'_>| (found.member.to_vec(), found.score);
        members.extend(set.iter(begin, query.direction).take(count).map(copy));
    }
    let members = members.iter().map(|(member, score)| ScoredMember { score: *score, member });
    store(call, 1, members, "zrangestore")
}

const READ: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("zrange", -4, Group::SortedSet, zrange)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]")
        .about("1.2.0", "Give the members in a range of ranks, scores or members."),
    CommandSpec::new("zrevrange", -4, Group::SortedSet, zrevrange)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key start stop [WITHSCORES]")
        .about("1.2.0", "Give the members in a range of ranks, the highest score first."),
    CommandSpec::new("zrangebyscore", -4, Group::SortedSet, zrangebyscore)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key min max [WITHSCORES] [LIMIT offset count]")
        .about("1.0.5", "Give the members with scores in a range."),
    CommandSpec::new("zrevrangebyscore", -4, Group::SortedSet, zrevrangebyscore)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key max min [WITHSCORES] [LIMIT offset count]")
        .about("2.2.0", "Give the members with scores in a range, the highest first."),
    CommandSpec::new("zrangebylex", -4, Group::SortedSet, zrangebylex)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key min max [LIMIT offset count]")
        .about("2.8.9", "Give the members between two, in a set with one score."),
    CommandSpec::new("zrevrangebylex", -4, Group::SortedSet, zrevrangebylex)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key max min [LIMIT offset count]")
        .about("2.8.9", "Give the members between two, in a set with one score, the greatest first."),
    CommandSpec::new("zrangestore", -5, Group::SortedSet, zrangestore)
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(&[
            KeySpec::one(1, KeyFlags::OW.union(KeyFlags::UPDATE)),
            KeySpec::one(2, KeyFlags::RO.union(KeyFlags::ACCESS)),
        ])
        .usage("dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]")
        .about("6.2.0", "Store the members in a range as another sorted set."),
];
