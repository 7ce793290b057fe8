//! Sorted sets: unions, intersections and differences, of sorted sets and of sets, whose members all have score 1.

use std::borrow::Cow;
use std::collections::HashMap;

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::spec::{CommandSpec, Group};
use super::zset::{begin_pairs, reply_pair};
use super::zset_store::store;
use super::zset_value::ZsetRef;
use crate::collections::sorted_set::{Direction, ScoredMember};
use crate::collections::{Member, SetView};
use crate::keyspace::{Database, HashedKey, ValueType};
use crate::resp::{parse_i64, parse_score};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// What to make of several scores of a member.
#[derive(Clone, Copy)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Sum => zero_if_nan(one + other),
            Self::Min if other < one => other,
            Self::Max if other > one => other,
            Self::Min | Self::Max => one,
        }
    }
}

/// Infinity less infinity, and infinity times zero, count as zero.
fn zero_if_nan(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// What the arguments say.
struct Query<'a> {
    /// The keys that exist.
    sources: Vec<Option<HashedKey<'a>>>,
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    /// 0: none.
    limit: usize,
}

/// What may be asked for beside the keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Reply,
    Store,
    Count,
}

impl<'a> Query<'a> {
    /// Read the arguments from the number of keys, argument `first`, on.
    fn parse(
        call: &mut Call<'a>,
        first: usize,
        operation: Operation,
        purpose: Purpose,
    ) -> Result<Self, CommandError> {
        let count = call.integer(first)?;
        let Some(count) = usize::try_from(count).ok().filter(|count| *count > 0) else {
            let name = call.spec.name;
            return Err(CommandError::new(format!(
                "ERR at least 1 input key is needed for '{name}' command"
            )));
        };
        if count > call.args.len() - first - 1 {
            return Err(CommandError::SYNTAX);
        }
        let mut sources = Vec::with_capacity(count);
        for index in first + 1..=first + count {
            let key = call.key(index);
            let found = call.keys.read(&key).map(|entry| entry.value_type());
            sources.push(match found {
                None => None,
                Some(ValueType::SortedSet | ValueType::Set) => Some(key),
                Some(_) => return Err(CommandError::WRONG_TYPE),
            });
        }
        let mut query = Self {
            sources,
            weights: vec![1.0; count],
            aggregate: Aggregate::Sum,
            with_scores: false,
            limit: 0,
        };
        query.parse_options(call, first + 1 + count, operation, purpose)?;
        Ok(query)
    }

    fn parse_options(
        &mut self,
        call: &Call<'a>,
        mut index: usize,
        operation: Operation,
        purpose: Purpose,
    ) -> CommandResult {
        let aggregates = operation != Operation::Difference && purpose != Purpose::Count;
        while index < call.args.len() {
            let left = call.args.len() - index;
            if aggregates && left > self.weights.len() && call.is_word(index, "WEIGHTS") {
                for weight in &mut self.weights {
                    index += 1;
                    *weight = parse_score(call.args.get(index))
                        .ok_or(CommandError::text("ERR weight value is not a float"))?;
                }
            } else if aggregates && left >= 2 && call.is_word(index, "AGGREGATE") {
                index += 1;
                self.aggregate = match call.args.get(index) {
                    word if word.eq_ignore_ascii_case(b"SUM") => Aggregate::Sum,
                    word if word.eq_ignore_ascii_case(b"MIN") => Aggregate::Min,
                    word if word.eq_ignore_ascii_case(b"MAX") => Aggregate::Max,
                    _ => return Err(CommandError::SYNTAX),
                };
            } else if purpose == Purpose::Reply && call.is_word(index, "WITHSCORES") {
                self.with_scores = true;
            } else if purpose == Purpose::Count && left >= 2 && call.is_word(index, "LIMIT") {
                index += 1;
                let limit = parse_i64(call.args.get(index)).and_then(|limit| usize::try_from(limit).ok());
                self.limit = limit.ok_or(CommandError::text("ERR LIMIT can't be negative"))?;
            } else {
                return Err(CommandError::SYNTAX);
            }
            index += 1;
        }
        Ok(())
    }

