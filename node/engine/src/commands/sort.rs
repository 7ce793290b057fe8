//! Sorting lists, sets and sorted sets, by their elements or by what other keys hold.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::list_store;
use super::list_value::ListRef;
use super::sort_options::{SortOptions, sort_keys, sort_ro_keys};
use super::sort_pattern::Pattern;
use super::spec::{BeginSearch, Category, CommandSpec, FindKeys, Flags, Group, KeyFlags, KeySpec};
use super::text::{bytes_of, reply_string, until_nul};
use super::zset_value::{ZsetEdit, ZsetRef};
use crate::collections::SetView;
use crate::collections::list::End;
use crate::collections::sorted_set::Direction;
use crate::keyspace::{EntryRef, ValueType};
use crate::resp::parse_score;

const NOT_A_SCORE: CommandError = CommandError::text("ERR One or more scores can't be converted into double");

/// SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]
fn sort(call: &mut Call<'_>) -> CommandResult {
    let options = SortOptions::parse(call, true)?;
    run(call, options)
}

/// SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]
fn sort_ro(call: &mut Call<'_>) -> CommandResult {
    let options = SortOptions::parse(call, false)?;
    run(call, options)
}

fn run(call: &mut Call<'_>, mut options: SortOptions<'_>) -> CommandResult {
    let mut elements = Elements::default();
    let window = read(call, &mut options, &mut elements)?;
    let mut sorted: Vec<&[u8]> = elements.iter().collect();
    if !options.unsorted {
        sort_elements(call, &options, &mut sorted)?;
    }
    let shown = &sorted[window];
    match options.store {
        Some(destination) => {
            let values = values_to_store(call, &options, shown);
            list_store::store(call, destination, &values, "sortstore")
        }
        None => {
            reply(call, &options, shown);
            Ok(())
        }
    }
}

