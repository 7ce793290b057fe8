//! Sets: members drawn at random.

use super::call::{Call, CommandResult};
use super::edited::{Edited, end_edit};
use super::error::CommandError;
use super::sampling::{checked_repeats, sample, sampling_count};
use super::set::reply_member;
use super::set_edit::{SetEdit, limits, read_set};
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::clock::Rng;
use crate::collections::{Member, SetBuilder, SetEncoding, SetView, encoding_of};
use crate::keyspace::{Form, HashedKey, NewExpiry};
use crate::resp::{Reply, parse_i64};
use crate::server::EventClass;

/// A set of which so many times more is taken than left is built anew from what is left, as Valkey does it: it may get
/// another encoding by that.
const REBUILT_FACTOR: usize = 5;

/// SRANDMEMBER key [count]
fn srandmember(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    if call.args.len() == 2 {
        let set = read_set(&mut call.keys, &key)?;
        match set.and_then(|set| set.nth(call.server.rng.below(set.len() as u64) as usize)) {
            Some(member) => reply_member(call.reply, member),
            None => call.reply.null(),
        }
        return Ok(());
    }
    if call.args.len() > 3 {
        return Err(CommandError::SYNTAX);
    }
    let count = sampling_count(call, 2)?;
    let Some(set) = read_set(&mut call.keys, &key)? else {
        call.reply.array(0);
        return Ok(());
    };
    if count < 0 {
        let repeats = checked_repeats(count)?;
        call.reply.array(repeats);
        reply_repeats(call.reply, &set, repeats, &mut call.server.rng);
    } else {
        let count = set.len().min(count as usize);
        call.reply.array(count);
        reply_distinct(call.reply, &set, count, &mut call.server.rng);
    }
    Ok(())
}

/// Write `repeats` members, each drawn from all of them.
fn reply_repeats(reply: &mut Reply, set: &SetView<'_>, repeats: usize, rng: &mut Rng) {
    let length = set.len();
    let mut draw = || rng.below(length as u64) as usize;
    if let SetView::Members(_) = set {
        // A member of a packed sequence is found by walking to it: once is enough.
        let members: Vec<Member<'_>> = set.members().collect();
        (0..repeats).for_each(|_| reply_member(reply, members[draw()]));
    } else {
        (0..repeats).filter_map(|_| set.nth(draw())).for_each(|member| reply_member(reply, member));
    }
}

/// Write `count` different members; there are that many.
fn reply_distinct(reply: &mut Reply, set: &SetView<'_>, count: usize, rng: &mut Rng) {
    let length = set.len();
    if count == length {
        set.members().for_each(|member| reply_member(reply, member));
        return;
    }
    let ranks = sample(rng, length, count);
    if let SetView::Members(_) = set {
        let mut ranks = ranks.into_iter().peekable();
        for (rank, member) in set.members().enumerate() {
            if ranks.next_if_eq(&rank).is_some() {
                reply_member(reply, member);
            }
        }
    } else {
        ranks.into_iter().filter_map(|rank| set.nth(rank)).for_each(|member| reply_member(reply, member));
    }
}

/// SPOP key [count]
fn spop(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    if call.args.len() > 3 {
        return Err(CommandError::SYNTAX);
    }
    let wanted = match call.args.len() {
        2 => None,
        _ => Some(
            parse_i64(call.args.get(2))
                .and_then(|count| usize::try_from(count).ok())
                .ok_or(CommandError::text("ERR value is out of range, must be positive"))?,
        ),
    };
    let mut set = SetEdit::begin(&mut call.keys, key, &call.server.config)?;
    let length = set.len();
    let count = length.min(wanted.unwrap_or(1));
    match wanted {
        None if length == 0 => call.reply.null(),
        None => {}
        Some(_) => call.reply.set(count),
    }
    if count == 0 {
        return Ok(());
    }
    let edited = if count == length {
        // The edit changed nothing: the set goes as a whole.
        drop(set);
        pop_all(call, &key);
        Edited::Emptied
    } else if (length - count) * REBUILT_FACTOR <= count {
        drop(set);
        pop_most(call, &key, count);
        Edited::Filled
    } else {
        pop_some(&mut set, count, call.reply, &mut call.server.rng);
        set.finish()
    };
    call.changed(EventClass::SET, "spop", &key);
    end_edit(call, &key, edited);
    Ok(())
}

/// Answer with all members of a set that is there.
fn pop_all(call: &mut Call<'_>, key: &HashedKey<'_>) {
    if let Some(entry) = call.keys.database().find(key) {
        SetView::new(entry.collection()).members().for_each(|member| reply_member(call.reply, member));
    }
}

