//! Hashes: all their fields, or some at random.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::hash_edit::read_hash;
use super::sampling::{checked_repeats, sample, sampling_count};
use super::scan_options::{ScanOptions, Scanned, cursor};
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::clock::Rng;
use crate::collections::{Field, HashView};
use crate::resp::Reply;

/// HGETALL key
fn hgetall(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let Some(hash) = read_hash(&mut call.keys, &key)? else {
        call.reply.map(0);
        return Ok(());
    };
    call.reply.map(live_len(&hash));
    for Field { name, value, .. } in hash.fields() {
        call.reply.bulk(name);
        call.reply.bulk(value);
    }
    Ok(())
}

/// HKEYS key
fn hkeys(call: &mut Call<'_>) -> CommandResult {
    list(call, |field| field.name)
}

/// HVALS key
fn hvals(call: &mut Call<'_>) -> CommandResult {
    list(call, |field| field.value)
}

fn list(call: &mut Call<'_>, part: fn(Field<'_>) -> &[u8]) -> CommandResult {
    let key = call.key(1);
    let Some(hash) = read_hash(&mut call.keys, &key)? else {
        call.reply.array(0);
        return Ok(());
    };
    call.reply.array(live_len(&hash));
    hash.fields().for_each(|field| call.reply.bulk(part(field)));
    Ok(())
}

/// Number of fields whose time is not over.
fn live_len(hash: &HashView<'_>) -> usize {
    if hash.may_have_expired() { hash.fields().count() } else { hash.len() }
}

/// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
fn hscan(call: &mut Call<'_>) -> CommandResult {
    let cursor = cursor(call, 2)?;
    let key = call.key(1);
    let Some(hash) = read_hash(&mut call.keys, &key)? else {
        call.reply.array(2);
        call.reply.bulk(b"0");
        call.reply.array(0);
        return Ok(());
    };
    let options = ScanOptions::parse(call.args, 3, Scanned::Hash)?;
    let mut found = Vec::new();
    let next = hash.scan(cursor, options.count, |field| {
        if options.matches(field.name) {
            found.push(field);
        }
    });
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    call.reply.array(if options.names_only { found.len() } else { 2 * found.len() });
    for Field { name, value, .. } in found {
        call.reply.bulk(name);
        if !options.names_only {
            call.reply.bulk(value);
        }
    }
    Ok(())
}

/// HRANDFIELD key [count [WITHVALUES]]
fn hrandfield(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    if call.args.len() == 2 {
        let hash = read_hash(&mut call.keys, &key)?;
        match hash.and_then(|hash| Drawn::new(&hash).draw(&mut call.server.rng)) {
            Some(field) => call.reply.bulk(field.name),
            None => call.reply.null(),
        }
        return Ok(());
    }
    let count = sampling_count(call, 2)?;
    let with_values = call.args.len() > 3;
    if call.args.len() > 4 || with_values && !call.is_word(3, "WITHVALUES") {
        return Err(CommandError::SYNTAX);
    }
    if with_values && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(CommandError::VALUE_OUT_OF_RANGE);
    }
    let Some(hash) = read_hash(&mut call.keys, &key)? else {
        call.reply.array(0);
        return Ok(());
    };
    let drawn = Drawn::new(&hash);
    let rng = &mut call.server.rng;
    if count < 0 {
        let repeats = checked_repeats(count)?;
        // When the time of all fields is over, there is nothing to repeat.
        let repeats = if drawn.len() == 0 { 0 } else { repeats };
        begin_fields(call.reply, repeats, with_values);
        (0..repeats)
            .filter_map(|_| drawn.draw(rng))
            .for_each(|field| reply_field(call.reply, field, with_values));
    } else {
        let count = drawn.len().min(count as usize);
        begin_fields(call.reply, count, with_values);
        if count == drawn.len() {
            hash.fields().for_each(|field| reply_field(call.reply, field, with_values));
        } else {
            let ranks = sample(rng, drawn.len(), count);
            ranks.into_iter().filter_map(|rank| drawn.nth(rank)).for_each(|field| {
                reply_field(call.reply, field, with_values);
            });
        }
    }
    Ok(())
}

/// Begin the reply with this number of fields: pairs in RESP3, a flat list in RESP2.
fn begin_fields(reply: &mut Reply, count: usize, with_values: bool) {
    reply.array(if with_values && !reply.is_resp3() { 2 * count } else { count });
}

fn reply_field(reply: &mut Reply, field: Field<'_>, with_value: bool) {
    if with_value && reply.is_resp3() {
        reply.array(2);
    }
    reply.bulk(field.name);
    if with_value {
        reply.bulk(field.value);
    }
}