    /// The sources that exist with their weights; none if one of several that all have to exist does not.
    fn inputs<'d>(&self, database: &'d Database, operation: Operation) -> Vec<(Input<'d>, f64)> {
        let mut inputs = Vec::with_capacity(self.sources.len());
        for (source, weight) in self.sources.iter().zip(&self.weights) {
            match source.and_then(|key| Input::of(database, &key)) {
                Some(input) => inputs.push((input, *weight)),
                None if operation == Operation::Union => {}
                None if operation == Operation::Difference && !inputs.is_empty() => {}
                None => return Vec::new(),
            }
        }
        if operation != Operation::Difference {
            inputs.sort_by_key(|(input, _)| input.len());
        }
        inputs
    }

    /// The members of the result, in no particular order.
    fn result<'d>(&self, database: &'d Database, operation: Operation) -> Vec<(Cow<'d, [u8]>, f64)> {
        let inputs = self.inputs(database, operation);
        match operation {
            Operation::Union => self.union(&inputs),
            Operation::Intersection => {
                let mut result = Vec::new();
                self.intersect(&inputs, |member, score| {
                    result.push((member, score));
                    true
                });
                result
            }
            Operation::Difference => difference(&inputs),
        }
    }

    fn union<'d>(&self, inputs: &[(Input<'d>, f64)]) -> Vec<(Cow<'d, [u8]>, f64)> {
        let mut scores: HashMap<Cow<'d, [u8]>, f64> = HashMap::new();
        for (input, weight) in inputs {
            input.for_each(&mut |member, score| {
                let score = zero_if_nan(weight * score);
                let merge = |old: &mut f64| *old = self.aggregate.of(*old, score);
                scores.entry(member).and_modify(merge).or_insert(score);
                true
            });
        }
        scores.into_iter().collect()
    }

    /// Show `visit` the members that all inputs have, until it says to stop.
    fn intersect<'d>(&self, inputs: &[(Input<'d>, f64)], mut visit: impl FnMut(Cow<'d, [u8]>, f64) -> bool) {
        let Some(((smallest, weight), others)) = inputs.split_first() else { return };
        smallest.for_each(&mut |member, score| {
            let mut aggregated = zero_if_nan(weight * score);
            for (input, weight) in others {
                let Some(score) = input.score(&member) else { return true };
                aggregated = self.aggregate.of(aggregated, weight * score);
            }
            visit(member, aggregated)
        });
    }
}

/// The members of the first input that no other has.
fn difference<'d>(inputs: &[(Input<'d>, f64)]) -> Vec<(Cow<'d, [u8]>, f64)> {
    let mut result = Vec::new();
    if let Some(((first, _), others)) = inputs.split_first() {
        first.for_each(&mut |member, score| {
            if others.iter().all(|(input, _)| input.score(&member).is_none()) {
                result.push((member, score));
            }
            true
        });
    }
    result
}

