//! Lists: adding and taking away at their ends.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::list_value::{ListEdit, ListRef};
use super::spec::{CommandSpec, Group};
use crate::collections::list::{Element, End};
use crate::keyspace::HashedKey;
use crate::resp::{Reply, parse_i64};
use crate::server::EventClass;

/// LPUSH key element [element ...]
fn lpush(call: &mut Call<'_>) -> CommandResult {
    push(call, End::Left, false)
}

/// RPUSH key element [element ...]
fn rpush(call: &mut Call<'_>) -> CommandResult {
    push(call, End::Right, false)
}

/// LPUSHX key element [element ...]
fn lpushx(call: &mut Call<'_>) -> CommandResult {
    push(call, End::Left, true)
}

/// RPUSHX key element [element ...]
fn rpushx(call: &mut Call<'_>) -> CommandResult {
    push(call, End::Right, true)
}

#[inline]
fn push(call: &mut Call<'_>, end: End, only_existing: bool) -> CommandResult {
    let key = call.key(1);
    let mut list = ListEdit::open(&mut call.keys, &call.server.config, &key)?;
    if only_existing && list.len() == 0 {
        call.reply.integer(0);
        return Ok(());
    }
    if call.args.len() == 3 {
        list.push(end, &[call.args.get(2)]);
    } else {
        let values: Vec<&[u8]> = call.args.iter_from(2).collect();
        list.push(end, &values);
    }
    let length = list.len();
    tell_pushed(call, end, &key);
    call.reply.integer(length as i64);
    Ok(())
}

/// Tell that elements were added to a list.
pub(super) fn tell_pushed(call: &mut Call<'_>, end: End, key: &HashedKey<'_>) {
    let event = if end == End::Left { "lpush" } else { "rpush" };
    call.changed(EventClass::LIST, event, key);
}

/// Tell that elements were taken from an end of a list, of which `left` remain.
pub(super) fn tell_popped(call: &mut Call<'_>, end: End, key: &HashedKey<'_>, left: usize) {
    tell_removed(call, if end == End::Left { "lpop" } else { "rpop" }, key, left);
}

/// Tell that elements were removed from a list, of which `left` remain.
pub(super) fn tell_removed(call: &mut Call<'_>, event: &'static str, key: &HashedKey<'_>, left: usize) {
    call.changed(EventClass::LIST, event, key);
    if left == 0 {
        call.noted(EventClass::GENERIC, "del", key);
    }
}

/// Write an element as a bulk string.
#[inline]
pub(super) fn reply_element(reply: &mut Reply, element: Element<'_>) {
    match element {
        Element::Bytes(bytes) => reply.bulk(bytes),
        Element::Int(value) => reply.bulk_integer(value),
    }
}

/// LPOP key [count]
fn lpop(call: &mut Call<'_>) -> CommandResult {
    pop(call, End::Left)
}

/// RPOP key [count]
fn rpop(call: &mut Call<'_>) -> CommandResult {
    pop(call, End::Right)
}

fn pop(call: &mut Call<'_>, end: End) -> CommandResult {
    let count = match call.args.len() {
        2 => None,
        3 => Some(positive(call.args.get(2))?),
        _ => return Err(CommandError::wrong_arity(call.spec.name)),
    };
    let key = call.key(1);
    let mut list = ListEdit::open(&mut call.keys, &call.server.config, &key)?;
    let taken = match (list.len(), count) {
        (0, None) => {
            call.reply.null();
            0
        }
        (0, Some(_)) => {
            call.reply.null_array();
            0
        }
        (_, None) => 1,
        (length, Some(count)) => {
            let count = count.min(length);
            call.reply.array(count);
            count
        }
    };
    if taken > 0 {
        take(&mut list, call.reply, end, taken);
        let left = list.len();
        tell_popped(call, end, &key, left);
    }
    Ok(())
}

/// Take `count` elements, which there must be, from an end of a list, and write them, without a header.
#[inline]
pub(super) fn take(list: &mut ListEdit<'_, '_>, reply: &mut Reply, end: End, count: usize) {
    let (start, towards) = match end {
        End::Left => (0, End::Right),
        End::Right => (list.len() - count, End::Left),
    };
    list.remove_range(start, count, towards, |element| reply_element(reply, element));
    list.settle();
}

/// A count that may be 0.
fn positive(text: &[u8]) -> Result<usize, CommandError> {
    let count = parse_i64(text).and_then(|count| usize::try_from(count).ok());
    count.ok_or(CommandError::text("ERR value is out of range, must be positive"))
}

/// LLEN key
fn llen(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let length = ListRef::read(&mut call.keys, &key)?.map_or(0, ListRef::len);
    call.reply.integer(length as i64);
    Ok(())
}

const PUSH: Flags = Flags::WRITE.union(Flags::DENYOOM).union(Flags::FAST);
const POP: Flags = Flags::WRITE.union(Flags::FAST);
const INSERT: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::INSERT))];
const TAKE: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("lpush", -3, Group::List, lpush)
        .flags(PUSH)
        .keys(INSERT)
        .usage("key element [element ...]")
        .about("1.0.0", "Add elements in front of a list."),
    CommandSpec::new("rpush", -3, Group::List, rpush)
        .flags(PUSH)
        .keys(INSERT)
        .usage("key element [element ...]")
        .about("1.0.0", "Add elements at the end of a list."),
    CommandSpec::new("lpushx", -3, Group::List, lpushx)
        .flags(PUSH)
        .keys(INSERT)
        .usage("key element [element ...]")
        .about("2.2.0", "Add elements in front of a list that exists."),
    CommandSpec::new("rpushx", -3, Group::List, rpushx)
        .flags(PUSH)
        .keys(INSERT)
        .usage("key element [element ...]")
        .about("2.2.0", "Add elements at the end of a list that exists."),
    CommandSpec::new("lpop", -2, Group::List, lpop)
        .flags(POP)
        .keys(TAKE)
        .usage("key [count]")
        .about("1.0.0", "Remove the first elements of a list and give them."),
    CommandSpec::new("rpop", -2, Group::List, rpop)
        .flags(POP)
        .keys(TAKE)
        .usage("key [count]")
        .about("1.0.0", "Remove the last elements of a list and give them."),
    CommandSpec::new("llen", 2, Group::List, llen)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RO)])
        .usage("key")
        .about("1.0.0", "Count the elements of a list."),
];