/// A copy of what is to be sorted: looking up keys by it may change the database.
#[derive(Default)]
struct Elements {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Elements {
    fn push(&mut self, element: &[u8]) {
        self.bytes.extend_from_slice(element);
        self.ends.push(self.bytes.len());
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

/// Read the elements of the key, all of them or those that are asked for if they need no sorting; which of them are.
fn read(
    call: &mut Call<'_>,
    options: &mut SortOptions<'_>,
    elements: &mut Elements,
) -> Result<Range<usize>, CommandError> {
    let key = call.key(1);
    let Some(entry) = call.keys.read(&key) else { return Ok(0..0) };
    match entry.value_type() {
        ValueType::List => Ok(read_list(entry, options, elements)),
        ValueType::Set => {
            if options.unsorted && options.store.is_some() {
                // What is stored is not to depend on the order of a hash table.
                (options.unsorted, options.alpha, options.by) = (false, true, None);
            }
            let set = SetView::new(entry.collection());
            let mut digits = itoa::Buffer::new();
            set.members().for_each(|member| elements.push(member.text(&mut digits)));
            Ok(options.window(set.len()))
        }
        ValueType::SortedSet => {
            let window = read_sorted_set(entry, options, elements);
            // Valkey sorts no listpack, and the set stays what it is turned into.
            ZsetEdit::open(&mut call.keys, &call.server.config, &key)?.become_skiplist();
            Ok(window)
        }
        ValueType::String | ValueType::Hash | ValueType::Stream => Err(CommandError::WRONG_TYPE),
    }
}

fn read_list(entry: EntryRef<'_>, options: &SortOptions<'_>, elements: &mut Elements) -> Range<usize> {
    let Some(list) = ListRef::of(entry.collection()) else { return 0..0 };
    let window = options.window(list.len());
    let (first, towards, count) = match (options.unsorted, options.descending) {
        _ if window.is_empty() && options.unsorted => return 0..0,
        (false, _) => (0, End::Right, list.len()),
        (true, false) => (window.start, End::Right, window.len()),
        (true, true) => (list.len() - 1 - window.start, End::Left, window.len()),
    };
    for element in list.iter(first, towards).take(count) {
        element.with_bytes(|bytes| elements.push(bytes));
    }
    if options.unsorted { 0..count } else { window }
}

fn read_sorted_set(entry: EntryRef<'_>, options: &SortOptions<'_>, elements: &mut Elements) -> Range<usize> {
    let Some(set) = ZsetRef::of(entry.collection()) else { return 0..0 };
    let window = options.window(set.len());
    let (rank, direction, count) = match (options.unsorted, options.descending) {
        _ if window.is_empty() && options.unsorted => return 0..0,
        (false, _) => (0, Direction::Up, set.len()),
        (true, false) => (window.start, Direction::Up, window.len()),
        (true, true) => (set.len() - 1 - window.start, Direction::Down, window.len()),
    };
    set.iter(rank, direction).take(count).for_each(|scored| elements.push(scored.member));
    if options.unsorted { 0..count } else { window }
}

/// Sort, by elements or by what BY's pattern says, as numbers or as texts. Equal ones stay in their order, but that
/// elements with equal numbers are sorted as texts.
fn sort_elements(
    call: &mut Call<'_>,
    options: &SortOptions<'_>,
    elements: &mut Vec<&[u8]>,
) -> Result<(), CommandError> {
    let directed = |order: Ordering| if options.descending { order.reverse() } else { order };
    // Redis compares C strings, unless it stores the result.
    let text = |one: &[u8], other: &[u8]| match options.store {
        Some(_) => one.cmp(other),
        None => until_nul(one).cmp(until_nul(other)),
    };
    match (options.alpha, options.by) {
        (true, None) => elements.sort_by(|one, other| directed(text(one, other))),
        (true, Some(pattern)) => {
            let found: Vec<bool> =
                elements.iter().map(|element| pattern.read(&mut call.keys, element).is_some()).collect();
            // Only now is it certain that nothing expires any more, and values need no copy: they may be large, and
            // the same for many elements.
            let mut decorated = Vec::with_capacity(elements.len());
            for (element, found) in elements.iter().zip(found) {
                let value = if found { pattern.read_again(&call.keys, element) } else { None };
                decorated.push((value.map(bytes_of), *element));
            }
            decorated.sort_by(|(one, _), (other, _)| {
                directed(match (one, other) {
                    (Some(one), Some(other)) => text(one, other),
                    _ => one.is_some().cmp(&other.is_some()),
                })
            });
            elements.clear();
            elements.extend(decorated.iter().map(|(_, element)| *element));
        }
        (false, by) => {
            let mut decorated = Vec::with_capacity(elements.len());
            for element in elements.iter() {
                decorated.push((score(call, by, element)?, *element));
            }
            decorated.sort_by(|(one, first), (other, second)| {
                directed(one.partial_cmp(other).unwrap_or(Ordering::Equal).then_with(|| first.cmp(second)))
            });
            elements.clear();
            elements.extend(decorated.iter().map(|(_, element)| *element));
        }
    }
    Ok(())
}

/// The number by which an element is sorted, never "not a number".
fn score(call: &mut Call<'_>, by: Option<Pattern<'_>>, element: &[u8]) -> Result<f64, CommandError> {
    let number = |text: &[u8]| parse_score(until_nul(text)).ok_or(NOT_A_SCORE);
    match by {
        None => number(element),
        Some(pattern) => {
            pattern.read(&mut call.keys, element).map_or(Ok(0.0), |value| number(&bytes_of(value)))
        }
    }
}

fn reply(call: &mut Call<'_>, options: &SortOptions<'_>, elements: &[&[u8]]) {
    call.reply.array(elements.len() * options.get.len().max(1));
    for element in elements {
        if options.get.is_empty() {
            call.reply.bulk(element);
        }
        for pattern in &options.get {
            if *pattern == Pattern::Element {
                call.reply.bulk(element);
            } else if let Some(value) = pattern.read(&mut call.keys, element) {
                reply_string(call.reply, value);
            } else {
                call.reply.null();
            }
        }
    }
}

/// What is replied without STORE; what is not found is stored as an empty string.
fn values_to_store<'e>(
    call: &mut Call<'_>,
    options: &SortOptions<'_>,
    elements: &[&'e [u8]],
) -> Vec<Cow<'e, [u8]>> {
    if options.get.is_empty() {
        return elements.iter().map(|element| Cow::Borrowed(*element)).collect();
    }
    let mut values = Vec::with_capacity(elements.len() * options.get.len());
    for element in elements {
        for pattern in &options.get {
            values.push(match pattern {
                Pattern::Element => Cow::Borrowed(*element),
                pattern => {
                    let value = pattern.read(&mut call.keys, element);
                    Cow::Owned(value.map_or_else(Vec::new, |value| bytes_of(value).into_owned()))
                }
            });
        }
    }
    values
}

const SORTED: KeySpec = KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS));
const LOOKED_UP: KeySpec = KeySpec {
    flags: KeyFlags::RO.union(KeyFlags::ACCESS),
    begin: BeginSearch::Unknown,
    find: FindKeys::Unknown,
    notes: Some("Keys of BY and GET follow from the elements."),
};
const STORED: KeySpec = KeySpec {
    flags: KeyFlags::OW.union(KeyFlags::UPDATE),
    begin: BeginSearch::Unknown,
    find: FindKeys::Unknown,
    notes: Some("STORE may stand anywhere behind the key."),
};
const CATEGORIES: Category =
    Category::SET.union(Category::SORTEDSET).union(Category::LIST).union(Category::DANGEROUS);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("sort", -2, Group::Generic, sort)
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .with_categories(CATEGORIES)
        .keys(&[SORTED, LOOKED_UP, STORED])
        .finds_keys(sort_keys)
        .usage("key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]")
        .about("1.0.0", "Sort a list, a set or a sorted set; give the result or store it."),
    CommandSpec::new("sort_ro", -2, Group::Generic, sort_ro)
        .flags(Flags::READONLY)
        .with_categories(CATEGORIES)
        .keys(&[SORTED, LOOKED_UP])
        .finds_keys(sort_ro_keys)
        .usage("key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]")
        .about("7.0.0", "Sort a list, a set or a sorted set and give the result."),
];

