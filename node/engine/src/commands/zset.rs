//! Sorted sets: members and their scores.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::spec::{CommandSpec, Group};
use super::zset_value::{ZsetEdit, ZsetRef};
use crate::keyspace::HashedKey;
use crate::resp::{Protocol, Reply, parse_score};
use crate::server::EventClass;

const NAN: CommandError = CommandError::text("ERR resulting score is not a number (NaN)");

/// On which conditions ZADD adds and changes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Conditions {
    pub only_new: bool,
    pub only_existing: bool,
    pub only_greater: bool,
    pub only_less: bool,
    /// Scores are added to the present ones.
    pub increment: bool,
    /// The reply counts changed members too.
    pub count_changed: bool,
}

impl Conditions {
    /// Read the options from argument 2 on; returns where the scores begin.
    fn parse(&mut self, call: &Call<'_>) -> usize {
        let mut index = 2;
        while index < call.args.len() {
            let field = match call.args.get(index) {
                word if word.eq_ignore_ascii_case(b"NX") => &mut self.only_new,
                word if word.eq_ignore_ascii_case(b"XX") => &mut self.only_existing,
                word if word.eq_ignore_ascii_case(b"CH") => &mut self.count_changed,
                word if word.eq_ignore_ascii_case(b"INCR") => &mut self.increment,
                word if word.eq_ignore_ascii_case(b"GT") => &mut self.only_greater,
                word if word.eq_ignore_ascii_case(b"LT") => &mut self.only_less,
                _ => break,
            };
            *field = true;
            index += 1;
        }
        index
    }

    fn check(&self, pairs: usize) -> CommandResult {
        if self.only_new && self.only_existing {
            return Err(CommandError::text("ERR XX and NX options at the same time are not compatible"));
        }
        let comparisons = [self.only_new, self.only_greater, self.only_less];
        if comparisons.into_iter().filter(|given| *given).count() > 1 {
            return Err(CommandError::text(
                "ERR GT, LT, and/or NX options at the same time are not compatible",
            ));
        }
        if self.increment && pairs > 1 {
            return Err(CommandError::text("ERR INCR option supports a single increment-element pair"));
        }
        Ok(())
    }