/// A sorted set, or a set.
enum Input<'d> {
    Zset(ZsetRef<'d>),
    Set(SetView<'d>),
}

impl<'d> Input<'d> {
    fn of(database: &'d Database, key: &HashedKey<'_>) -> Option<Self> {
        let entry = database.find(key)?;
        if entry.value_type() == ValueType::Set {
            Some(Self::Set(SetView::new(entry.collection())))
        } else {
            ZsetRef::of(entry.collection()).map(Self::Zset)
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Zset(set) => set.len(),
            Self::Set(set) => set.len(),
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            Self::Zset(set) => set.score(member),
            Self::Set(set) => set.contains(member).then_some(1.0),
        }
    }

    /// Show `visit` all members with their scores, until it says to stop.
    fn for_each(&self, visit: &mut dyn FnMut(Cow<'d, [u8]>, f64) -> bool) {
        match self {
            Self::Zset(set) => {
                set.iter(0, Direction::Up).all(|found| visit(Cow::Borrowed(found.member), found.score));
            }
            Self::Set(set) => {
                let mut digits = itoa::Buffer::new();
                set.members().all(|member| {
                    let member = match member {
                        Member::Text(text) => Cow::Borrowed(text),
                        Member::Int(_) => Cow::Owned(member.text(&mut digits).to_vec()),
                    };
                    visit(member, 1.0)
                });
            }
        }
    }
}

fn reply(call: &mut Call<'_>, operation: Operation) -> CommandResult {
    let query = Query::parse(call, 1, operation, Purpose::Reply)?;
    let result = query.result(call.keys.database(), operation);
    let scored = result.iter().map(|(member, score)| ScoredMember { score: *score, member });
    let mut result: Vec<ScoredMember<'_>> = scored.collect();
    result.sort_by(|one, other| one.order(*other));
    if query.with_scores {
        begin_pairs(call.reply, result.len());
        result.iter().for_each(|found| reply_pair(call.reply, found.member, found.score));
    } else {
        call.reply.array(result.len());
        result.iter().for_each(|found| call.reply.bulk(found.member));
    }
    Ok(())
}

fn store_result(call: &mut Call<'_>, operation: Operation, event: &'static str) -> CommandResult {
    let query = Query::parse(call, 2, operation, Purpose::Store)?;
    let result = query.result(call.keys.database(), operation);
    let result: Vec<(Vec<u8>, f64)> =
        result.into_iter().map(|(member, score)| (member.into_owned(), score)).collect();
    let members = result.iter().map(|(member, score)| ScoredMember { score: *score, member });
    store(call, 1, members, event)
}

/// ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
fn zunion(call: &mut Call<'_>) -> CommandResult {
    reply(call, Operation::Union)
}

/// ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
fn zinter(call: &mut Call<'_>) -> CommandResult {
    reply(call, Operation::Intersection)
}

/// ZDIFF numkeys key [key ...] [WITHSCORES]
fn zdiff(call: &mut Call<'_>) -> CommandResult {
    reply(call, Operation::Difference)
}

/// ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
fn zunionstore(call: &mut Call<'_>) -> CommandResult {
    store_result(call, Operation::Union, "zunionstore")
}

/// ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
fn zinterstore(call: &mut Call<'_>) -> CommandResult {
    store_result(call, Operation::Intersection, "zinterstore")
}

/// ZDIFFSTORE destination numkeys key [key ...]
fn zdiffstore(call: &mut Call<'_>) -> CommandResult {
    store_result(call, Operation::Difference, "zdiffstore")
}

/// ZINTERCARD numkeys key [key ...] [LIMIT limit]
fn zintercard(call: &mut Call<'_>) -> CommandResult {
    let query = Query::parse(call, 1, Operation::Intersection, Purpose::Count)?;
    let inputs = query.inputs(call.keys.database(), Operation::Intersection);
    let mut count = 0;
    query.intersect(&inputs, |_, _| {
        count += 1;
        count != query.limit
    });
    call.reply.integer(count as i64);
    Ok(())
}

const SOURCES: KeySpec = KeySpec::counted(1, 1, KeyFlags::RO.union(KeyFlags::ACCESS));
const READ: Flags = Flags::READONLY;
const STORE: Flags = Flags::WRITE.union(Flags::DENYOOM);
const STORED: &[KeySpec] = &[
    KeySpec::one(1, KeyFlags::OW.union(KeyFlags::UPDATE)),
    KeySpec::counted(2, 1, KeyFlags::RO.union(KeyFlags::ACCESS)),
];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("zunion", -3, Group::SortedSet, zunion)
        .usage(
            "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
        )
        .flags(READ)
        .keys(&[SOURCES])
        .about("6.2.0", "Give the members that any of several sorted sets has."),
    CommandSpec::new("zinter", -3, Group::SortedSet, zinter)
        .usage(
            "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
        )
        .flags(READ)
        .keys(&[SOURCES])
        .about("6.2.0", "Give the members that all of several sorted sets have."),
    CommandSpec::new("zdiff", -3, Group::SortedSet, zdiff)
        .usage("numkeys key [key ...] [WITHSCORES]")
        .flags(READ)
        .keys(&[SOURCES])
        .about("6.2.0", "Give the members of a sorted set that no other one has."),
    CommandSpec::new("zunionstore", -4, Group::SortedSet, zunionstore)
        .usage(
            "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
        )
        .flags(STORE)
        .keys(STORED)
        .about("2.0.0", "Store the members that any of several sorted sets has."),
    CommandSpec::new("zinterstore", -4, Group::SortedSet, zinterstore)
        .usage(
            "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
        )
        .flags(STORE)
        .keys(STORED)
        .about("2.0.0", "Store the members that all of several sorted sets have."),
    CommandSpec::new("zdiffstore", -4, Group::SortedSet, zdiffstore)
        .usage("destination numkeys key [key ...]")
        .flags(STORE)
        .keys(STORED)
        .about("6.2.0", "Store the members of a sorted set that no other one has."),
    CommandSpec::new("zintercard", -3, Group::SortedSet, zintercard)
        .usage("numkeys key [key ...] [LIMIT limit]")
        .flags(READ)
        .keys(&[SOURCES])
        .about("7.0.0", "Count the members that all of several sorted sets have."),
];