#[cfg(test)]
mod tests {
    use crate::slot::SLOT_COUNT;
    use crate::testing::{Host, Node};

    /// The bulk strings of a reply.
    fn words(reply: &str) -> Vec<&str> {
        let mut lines = reply.split("\r\n").filter(|line| !line.starts_with('*'));
        let mut words = Vec::new();
        while let Some(head) = lines.next() {
            match head {
                "" => {}
                "$-1" => words.push("nil"),
                head if head.starts_with('$') => words.extend(lines.next()),
                other => words.push(other),
            }
        }
        words
    }

    fn expect(node: &mut Node, command: &str, sorted: &str) {
        let reply = node.run(command);
        assert_eq!(words(&reply).join(" "), sorted, "{command}");
    }

    #[test]
    fn elements_with_equal_numbers_are_sorted_as_texts() {
        let mut node = Node::alone();
        node.run("RPUSH l 3 1 2 1.0 1 01");
        expect(&mut node, "SORT l", "01 1 1 1.0 2 3");
        expect(&mut node, "SORT l DESC", "3 2 1.0 1 1 01");
        expect(&mut node, "SORT l LIMIT -1 2", "01 1");
        expect(&mut node, "SORT l LIMIT 1 -2", "1 1 1.0 2 3");
        expect(&mut node, "SORT l LIMIT 99 99999999999", "");
        node.run("RPUSH l abc");
        expect(&mut node, "SORT l", "-ERR One or more scores can't be converted into double");
        expect(&mut node, "SORT l ALPHA DESC LIMIT 0 3", "abc 3 2");
    }

    #[test]
    fn other_keys_give_the_order_and_the_reply() {
        let mut node = Node::alone();
        node.run("RPUSH l a b c d");
        node.run("MSET w_a 2 w_b 1 w_d -1");
        node.run("HSET h_b f yes");
        expect(&mut node, "SORT l BY w_*", "d c b a");
        expect(&mut node, "SORT l BY w_* ALPHA", "c d b a");
        expect(&mut node, "SORT l BY w_* DESC GET # GET h_*->f LIMIT 0 2", "a nil b yes");
        expect(&mut node, "SORT l BY nosort DESC LIMIT 1 2 GET nothing GET #", "nil c nil b");
        expect(&mut node, "SORT l BY w_* ALPHA STORE l GET w_*", ":4");
        expect(&mut node, "LRANGE l 0 -1", " -1 1 2");
    }

    #[test]
    fn a_stored_result_replaces_what_was_there_and_nothing_removes_it() {
        let mut node = Node::alone();
        node.run("SADD s 5 b 3 a");
        node.expect(&[
            ("SET to 1", "+OK\r\n"),
            ("SORT s BY nosort DESC STORE to", ":4\r\n"),
            ("LRANGE to 0 1", "*2\r\n$1\r\nb\r\n$1\r\na\r\n"),
            ("OBJECT ENCODING to", "$8\r\nlistpack\r\n"),
            ("SORT missing STORE to", ":0\r\n"),
            ("EXISTS to", ":0\r\n"),
            ("SORT_RO s ALPHA STORE to", "-ERR syntax error\r\n"),
            ("CONFIG SET list-max-listpack-size 3", "+OK\r\n"),
            ("SORT s ALPHA STORE to", ":4\r\n"),
            ("OBJECT ENCODING to", "$9\r\nquicklist\r\n"),
            ("LINDEX to -1", "$1\r\nb\r\n"),
        ]);
        let long = "x".repeat(5000);
        node.run(&format!("SADD long {long} a"));
        node.expect(&[
            ("CONFIG SET list-max-listpack-size -2", "+OK\r\n"),
            ("SORT long ALPHA STORE to", ":2\r\n"),
            ("OBJECT ENCODING to", "$8\r\nlistpack\r\n"),
            ("LINDEX to 0", "$1\r\na\r\n"),
        ]);
    }

    #[test]
    fn a_cluster_refuses_patterns_whose_keys_may_be_elsewhere() {
        let mut host = Host::member(SLOT_COUNT);
        let mut wire = host.connect();
        for (option, denied) in [
            ("BY w_*", true),
            ("BY {k}w_*", false),
            ("BY w_*{k}", true),
            ("BY nosort", false),
            ("GET w_*", true),
            ("GET ?{k}*", true),
            ("GET # GET {k}*->f", false),
        ] {
            let reply = host.run(&mut wire, &format!("SORT_RO {{k}} {option}"));
            assert_eq!(reply.contains("denied in Cluster mode"), denied, "{option}: {reply}");
        }
        assert!(host.run(&mut wire, "SORT {k} STORE x").starts_with("-CROSSSLOT"));
    }
}