    /// What becomes of a member.
    fn apply(&self, old: Option<f64>, score: f64) -> Outcome {
        let Some(old) = old else {
            return if self.only_existing { Outcome::Nothing } else { Outcome::Added(score) };
        };
        if self.only_new {
            return Outcome::Nothing;
        }
        let score = if self.increment { old + score } else { score };
        if score.is_nan() {
            Outcome::NotANumber
        } else if (self.only_less && score >= old) || (self.only_greater && score <= old) {
            Outcome::Nothing
        } else if score == old {
            Outcome::Same(score)
        } else {
            Outcome::Changed(score)
        }
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Nothing,
    Same(f64),
    Added(f64),
    Changed(f64),
    NotANumber,
}

/// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
fn zadd(call: &mut Call<'_>) -> CommandResult {
    add(call, Conditions::default())
}

/// ZINCRBY key increment member
fn zincrby(call: &mut Call<'_>) -> CommandResult {
    add(call, Conditions { increment: true, ..Conditions::default() })
}

fn add(call: &mut Call<'_>, mut conditions: Conditions) -> CommandResult {
    let first = conditions.parse(call);
    let args = call.args;
    let rest = args.len() - first.min(args.len());
    if rest == 0 || rest % 2 == 1 {
        return Err(CommandError::SYNTAX);
    }
    let pairs = rest / 2;
    conditions.check(pairs)?;
    let pair_at = |index| -> Result<(f64, &[u8]), CommandError> {
        let score = parse_score(args.get(index)).ok_or(CommandError::NOT_A_FLOAT)?;
        Ok((score, args.get(index + 1)))
    };
    if pairs == 1 {
        return add_pairs(call, &conditions, &[pair_at(first)?]);
    }
    // All scores are read before anything is changed.
    let pairs: Result<Vec<_>, CommandError> = (0..pairs).map(|pair| pair_at(first + 2 * pair)).collect();
    add_pairs(call, &conditions, &pairs?)
}

/// Add members with scores to the sorted set in argument 1, and reply what came of it.
///
/// # Errors
/// The key holds something else; a sum is not a number.
pub(super) fn add_pairs(
    call: &mut Call<'_>,
    conditions: &Conditions,
    pairs: &[(f64, &[u8])],
) -> CommandResult {
    let key = call.key(1);
    let mut set = ZsetEdit::open(&mut call.keys, &call.server.config, &key)?;
    let (mut added, mut changed) = (0, 0);
    let mut result = None;
    let mut failed = false;
    if !(set.is_missing() && conditions.only_existing) {
        set.expect(pairs.len(), pairs.first().map_or(0, |(_, member)| member.len()));
        for (score, member) in pairs {
            let mut outcome = Outcome::Nothing;
            set.update(member, |old| {
                outcome = conditions.apply(old, *score);
                match outcome {
                    Outcome::Added(score) | Outcome::Changed(score) => Some(score),
                    Outcome::Nothing | Outcome::Same(_) | Outcome::NotANumber => None,
                }
            });
            match outcome {
                Outcome::Nothing => {}
                Outcome::Same(score) => result = Some(score),
                Outcome::Added(score) => (added, result) = (added + 1, Some(score)),
                Outcome::Changed(score) => (changed, result) = (changed + 1, Some(score)),
                Outcome::NotANumber => failed = true,
            }
        }
        if added == 0 {
            set.close();
        }
    }
    if added + changed > 0 {
        let event = if conditions.increment { "zincr" } else { "zadd" };
        call.changed(EventClass::SORTED_SET, event, &key);
    }
    match (failed, conditions.increment, result) {
        (true, _, _) => return Err(NAN),
        (_, true, Some(score)) => call.reply.double(score),
        (_, true, None) => call.reply.null(),
        _ if conditions.count_changed => call.reply.integer(added + changed),
        _ => call.reply.integer(added),
    }
    Ok(())
}

/// Tell that members were removed from a sorted set, which may be gone.
pub(super) fn tell_removed(call: &mut Call<'_>, event: &'static str, key: &HashedKey<'_>, gone: bool) {
    call.changed(EventClass::SORTED_SET, event, key);
    if gone {
        call.noted(EventClass::GENERIC, "del", key);
    }
}

/// Write a member with its score: a pair in RESP3, one after the other in RESP2.
#[inline]
pub(super) fn reply_pair(reply: &mut Reply, member: &[u8], score: f64) {
    if reply.protocol == Protocol::Resp3 {
        reply.array(2);
    }
    reply.bulk(member);
    reply.double(score);
}

/// Start the array of `count` pairs that [`reply_pair`] writes.
pub(super) fn begin_pairs(reply: &mut Reply, count: usize) {
    reply.array(if reply.protocol == Protocol::Resp3 { count } else { 2 * count });
}

/// ZREM key member [member ...]
fn zrem(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let mut set = ZsetEdit::open(&mut call.keys, &call.server.config, &key)?;
    let mut removed = 0;
    let mut gone = false;
    for member in call.args.iter_from(2) {
        if set.is_missing() {
            break;
        }
        if set.remove(member) {
            removed += 1;
            gone = set.close();
        }
    }
    if removed > 0 {
        tell_removed(call, "zrem", &key, gone);
    }
    call.reply.integer(removed);
    Ok(())
}

/// ZSCORE key member
fn zscore(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let score = ZsetRef::read(&mut call.keys, &key)?.and_then(|set| set.score(call.args.get(2)));
    reply_score(call.reply, score);
    Ok(())
}

fn reply_score(reply: &mut Reply, score: Option<f64>) {
    match score {
        Some(score) => reply.double(score),
        None => reply.null(),
    }
}

/// ZMSCORE key member [member ...]
fn zmscore(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let set = ZsetRef::read(&mut call.keys, &key)?;
    call.reply.array(call.args.len() - 2);
    for member in call.args.iter_from(2) {
        reply_score(call.reply, set.and_then(|set| set.score(member)));
    }
    Ok(())
}

/// ZCARD key
fn zcard(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let count = ZsetRef::read(&mut call.keys, &key)?.map_or(0, ZsetRef::len);
    call.reply.integer(count as i64);
    Ok(())
}

const READ: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];
const FAST_READ: Flags = Flags::READONLY.union(Flags::FAST);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("zadd", -4, Group::SortedSet, zadd)
        .flags(Flags::WRITE.union(Flags::DENYOOM).union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::UPDATE))])
        .usage("key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]")
        .about("1.2.0", "Add members to a sorted set, or change their scores."),
    CommandSpec::new("zincrby", 4, Group::SortedSet, zincrby)
        .flags(Flags::WRITE.union(Flags::DENYOOM).union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::UPDATE))])
        .usage("key increment member")
        .about("1.2.0", "Add a number to the score of a member."),
    CommandSpec::new("zrem", -3, Group::SortedSet, zrem)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::DELETE))])
        .usage("key member [member ...]")
        .about("1.2.0", "Remove members from a sorted set."),
    CommandSpec::new("zscore", 3, Group::SortedSet, zscore)
        .flags(FAST_READ)
        .keys(READ)
        .usage("key member")
        .about("1.2.0", "Give the score of a member."),
    CommandSpec::new("zmscore", -3, Group::SortedSet, zmscore)
        .flags(FAST_READ)
        .keys(READ)
        .usage("key member [member ...]")
        .about("6.2.0", "Give the scores of several members."),
    CommandSpec::new("zcard", 2, Group::SortedSet, zcard)
        .flags(FAST_READ)
        .keys(&[KeySpec::one(1, KeyFlags::RO)])
        .usage("key")
        .about("1.2.0", "Count the members of a sorted set."),
];