/// Answer with `count` members and put a set of the others into the place of the one that is there.
fn pop_most(call: &mut Call<'_>, key: &HashedKey<'_>, count: usize) {
    let limits = limits(&call.server.config);
    let mut database = call.keys.database_mut();
    let (database, slabs, hasher) = database.beside();
    let Some(entry) = database.find(key) else { return };
    let encoding = match encoding_of(entry.collection()) {
        SetEncoding::IntSet => SetEncoding::IntSet,
        SetEncoding::ListPack | SetEncoding::HashTable => SetEncoding::ListPack,
    };
    let set = SetView::new(entry.collection());
    let length = set.len();
    let mut left = SetBuilder::new(encoding, hasher, limits);
    let mut kept = sample(&mut call.server.rng, length, length - count).into_iter().peekable();
    for (rank, member) in set.members().enumerate() {
        if kept.next_if_eq(&rank).is_some() {
            left.add(slabs, member);
        } else {
            reply_member(call.reply, member);
        }
    }
    left.build().store(|value| call.keys.set(key, value, NewExpiry::Keep));
}

/// Answer with `count` members and remove them, some others staying.
fn pop_some(set: &mut SetEdit<'_, '_>, count: usize, reply: &mut Reply, rng: &mut Rng) {
    match set.form() {
        Form::Packed(set) => {
            let ranks = sample(rng, set.view().len(), count);
            set.take_ranks(&ranks, |member| reply_member(reply, member));
        }
        Form::Object(object) => {
            let (set, slabs) = object.set();
            for _ in 0..count {
                let Some(member) = set.random(rng).map(<[u8]>::to_vec) else { return };
                reply.bulk(&member);
                set.remove(slabs, &member);
            }
        }
    }
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("spop", -2, Group::Set, spop)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE))])
        .tips(&["nondeterministic_output"])
        .usage("key [count]")
        .about("1.0.0", "Remove members of a set drawn at random and give them."),
    CommandSpec::new("srandmember", -2, Group::Set, srandmember)
        .flags(Flags::READONLY)
        .keys(&[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))])
        .tips(&["nondeterministic_output"])
        .usage("key [count]")
        .about("1.0.0", "Give members of a set drawn at random."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::testing::Node;

    /// The elements of a reply that are members.
    fn members(reply: &str) -> Vec<String> {
        reply.lines().filter(|line| !line.starts_with(['*', '$', '~'])).map(str::to_owned).collect()
    }

    #[test]
    fn members_drawn_and_popped_are_distinct_and_popped_ones_are_gone() {
        for (prefix, size) in [("", 10), ("", 400), ("m:", 10), ("m:", 100), ("m:", 2_000)] {
            for count in [1, 2, size / 2, size - 1, size, size + 1] {
                let mut node = Node::alone();
                for number in 0..size {
                    node.run(&format!("SADD s {prefix}{number}"));
                }
                let all: BTreeSet<String> = members(&node.run("SMEMBERS s")).into_iter().collect();
                let drawn = members(&node.run(&format!("SRANDMEMBER s {count}")));
                assert_eq!(drawn.len(), count.min(size));
                assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), count.min(size));
                let popped: BTreeSet<String> =
                    members(&node.run(&format!("SPOP s {count}"))).into_iter().collect();
                assert_eq!(popped.len(), count.min(size));
                let left: BTreeSet<String> = members(&node.run("SMEMBERS s")).into_iter().collect();
                assert_eq!(popped.union(&left).cloned().collect::<BTreeSet<_>>(), all);
                assert_eq!(left.len(), size.saturating_sub(count));
                assert_eq!(node.run("EXISTS s"), format!(":{}\r\n", u8::from(!left.is_empty())));
            }
        }
    }

    #[test]
    fn drawing_with_repeats_gives_as_many_as_asked_for() {
        let mut node = Node::alone();
        node.expect(&[
            ("SADD s a", ":1\r\n"),
            ("SRANDMEMBER s -3", "*3\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n"),
            ("SRANDMEMBER s", "$1\r\na\r\n"),
            ("SRANDMEMBER none -3", "*0\r\n"),
            ("SRANDMEMBER s -9223372036854775807", "-ERR value is out of range\r\n"),
            ("SPOP s", "$1\r\na\r\n"),
            ("SPOP s", "$-1\r\n"),
            ("SPOP s -1", "-ERR value is out of range, must be positive\r\n"),
        ]);
    }
}
