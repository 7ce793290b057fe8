//! Lists: their elements by index.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::list::{reply_element, tell_removed};
use super::list_value::{ListEdit, ListRef};
use super::spec::{CommandSpec, Group};
use crate::collections::list::End;
use crate::server::EventClass;

/// The index among `length` elements that a number stands for, which counts from the end if it is negative.
pub(super) fn index_among(length: usize, number: i64) -> Option<usize> {
    let index = if number < 0 { number.checked_add(length as i64)? } else { number };
    usize::try_from(index).ok().filter(|index| *index < length)
}

/// First index and number of the elements among `length` that two numbers, both included, enclose.
pub(super) fn range_among(length: usize, start: i64, end: i64) -> (usize, usize) {
    let length = length as i64;
    let from = if start < 0 { start.saturating_add(length).max(0) } else { start };
    let to = if end < 0 { end.saturating_add(length) } else { end.min(length - 1) };
    if from > to || from >= length { (0, 0) } else { (from as usize, (to - from + 1) as usize) }
}

/// LINDEX key index
fn lindex(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let number = call.integer(2);
    let Some(list) = ListRef::read(&mut call.keys, &key)? else {
        call.reply.null();
        return Ok(());
    };
    let element = index_among(list.len(), number?).and_then(|index| list.iter(index, End::Right).next());
    match element {
        Some(element) => reply_element(call.reply, element),
        None => call.reply.null(),
    }
    Ok(())
}

/// LRANGE key start stop
fn lrange(call: &mut Call<'_>) -> CommandResult {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let key = call.key(1);
    let Some(list) = ListRef::read(&mut call.keys, &key)? else {
        call.reply.array(0);
        return Ok(());
    };
    let (first, count) = range_among(list.len(), start, end);
    call.reply.array(count);
    for element in list.iter(first, End::Right).take(count) {
        reply_element(call.reply, element);
    }
    Ok(())
}

/// LTRIM key start stop
fn ltrim(call: &mut Call<'_>) -> CommandResult {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let key = call.key(1);
    let mut list = ListEdit::open(&mut call.keys, &call.server.config, &key)?;
    let length = list.len();
    if length > 0 {
        let (first, count) = range_among(length, start, end);
        let behind = first + count;
        list.remove_range(behind, length - behind, End::Right, |_| ());
        list.remove_range(0, first.min(list.len()), End::Right, |_| ());
        list.settle();
        let left = list.len();
        tell_removed(call, "ltrim", &key, left);
    }
    call.reply.ok();
    Ok(())
}

/// LSET key index element
fn lset(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let number = call.integer(2);
    let value = call.args.get(3);
    let mut list = ListEdit::open(&mut call.keys, &call.server.config, &key)?;
    if list.len() == 0 {
        return Err(CommandError::NO_SUCH_KEY);
    }
    let number = number?;
    list.make_room(value.len());
    let index = index_among(list.len(), number).ok_or(CommandError::INDEX_OUT_OF_RANGE)?;
    list.replace(index, value);
    list.settle();
    call.changed(EventClass::LIST, "lset", &key);
    call.reply.ok();
    Ok(())
}

const READ: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("lindex", 3, Group::List, lindex)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key index")
        .about("1.0.0", "Give the element at an index of a list."),
    CommandSpec::new("lrange", 4, Group::List, lrange)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key start stop")
        .about("1.0.0", "Give the elements between two indexes of a list."),
    CommandSpec::new("ltrim", 4, Group::List, ltrim)
        .flags(Flags::WRITE)
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::DELETE))])
        .usage("key start stop")
        .about("1.0.0", "Remove all elements that are not between two indexes of a list."),
    CommandSpec::new("lset", 4, Group::List, lset)
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::UPDATE))])
        .usage("key index element")
        .about("1.0.0", "Put an element into the place of another of a list."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_numbers_count_from_the_end() {
        assert_eq!(index_among(3, -3), Some(0));
        assert_eq!((index_among(3, -4), index_among(3, 3), index_among(0, 0)), (None, None, None));
        assert_eq!(range_among(5, 1, -2), (1, 3));
        assert_eq!(range_among(5, -100, 100), (0, 5));
        assert_eq!(range_among(5, i64::MIN, i64::MAX), (0, 5));
        for (start, end) in [(3, 2), (5, 9), (0, -6), (i64::MAX, i64::MAX), (i64::MIN, i64::MIN)] {
            assert_eq!(range_among(5, start, end), (0, 0), "{start} {end}");
        }
    }
}
