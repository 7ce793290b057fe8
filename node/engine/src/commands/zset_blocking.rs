//! Sorted sets: taking from them, and waiting for something to take.

use super::blocking::Timeout;
use super::call::{Call, CommandResult};
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::spec::{CommandSpec, Group};
use super::zset_remove::{Popped, pop_from, take, tell_popped};
use super::zset_value::{ZsetEdit, ZsetRef};
use crate::collections::sorted_set::Direction;
use crate::keyspace::ValueType;
use crate::server::WaitedFor;

const A_SORTED_SET: WaitedFor = WaitedFor { value_type: ValueType::SortedSet, or_gone: false };

/// BZPOPMIN key [key ...] timeout
fn bzpopmin(call: &mut Call<'_>) -> CommandResult {
    pop_or_wait(call, Direction::Up)
}

/// BZPOPMAX key [key ...] timeout
fn bzpopmax(call: &mut Call<'_>) -> CommandResult {
    pop_or_wait(call, Direction::Down)
}

fn pop_or_wait(call: &mut Call<'_>, from: Direction) -> CommandResult {
    let last = call.args.len() - 1;
    let timeout = Timeout::from_seconds(call.args.get(last), call.now)?;
    for index in 1..last {
        let key = call.key(index);
        let mut set = ZsetEdit::open(&mut call.keys, &call.server.config, &key)?;
        let length = set.get().map_or(0, ZsetRef::len);
        if length == 0 {
            continue;
        }
        call.reply.array(3);
        call.reply.bulk(key.bytes);
        take(&mut set, length, from, 1, |found| {
            call.reply.bulk(found.member);
            call.reply.double(found.score);
        });
        let gone = set.close();
        tell_popped(call, from, &key, gone);
        return Ok(());
    }
    call.wait_for_keys(1..last, A_SORTED_SET, timeout, [])
}

/// BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count]
fn bzmpop(call: &mut Call<'_>) -> CommandResult {
    let Popped { keys, from, count } = Popped::parse(call, 2)?;
    let timeout = Timeout::from_seconds(call.args.get(1), call.now)?;
    for index in keys.clone() {
        let key = call.key(index);
        if pop_from(call, &key, from, count)? {
            return Ok(());
        }
    }
    call.wait_for_keys(keys, A_SORTED_SET, timeout, [])
}

const FLAGS: Flags = Flags::WRITE.union(Flags::BLOCKING);
const TAKEN: KeyFlags = KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("bzpopmin", -3, Group::SortedSet, bzpopmin)
        .flags(FLAGS.union(Flags::FAST))
        .keys(&[KeySpec::range(1, -2, 1, TAKEN)])
        .usage("key [key ...] timeout")
        .about("5.0.0", "Remove the lowest member of the first sorted set that has any, or wait for one."),
    CommandSpec::new("bzpopmax", -3, Group::SortedSet, bzpopmax)
        .flags(FLAGS.union(Flags::FAST))
        .keys(&[KeySpec::range(1, -2, 1, TAKEN)])
        .usage("key [key ...] timeout")
        .about("5.0.0", "Remove the highest member of the first sorted set that has any, or wait for one."),
    CommandSpec::new("bzmpop", -5, Group::SortedSet, bzmpop)
        .flags(FLAGS)
        .keys(&[KeySpec::counted(2, 1, TAKEN)])
        .usage("timeout numkeys key [key ...] <MIN | MAX> [COUNT count]")
        .about("7.0.0", "Remove members of the first of several sorted sets that has any, or wait for some."),
];
