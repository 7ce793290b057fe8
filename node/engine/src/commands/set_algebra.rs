//! Sets: intersections, unions and differences.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::set::reply_member;
use super::set_edit::limits;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::collections::{BuiltSet, Member, SetBuilder, SetEncoding, SetView};
use crate::keyspace::{Database, HashedKey, NewExpiry, ValueType};
use crate::memory::SlabAllocator;
use crate::resp::parse_i64;
use crate::server::EventClass;

/// A source: the key of a set, or none for an empty one.
type Source<'k> = Option<HashedKey<'k>>;

/// The keys in `count` arguments from `first` on, with none for those that do not exist.
///
/// # Errors
/// WRONGTYPE if one holds something else than a set.
fn sources<'a>(call: &mut Call<'a>, first: usize, count: usize) -> Result<Vec<Source<'a>>, CommandError> {
    let mut sources = Vec::with_capacity(count);
    for index in first..first + count {
        let key = call.key(index);
        let found = call.keys.collection(&key, ValueType::Set)?.is_some();
        sources.push(found.then_some(key));
    }
    Ok(sources)
}

/// The set of a source that exists.
fn view_of<'d>(database: &'d Database, key: &HashedKey<'_>) -> SetView<'d> {
    let entry = database.find(key).expect("the key was found before, and nothing was removed since");
    SetView::new(entry.collection())
}

/// Show `visit` the members that all sets have, until it says to stop.
fn intersect<'d>(sets: &[SetView<'d>], mut visit: impl FnMut(Member<'d>) -> bool) {
    let Some((smallest, others)) = sets.split_first() else { return };
    for member in smallest.members() {
        if others.iter().all(|set| set.shares(member)) && !visit(member) {
            break;
        }
    }
}

/// The sets of sources that all exist, the smallest first; `None` if one does not.
fn by_size<'d>(database: &'d Database, sources: &[Source<'_>]) -> Option<Vec<SetView<'d>>> {
    let mut sets: Vec<SetView<'d>> =
        sources.iter().map(|source| source.map(|key| view_of(database, &key))).collect::<Option<_>>()?;
    sets.sort_by_key(SetView::len);
    Some(sets)
}

/// SINTER key [key ...]
fn sinter(call: &mut Call<'_>) -> CommandResult {
    let sources = sources(call, 1, call.args.len() - 1)?;
    let Some(sets) = by_size(call.keys.database(), &sources) else {
        call.reply.set(0);
        return Ok(());
    };
    let begun = call.reply.begin();
    let mut count = 0;
    intersect(&sets, |member| {
        reply_member(call.reply, member);
        count += 1;
        true
    });
    call.reply.end_set(begun, count);
    Ok(())
}

/// SINTERCARD numkeys key [key ...] [LIMIT limit]
fn sintercard(call: &mut Call<'_>) -> CommandResult {
    let count = parse_i64(call.args.get(1))
        .filter(|count| *count > 0)
        .ok_or(CommandError::text("ERR numkeys should be greater than 0"))?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > call.args.len() - 2 {
        return Err(CommandError::text("ERR Number of keys can't be greater than number of args"));
    }
    let mut limit = 0;
    let mut index = 2 + count;
    while index < call.args.len() {
        if !call.is_word(index, "LIMIT") || index + 1 == call.args.len() {
            return Err(CommandError::SYNTAX);
        }
        limit = parse_i64(call.args.get(index + 1))
            .filter(|limit| *limit >= 0)
            .ok_or(CommandError::text("ERR LIMIT can't be negative"))?;
        index += 2;
    }
    let sources = sources(call, 2, count)?;
    let mut found = 0;
    if let Some(sets) = by_size(call.keys.database(), &sources) {
        intersect(&sets, |_| {
            found += 1;
            found != limit
        });
    }
    call.reply.integer(found);
    Ok(())
}

/// SINTERSTORE destination key [key ...]
fn sinterstore(call: &mut Call<'_>) -> CommandResult {
    let sources = sources(call, 2, call.args.len() - 2)?;
    let built = build(call, |database, slabs, mut builder| {
        let sets = by_size(database, &sources)?;
        // An intersection with an integer set is one; others are tried when it is known what is in them.
        let encoding = match sets.first()? {
            SetView::Ints(_) => SetEncoding::IntSet,
            SetView::Object(set) if set.encoding() == SetEncoding::IntSet => SetEncoding::IntSet,
            SetView::Object(_) | SetView::Members(_) => SetEncoding::ListPack,
        };
        builder.start_as(encoding);
        intersect(&sets, |member| {
            builder.add(slabs, member);
            true
        });
        builder.turn_into_integers(slabs);
        Some(builder)
    });
    store(call, built, "sinterstore")
}

/// SUNION key [key ...]
fn sunion(call: &mut Call<'_>) -> CommandResult {
    let sources = sources(call, 1, call.args.len() - 1)?;
    let built = build(call, |database, slabs, builder| Some(union(database, &sources, slabs, builder)));
    reply_set(call, built)
}

/// SUNIONSTORE destination key [key ...]
fn sunionstore(call: &mut Call<'_>) -> CommandResult {
    let sources = sources(call, 2, call.args.len() - 2)?;
    let built = build(call, |database, slabs, builder| Some(union(database, &sources, slabs, builder)));
    store(call, built, "sunionstore")
}

fn union<'h>(
    database: &Database,
    sources: &[Source<'_>],
    slabs: &mut SlabAllocator,
    mut builder: SetBuilder<'h>,
) -> SetBuilder<'h> {
    for key in sources.iter().flatten() {
        view_of(database, key).members().for_each(|member| {
            builder.add(slabs, member);
        });
    }
    builder
}