/// The fields that may be drawn, by rank.
enum Drawn<'h, 'a> {
    /// All fields of a large hash; they are found by rank quickly enough.
    Large(&'h HashView<'a>),
    Listed(Vec<Field<'a>>),
}

impl<'h, 'a> Drawn<'h, 'a> {
    fn new(hash: &'h HashView<'a>) -> Self {
        // Ranks count fields whose time is over: they are left out of a list, which costs more but is seldom needed.
        if hash.is_large() && !hash.may_have_expired() {
            Self::Large(hash)
        } else {
            Self::Listed(hash.fields().collect())
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Large(hash) => hash.len(),
            Self::Listed(fields) => fields.len(),
        }
    }

    fn nth(&self, rank: usize) -> Option<Field<'a>> {
        match self {
            Self::Large(hash) => hash.nth(rank),
            Self::Listed(fields) => fields.get(rank).copied(),
        }
    }

    fn draw(&self, rng: &mut Rng) -> Option<Field<'a>> {
        self.nth(rng.below(self.len() as u64) as usize)
    }
}

const READ: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];
const UNORDERED: &[&str] = &["nondeterministic_output_order"];
const RANDOM: &[&str] = &["nondeterministic_output"];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("hgetall", 2, Group::Hash, hgetall)
        .flags(Flags::READONLY)
        .keys(READ)
        .tips(UNORDERED)
        .usage("key")
        .about("2.0.0", "Give all fields of a hash with their values."),
    CommandSpec::new("hkeys", 2, Group::Hash, hkeys)
        .flags(Flags::READONLY)
        .keys(READ)
        .tips(UNORDERED)
        .usage("key")
        .about("2.0.0", "Give the names of all fields of a hash."),
    CommandSpec::new("hvals", 2, Group::Hash, hvals)
        .flags(Flags::READONLY)
        .keys(READ)
        .tips(UNORDERED)
        .usage("key")
        .about("2.0.0", "Give the values of all fields of a hash."),
    CommandSpec::new("hscan", -3, Group::Hash, hscan)
        .flags(Flags::READONLY)
        .keys(READ)
        .tips(RANDOM)
        .usage("key cursor [MATCH pattern] [COUNT count] [NOVALUES]")
        .about("2.8.0", "List some fields of a hash, and a cursor to go on from."),
    CommandSpec::new("hrandfield", -2, Group::Hash, hrandfield)
        .flags(Flags::READONLY)
        .keys(READ)
        .tips(RANDOM)
        .usage("key [count [WITHVALUES]]")
        .about("6.2.0", "Give fields of a hash drawn at random."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::testing::Node;

    /// A node with a hash of `count` fields `f:N` with the value `v`.
    fn node_with_hash(count: usize) -> Node {
        let mut node = Node::alone();
        for field in 0..count {
            node.run(&format!("HSET h f:{field} v"));
        }
        node
    }

    /// The elements of a reply that are fields.
    fn fields(reply: &str) -> Vec<&str> {
        reply.lines().filter(|line| line.starts_with("f:")).collect()
    }

    #[test]
    fn a_small_hash_is_listed_in_the_order_in_which_fields_came() {
        let mut node = Node::alone();
        node.expect(&[
            ("HSET h z 1 a 2 m 3", ":3\r\n"),
            ("HGETALL h", "*6\r\n$1\r\nz\r\n$1\r\n1\r\n$1\r\na\r\n$1\r\n2\r\n$1\r\nm\r\n$1\r\n3\r\n"),
            ("HKEYS h", "*3\r\n$1\r\nz\r\n$1\r\na\r\n$1\r\nm\r\n"),
            ("HVALS h", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
            (
                "HSCAN h 0 MATCH ? NOVALUES COUNT 1",
                "*2\r\n$1\r\n0\r\n*3\r\n$1\r\nz\r\n$1\r\na\r\n$1\r\nm\r\n",
            ),
            ("HGETALL none", "*0\r\n"),
        ]);
    }

    #[test]
    fn a_scan_of_a_large_hash_meets_every_field() {
        let mut node = node_with_hash(1_000);
        let mut seen = BTreeSet::new();
        let mut cursor = "0".to_owned();
        loop {
            let reply = node.run(&format!("HSCAN h {cursor} COUNT 7 NOVALUES"));
            seen.extend(fields(&reply).into_iter().map(str::to_owned));
            cursor = reply.lines().nth(2).unwrap().to_owned();
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), 1_000);
    }

    #[test]
    fn fields_drawn_at_random_are_distinct_unless_repeats_are_asked_for() {
        for count in [3, 100, 1_000] {
            let mut node = node_with_hash(count);
            for drawn in [1, 2, count / 2 + 1, count, count + 5] {
                let reply = node.run(&format!("HRANDFIELD h {drawn} WITHVALUES"));
                let drawn_fields = fields(&reply);
                assert_eq!(drawn_fields.len(), drawn.min(count));
                assert_eq!(drawn_fields.iter().collect::<BTreeSet<_>>().len(), drawn.min(count));
            }
            assert_eq!(fields(&node.run("HRANDFIELD h -2000")).len(), 2_000);
            assert_eq!(fields(&node.run("HRANDFIELD h")).len(), 1);
        }
    }
}
