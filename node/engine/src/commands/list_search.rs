//! Lists: their elements by value.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::list::tell_removed;
use super::list_value::{ListEdit, ListRef};
use super::spec::{CommandSpec, Group};
use crate::collections::list::{Element, End};
use crate::resp::parse_i64;
use crate::server::EventClass;

/// A value to look for among elements.
struct Wanted<'a> {
    bytes: &'a [u8],
    integer: Option<i64>,
}

impl<'a> Wanted<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, integer: parse_i64(bytes) }
    }

    fn is(&self, element: Element<'_>) -> bool {
        match element {
            Element::Bytes(bytes) => bytes == self.bytes,
            Element::Int(value) => self.integer == Some(value),
        }
    }
}

/// Argument `index` as a number whose opposite exists too.
fn symmetric(call: &Call<'_>, index: usize) -> Result<i64, CommandError> {
    match call.integer(index)? {
        i64::MIN => Err(CommandError::text(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )),
        number => Ok(number),
    }
}

/// LREM key count element
fn lrem(call: &mut Call<'_>) -> CommandResult {
    let number = symmetric(call, 2)?;
    let key = call.key(1);
    let (from, limit) = match number {
        0 => (End::Left, usize::MAX),
        1.. => (End::Left, number as usize),
        ..0 => (End::Right, number.unsigned_abs() as usize),
    };
    let mut list = ListEdit::open(&mut call.keys, &call.server.config, &key)?;
    let removed = if list.len() == 0 { 0 } else { list.remove_equal(call.args.get(3), from, limit) };
    if removed > 0 {
        list.settle();
        let left = list.len();
        tell_removed(call, "lrem", &key, left);
    }
    call.reply.integer(removed as i64);
    Ok(())
}

/// LINSERT key BEFORE | AFTER pivot element
fn linsert(call: &mut Call<'_>) -> CommandResult {
    let side = match call.args.get(2) {
        word if word.eq_ignore_ascii_case(b"AFTER") => End::Right,
        word if word.eq_ignore_ascii_case(b"BEFORE") => End::Left,
        _ => return Err(CommandError::SYNTAX),
    };
    let key = call.key(1);
    let (pivot, value) = (Wanted::new(call.args.get(3)), call.args.get(4));
    let mut list = ListEdit::open(&mut call.keys, &call.server.config, &key)?;
    if list.len() == 0 {
        call.reply.integer(0);
        return Ok(());
    }
    list.make_room(value.len());
    let found = list.get().and_then(|list| list.iter(0, End::Right).position(|element| pivot.is(element)));
    let Some(index) = found else {
        call.reply.integer(-1);
        return Ok(());
    };
    list.insert(index, side, value);
    let length = list.len();
    call.changed(EventClass::LIST, "linsert", &key);
    call.reply.integer(length as i64);
    Ok(())
}

/// What LPOS's options say.
struct Search {
    from: End,
    /// Matches to be passed over.
    skip: usize,
    /// None: one match, not in an array.
    count: Option<usize>,
    /// Elements to be looked at.
    length_max: usize,
}

impl Search {
    fn parse(call: &Call<'_>) -> Result<Self, CommandError> {
        let mut search = Self { from: End::Left, skip: 0, count: None, length_max: usize::MAX };
        let mut index = 3;
        while index < call.args.len() {
            let has_next = index + 1 < call.args.len();
            if call.is_word(index, "RANK") && has_next {
                let rank = symmetric(call, index + 1)?;
                search.from = if rank < 0 { End::Right } else { End::Left };
                search.skip = rank.unsigned_abs().checked_sub(1).ok_or(CommandError::text(
                    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
                     or use negative to start from the end of the list",
                ))? as usize;
            } else if call.is_word(index, "COUNT") && has_next {
                let count = natural(call, index + 1).ok_or("ERR COUNT can't be negative");
                search.count = Some(unlimited_if_zero(count.map_err(CommandError::text)?));
            } else if call.is_word(index, "MAXLEN") && has_next {
                let length_max = natural(call, index + 1).ok_or("ERR MAXLEN can't be negative");
                search.length_max = unlimited_if_zero(length_max.map_err(CommandError::text)?);
            } else {
                return Err(CommandError::SYNTAX);
            }
            index += 2;
        }
        Ok(search)
    }

    /// The indexes of the matches, those that are asked for.
    fn matches(&self, list: ListRef<'_>, wanted: &Wanted<'_>) -> Vec<usize> {
        let last = list.len() - 1;
        let start = if self.from == End::Left { 0 } else { last };
        list.iter(start, self.from.opposite())
            .take(self.length_max)
            .enumerate()
            .filter(|(_, element)| wanted.is(*element))
            .map(|(step, _)| if self.from == End::Left { step } else { last - step })
            .skip(self.skip)
            .take(self.count.unwrap_or(1))
            .collect()
    }
}

fn natural(call: &Call<'_>, index: usize) -> Option<usize> {
    parse_i64(call.args.get(index)).and_then(|number| usize::try_from(number).ok())
}

fn unlimited_if_zero(number: usize) -> usize {
    if number == 0 { usize::MAX } else { number }
}

/// LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
fn lpos(call: &mut Call<'_>) -> CommandResult {
    let search = Search::parse(call)?;
    let key = call.key(1);
    let wanted = Wanted::new(call.args.get(2));
    let list = ListRef::read(&mut call.keys, &key)?;
    let matches = list.map_or(Vec::new(), |list| search.matches(list, &wanted));
    if search.count.is_some() {
        call.reply.array(matches.len());
        matches.iter().for_each(|index| call.reply.integer(*index as i64));
    } else if let Some(index) = matches.first() {
        call.reply.integer(*index as i64);
    } else {
        call.reply.null();
    }
    Ok(())
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("lrem", 4, Group::List, lrem)
        .flags(Flags::WRITE)
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::DELETE))])
        .usage("key count element")
        .about("1.0.0", "Remove elements of a value from a list."),
    CommandSpec::new("linsert", 5, Group::List, linsert)
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::INSERT))])
        .usage("key <BEFORE | AFTER> pivot element")
        .about("2.2.0", "Insert an element before or behind another one of a list."),
    CommandSpec::new("lpos", -3, Group::List, lpos)
        .flags(Flags::READONLY)
        .keys(&[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))])
        .usage("key element [RANK rank] [COUNT num-matches] [MAXLEN len]")
        .about("6.0.6", "Give the indexes of elements of a value in a list."),
];