/// SDIFF key [key ...]
fn sdiff(call: &mut Call<'_>) -> CommandResult {
    let sources = sources(call, 1, call.args.len() - 1)?;
    let built = build(call, |database, slabs, builder| difference(database, &sources, slabs, builder));
    reply_set(call, built)
}

/// SDIFFSTORE destination key [key ...]
fn sdiffstore(call: &mut Call<'_>) -> CommandResult {
    let sources = sources(call, 2, call.args.len() - 2)?;
    let built = build(call, |database, slabs, builder| difference(database, &sources, slabs, builder));
    store(call, built, "sdiffstore")
}

/// The members of the first source that no other has; `None` if that is certain to be empty.
///
/// Either every member of the first set is looked for in the others, or the others' members are removed from a copy of
/// it, whichever promises less work; Valkey chooses in the same way, and the encoding of the result depends on it.
fn difference<'h>(
    database: &Database,
    sources: &[Source<'_>],
    slabs: &mut SlabAllocator,
    mut builder: SetBuilder<'h>,
) -> Option<SetBuilder<'h>> {
    let (first, others) = sources.split_first()?;
    let first_key = (*first)?;
    let others: Vec<HashedKey<'_>> = others.iter().flatten().copied().collect();
    if others.iter().any(|key| key.bytes == first_key.bytes) {
        return None;
    }
    let first = view_of(database, &first_key);
    let mut others: Vec<SetView<'_>> = others.iter().map(|key| view_of(database, key)).collect();
    let looked_up = first.len() * (others.len() + 1) / 2;
    let removed = first.len() + others.iter().map(SetView::len).sum::<usize>();
    if looked_up <= removed {
        others.sort_by_key(|set| std::cmp::Reverse(set.len()));
        for member in first.members() {
            if !others.iter().any(|set| set.shares(member)) {
                builder.add(slabs, member);
            }
        }
    } else {
        first.members().for_each(|member| {
            builder.add(slabs, member);
        });
        for set in others {
            set.members().for_each(|member| {
                builder.remove(slabs, member);
            });
            if builder.is_empty() {
                break;
            }
        }
    }
    Some(builder)
}

/// Build a set from others of the database.
fn build(
    call: &mut Call<'_>,
    build: impl for<'h> FnOnce(&Database, &mut SlabAllocator, SetBuilder<'h>) -> Option<SetBuilder<'h>>,
) -> Option<BuiltSet> {
    let limits = limits(&call.server.config);
    let mut database = call.keys.database_mut();
    let (database, slabs, hasher) = database.beside();
    let empty = SetBuilder::new(SetEncoding::IntSet, hasher, limits);
    build(database, slabs, empty).map(SetBuilder::build)
}

/// Answer with a set and dispose of it.
fn reply_set(call: &mut Call<'_>, built: Option<BuiltSet>) -> CommandResult {
    let Some(built) = built else {
        call.reply.set(0);
        return Ok(());
    };
    let view = built.view();
    call.reply.set(view.len());
    view.members().for_each(|member| reply_member(call.reply, member));
    if let Some(object) = built.into_object() {
        call.keys.dispose(object);
    }
    Ok(())
}

/// Store a set under the key in argument 1, or remove the key if the set is empty; the answer is its size.
fn store(call: &mut Call<'_>, built: Option<BuiltSet>, event: &'static str) -> CommandResult {
    let key = call.key(1);
    let count = built.as_ref().map_or(0, |built| built.view().len());
    if let Some(built) = built.filter(|_| count > 0) {
        built.store(|value| call.keys.set(&key, value, NewExpiry::None));
        call.changed(EventClass::SET, event, &key);
    } else if call.keys.remove(&key) {
        call.changed(EventClass::GENERIC, "del", &key);
    }
    call.reply.integer(count as i64);
    Ok(())
}

