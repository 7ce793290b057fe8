//! Listing the keys of a database.

use super::call::{Call, CommandResult};
use super::scan_options::{ScanOptions, Scanned, cursor};
use super::spec::{Category, CommandSpec, Flags, Group};
use crate::glob;
use crate::keyspace::EntryRef;
use crate::slot::{SlotIndex, pattern_slot};

/// SCAN goes on for this many steps while it finds no keys to look at.
const STEPS_MAX: usize = 16;

/// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
fn scan(call: &mut Call<'_>) -> CommandResult {
    let mut cursor = cursor(call, 1)?;
    let options = ScanOptions::parse(call.args, 2, Scanned::Keys)?;
    let slot = options.pattern.and_then(|pattern| only_slot(call, pattern));
    let now_ms = call.now.unix_ms();
    let database = call.keys.database();
    let mut found: Vec<&[u8]> = Vec::new();
    let mut seen = 0;
    for _ in 0..STEPS_MAX {
        let left = options.count.saturating_sub(seen).max(1);
        let visit = |entry| {
            seen += 1;
            if is_wanted(entry, &options, now_ms) {
                found.push(entry.key());
            }
        };
        cursor = match slot {
            Some(slot) => database.scan_slot(slot, cursor, left, visit),
            None => database.scan(cursor, left, visit),
        };
        if cursor == 0 || seen >= options.count {
            break;
        }
    }
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(cursor).as_bytes());
    call.reply.array(found.len());
    found.into_iter().for_each(|key| call.reply.bulk(key));
    Ok(())
}

fn is_wanted(entry: EntryRef<'_>, options: &ScanOptions<'_>, now_ms: i64) -> bool {
    !entry.is_expired(now_ms)
        && options.value_type.is_none_or(|value_type| entry.value_type() == value_type)
        && options.matches(entry.key())
}

/// The slot that all keys matching the pattern are in, when that is certain and slots matter.
fn only_slot(call: &Call<'_>, pattern: &[u8]) -> Option<SlotIndex> {
    if !call.server.identity.cluster {
        return None;
    }
    pattern_slot(pattern)
}

/// KEYS pattern
fn keys(call: &mut Call<'_>) -> CommandResult {
    let pattern = call.args.get(1);
    let all = pattern == b"*";
    let slot = only_slot(call, pattern);
    let now_ms = call.now.unix_ms();
    let begun = call.reply.begin();
    let mut count = 0;
    let mut visit = |entry: EntryRef<'_>| {
        if !entry.is_expired(now_ms) && (all || glob::matches(pattern, entry.key(), false)) {
            call.reply.bulk(entry.key());
            count += 1;
        }
    };
    let database = call.keys.database();
    let mut cursor = 0;
    loop {
        cursor = match slot {
            Some(slot) => database.scan_slot(slot, cursor, usize::MAX, &mut visit),
            None => database.scan(cursor, usize::MAX, &mut visit),
        };
        if cursor == 0 {
            break;
        }
    }
    call.reply.end_array(begun, count);
    Ok(())
}

/// DBSIZE
fn dbsize(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(call.keys.database().len() as i64);
    Ok(())
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("scan", -2, Group::Generic, scan)
        .flags(Flags::READONLY)
        .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"])
        .usage("cursor [MATCH pattern] [COUNT count] [TYPE type]")
        .about("2.8.0", "List some keys, and a cursor to go on from."),
    CommandSpec::new("keys", 2, Group::Generic, keys)
        .flags(Flags::READONLY)
        .with_categories(Category::KEYSPACE.union(Category::DANGEROUS))
        .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
        .usage("pattern")
        .about("1.0.0", "List all keys that match a pattern."),
    CommandSpec::new("dbsize", 1, Group::Server, dbsize)
        .flags(Flags::READONLY.union(Flags::FAST))
        .with_categories(Category::KEYSPACE)
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
        .about("1.0.0", "Count the keys of the database."),
];

#[cfg(test)]
mod tests {
    use crate::keyspace::{NewExpiry, NewValue};
    use crate::testing::{Node, START_MS};

    /// The keys of a whole scan.
    fn scan_all(node: &mut Node, options: &str) -> Vec<String> {
        let mut keys = Vec::new();
        let mut cursor = "0".to_owned();
        loop {
            let reply = node.run(&format!("SCAN {cursor} {options}"));
            let mut lines = reply.lines().filter(|line| !line.starts_with(['*', '$']));
            cursor = lines.next().unwrap().to_owned();
            keys.extend(lines.map(str::to_owned));
            if cursor == "0" {
                keys.sort();
                return keys;
            }
        }
    }

    #[test]
    fn a_scan_meets_every_living_key_that_matches() {
        for mut node in [Node::alone(), Node::member()] {
            let names: Vec<String> = (0..500).map(|number| format!("{{tag}}{number:03}")).collect();
            for name in &names {
                let key = node.core.keyspace.hash_key(name.as_bytes());
                node.core.keyspace.database_mut(0).set(&key, NewValue::Int(1), NewExpiry::None);
            }
            let key = node.core.keyspace.hash_key(b"{tag}gone");
            node.core.keyspace.database_mut(0).set(&key, NewValue::Int(1), NewExpiry::At(START_MS - 1));
            assert_eq!(scan_all(&mut node, "COUNT 7"), names);
            assert_eq!(scan_all(&mut node, "MATCH {tag}12?"), names[120..130]);
            assert_eq!(scan_all(&mut node, "MATCH *7 TYPE string").len(), 50);
            assert!(scan_all(&mut node, "TYPE zset").is_empty());
            assert!(node.run("KEYS {tag}*").starts_with("*500\r\n"));
            assert_eq!(node.run("KEYS {tag}007"), "*1\r\n$8\r\n{tag}007\r\n");
        }
    }
}
