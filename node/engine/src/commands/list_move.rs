//! Lists: from one to another, and from the first of several that has elements.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::list::{take, tell_popped, tell_pushed};
use super::list_value::ListEdit;
use super::spec::{CommandSpec, Group};
use crate::collections::list::End;
use crate::keyspace::HashedKey;
use crate::resp::parse_i64;

/// LMOVE source destination LEFT | RIGHT LEFT | RIGHT
fn lmove(call: &mut Call<'_>) -> CommandResult {
    let (from_end, to_end) = (end_named(call, 3)?, end_named(call, 4)?);
    reply_moved(call, from_end, to_end)
}

/// RPOPLPUSH source destination
fn rpoplpush(call: &mut Call<'_>) -> CommandResult {
    reply_moved(call, End::Right, End::Left)
}

fn reply_moved(call: &mut Call<'_>, from_end: End, to_end: End) -> CommandResult {
    let (from, to) = (call.key(1), call.key(2));
    if !move_element(call, &from, from_end, &to, to_end)? {
        call.reply.null();
    }
    Ok(())
}

/// Argument `index` as the name of an end.
///
/// # Errors
/// It is another word.
pub(super) fn end_named(call: &Call<'_>, index: usize) -> Result<End, CommandError> {
    if call.is_word(index, "LEFT") {
        Ok(End::Left)
    } else if call.is_word(index, "RIGHT") {
        Ok(End::Right)
    } else {
        Err(CommandError::SYNTAX)
    }
}

/// Move an element from an end of a list to an end of another, or of the same one, and write it; false, and nothing
/// written, if there is no such list.
///
/// # Errors
/// One of the keys holds something else.
pub(super) fn move_element(
    call: &mut Call<'_>,
    from: &HashedKey<'_>,
    from_end: End,
    to: &HashedKey<'_>,
    to_end: End,
) -> Result<bool, CommandError> {
    let config = &call.server.config;
    let length = ListEdit::open(&mut call.keys, config, from)?.len();
    if length == 0 {
        return Ok(false);
    }
    ListEdit::open(&mut call.keys, config, to)?;
    let mut moved = Vec::new();
    let mut source = ListEdit::open(&mut call.keys, config, from)?;
    let index = if from_end == End::Left { 0 } else { length - 1 };
    let same = from.bytes == to.bytes;
    if same && length == 1 {
        // To remove the key now would be to lose its expiry.
        let element = source.get().and_then(|list| list.iter(0, End::Right).next());
        moved = element.map_or(moved, |element| element.to_vec());
    } else {
        source.remove_range(index, 1, End::Right, |element| moved = element.to_vec());
        if !same {
            source.settle();
        }
        ListEdit::open(&mut call.keys, config, to)?.push(to_end, &[&moved]);
    }
    tell_pushed(call, to_end, to);
    if same {
        let mut list = ListEdit::open(&mut call.keys, &call.server.config, to)?;
        list.settle();
    }
    tell_popped(call, from_end, from, if same { length } else { length - 1 });
    call.reply.bulk(&moved);
    Ok(true)
}

/// LMPOP numkeys key [key ...] LEFT | RIGHT [COUNT count]
fn lmpop(call: &mut Call<'_>) -> CommandResult {
    let Popped { keys, end, count } = Popped::parse(call, 1)?;
    for index in keys {
        let key = call.key(index);
        if pop_from(call, &key, end, count)? {
            return Ok(());
        }
    }
    call.reply.null_array();
    Ok(())
}

/// What LMPOP's arguments say.
pub(super) struct Popped {
    /// The arguments that are keys.
    pub keys: std::ops::Range<usize>,
    pub end: End,
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
        let end = end_named(call, keys.end)?;
        let count = count_option(call, keys.end + 1)?;
        Ok(Self { keys, end, count })
    }
}

/// The arguments behind the one that tells how many of them are keys; they may be more than there are.
///
/// # Errors
/// The number is not above zero.
pub(super) fn keys_counted(call: &Call<'_>, index: usize) -> Result<std::ops::Range<usize>, CommandError> {
    let count = above_zero(call.args.get(index));
    let count = count.ok_or(CommandError::text("ERR numkeys should be greater than 0"))?;
    Ok(index + 1..(index + 1).saturating_add(count))
}

/// What `COUNT count` at the end of the arguments says; one, if it is not there.
///
/// # Errors
/// The number is not above zero; something else stands there, or more.
pub(super) fn count_option(call: &Call<'_>, index: usize) -> Result<usize, CommandError> {
    let mut count = None;
    let mut index = index;
    while index < call.args.len() {
        if count.is_some() || !call.is_word(index, "COUNT") || index + 1 == call.args.len() {
            return Err(CommandError::SYNTAX);
        }
        let number = above_zero(call.args.get(index + 1));
        count = Some(number.ok_or(CommandError::text("ERR count should be greater than 0"))?);
        index += 2;
    }
    Ok(count.unwrap_or(1))
}

fn above_zero(text: &[u8]) -> Option<usize> {
    parse_i64(text).filter(|number| *number > 0).and_then(|number| usize::try_from(number).ok())
}

/// Take up to `count` elements from an end of a list, and write them behind the key; false, and nothing written, if
/// there is no such list.
///
/// # Errors
/// The key holds something else.
pub(super) fn pop_from(
    call: &mut Call<'_>,
    key: &HashedKey<'_>,
    end: End,
    count: usize,
) -> Result<bool, CommandError> {
    let mut list = ListEdit::open(&mut call.keys, &call.server.config, key)?;
    if list.len() == 0 {
        return Ok(false);
    }
    let count = count.min(list.len());
    call.reply.array(2);
    call.reply.bulk(key.bytes);
    call.reply.array(count);
    take(&mut list, call.reply, end, count);
    let left = list.len();
    tell_popped(call, end, key, left);
    Ok(true)
}

pub(super) const MOVE: &[KeySpec] = &[
    KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE)),
    KeySpec::one(2, KeyFlags::RW.union(KeyFlags::INSERT)),
];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("lmove", 5, Group::List, lmove)
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(MOVE)
        .usage("source destination <LEFT | RIGHT> <LEFT | RIGHT>")
        .about("6.2.0", "Move an element from an end of a list to an end of another, and give it."),
    CommandSpec::new("rpoplpush", 3, Group::List, rpoplpush)
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(MOVE)
        .usage("source destination")
        .about("1.2.0", "Move the last element of a list to the front of another, and give it."),
    CommandSpec::new("lmpop", -4, Group::List, lmpop)
        .flags(Flags::WRITE)
        .keys(&[KeySpec::counted(1, 1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE))])
        .usage("numkeys key [key ...] <LEFT | RIGHT> [COUNT count]")
        .about("7.0.0", "Remove elements from the first of several lists that has any, and give them."),
];