const STORE: Flags = Flags::WRITE.union(Flags::DENYOOM);
const READ: KeyFlags = KeyFlags::RO.union(KeyFlags::ACCESS);
const ALL: &[KeySpec] = &[KeySpec::range(1, -1, 1, READ)];
const STORED: &[KeySpec] =
    &[KeySpec::one(1, KeyFlags::OW.union(KeyFlags::UPDATE)), KeySpec::range(2, -1, 1, READ)];
const UNORDERED: &[&str] = &["nondeterministic_output_order"];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("sinter", -2, Group::Set, sinter)
        .flags(Flags::READONLY)
        .keys(ALL)
        .tips(UNORDERED)
        .usage("key [key ...]")
        .about("1.0.0", "Give the members that several sets have in common."),
    CommandSpec::new("sintercard", -3, Group::Set, sintercard)
        .flags(Flags::READONLY)
        .keys(&[KeySpec::counted(1, 1, READ)])
        .usage("numkeys key [key ...] [LIMIT limit]")
        .about("7.0.0", "Count the members that several sets have in common."),
    CommandSpec::new("sinterstore", -3, Group::Set, sinterstore)
        .flags(STORE)
        .keys(STORED)
        .usage("destination key [key ...]")
        .about("1.0.0", "Store the members that several sets have in common."),
    CommandSpec::new("sunion", -2, Group::Set, sunion)
        .flags(Flags::READONLY)
        .keys(ALL)
        .tips(UNORDERED)
        .usage("key [key ...]")
        .about("1.0.0", "Give the members that at least one of several sets has."),
    CommandSpec::new("sunionstore", -3, Group::Set, sunionstore)
        .flags(STORE)
        .keys(STORED)
        .usage("destination key [key ...]")
        .about("1.0.0", "Store the members that at least one of several sets has."),
    CommandSpec::new("sdiff", -2, Group::Set, sdiff)
        .flags(Flags::READONLY)
        .keys(ALL)
        .tips(UNORDERED)
        .usage("key [key ...]")
        .about("1.0.0", "Give the members of a set that several others do not have."),
    CommandSpec::new("sdiffstore", -3, Group::Set, sdiffstore)
        .flags(STORE)
        .keys(STORED)
        .usage("destination key [key ...]")
        .about("1.0.0", "Store the members of a set that several others do not have."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::testing::Node;

    fn members(reply: &str) -> BTreeSet<String> {
        reply.lines().filter(|line| line.starts_with("m:")).map(str::to_owned).collect()
    }

    fn numbers(range: impl Iterator<Item = u32>) -> BTreeSet<String> {
        range.map(|number| format!("m:{number}")).collect()
    }

    #[test]
    fn large_and_small_sets_are_combined_alike() {
        for scale in [1, 40] {
            let mut node = Node::alone();
            for number in 0..20 * scale {
                node.run(&format!("SADD a m:{number}"));
                node.run(&format!("SADD b m:{}", number + 10 * scale));
            }
            node.run("SADD few m:11 m:3 m:99999");
            assert_eq!(members(&node.run("SINTER a b")), numbers(10 * scale..20 * scale));
            assert_eq!(members(&node.run("SUNION a b none")), numbers(0..30 * scale));
            assert_eq!(members(&node.run("SDIFF a b none")), numbers(0..10 * scale));
            assert_eq!(members(&node.run("SDIFF few b a")), numbers(99_999..100_000));
            assert_eq!(node.run("SINTERCARD 2 a b LIMIT 3"), ":3\r\n");
            assert_eq!(node.run("SINTERCARD 3 a b none"), ":0\r\n");
            assert_eq!(node.run("SUNIONSTORE a a b"), format!(":{}\r\n", 30 * scale));
            assert_eq!(members(&node.run("SMEMBERS a")), numbers(0..30 * scale));
            assert_eq!(node.run("SDIFFSTORE a a a"), ":0\r\n");
            assert_eq!(node.run("EXISTS a"), ":0\r\n");
        }
    }

    #[test]
    fn results_of_integers_are_integer_sets() {
        Node::alone().expect(&[
            ("SADD a x 3 2 1", ":4\r\n"),
            ("SADD b 1 2 3 y", ":4\r\n"),
            ("SINTERSTORE c a b", ":3\r\n"),
            ("OBJECT ENCODING c", "$6\r\nintset\r\n"),
            ("SMEMBERS c", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
            ("SDIFFSTORE c a b", ":1\r\n"),
            ("OBJECT ENCODING c", "$8\r\nlistpack\r\n"),
            ("SUNIONSTORE c none", ":0\r\n"),
            ("EXISTS c", ":0\r\n"),
            ("SET t 1", "+OK\r\n"),
            ("SINTER none t", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
            ("SUNIONSTORE t a b", ":5\r\n"),
            ("TYPE t", "+set\r\n"),
        ]);
    }
}
