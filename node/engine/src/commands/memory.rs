//! MEMORY: what memory is used for.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::help;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::observe::memory::MemoryUse;
use crate::observe::memory_report;

/// MEMORY USAGE key [SAMPLES count]
fn usage(call: &mut Call<'_>) -> CommandResult {
    let mut index = 3;
    while index < call.args.len() {
        if !call.is_word(index, "SAMPLES") || index + 1 == call.args.len() {
            return Err(CommandError::SYNTAX);
        }
        // Sizes are kept count of, so there is nothing to sample.
        if call.integer(index + 1)? < 0 {
            return Err(CommandError::SYNTAX);
        }
        index += 2;
    }
    let key = call.key(2);
    match call.keys.peek(&key).map(|entry| entry.memory_bytes()) {
        Some(bytes) => call.reply.integer(bytes as i64),
        None => call.reply.null(),
    }
    Ok(())
}

/// MEMORY STATS
fn stats(call: &mut Call<'_>) -> CommandResult {
    let keyspace = &*call.keys.keyspace;
    let memory = MemoryUse::read(keyspace, call.server);
    let databases: Vec<usize> =
        (0..keyspace.database_count()).filter(|index| !keyspace.database(*index).is_empty()).collect();
    let keys = keyspace.total_len();
    let net = memory.used.saturating_sub(memory.startup);
    let percent = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
    let ratio = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let difference = |part: u64, whole: u64| part as i64 - whole as i64;

    let begun = call.reply.begin();
    let mut fields = 0;
    let mut field = |reply: &mut crate::resp::Reply, name: &str, value: Figure| {
        reply.bulk(name.as_bytes());
        match value {
            Figure::Count(count) => reply.integer(count),
            Figure::Share(share) => reply.double(share),
        }
        fields += 1;
    };
    let count = |bytes: u64| Figure::Count(bytes as i64);
    for (name, bytes) in [
        ("peak.allocated", memory.peak),
        ("total.allocated", memory.used),
        ("startup.allocated", memory.startup),
        ("replication.backlog", 0),
        ("replicas.repl.buffer", 0),
        ("clients.slaves", 0),
        ("clients.normal", memory.clients),
        ("cluster.links", 0),
        ("cluster.slot_import", 0),
        ("cluster.slot_export", 0),
        ("aof.buffer", 0),
        ("lua.caches", 0),
        ("functions.caches", 0),
    ] {
        field(call.reply, name, count(bytes));
    }
    field(call.reply, "overhead.total", count(memory.overhead()));
    field(call.reply, "db.dict.rehashing.count", Figure::Count(0));
    field(call.reply, "keys.count", count(keys));
    field(call.reply, "keys.bytes-per-key", count(net.checked_div(keys).unwrap_or_default()));
    field(call.reply, "dataset.bytes", count(memory.dataset()));
    field(call.reply, "dataset.percentage", Figure::Share(percent(memory.dataset(), net)));
    field(call.reply, "peak.percentage", Figure::Share(percent(memory.used, memory.peak)));
    field(call.reply, "allocator.allocated", count(memory.used));
    field(call.reply, "allocator.active", count(memory.active));
    field(call.reply, "allocator.resident", count(memory.active));
    field(call.reply, "allocator.muzzy", Figure::Count(0));
    field(call.reply, "allocator-fragmentation.ratio", Figure::Share(ratio(memory.active, memory.used)));
    field(call.reply, "allocator-fragmentation.bytes", Figure::Count(difference(memory.active, memory.used)));
    field(call.reply, "allocator-rss.ratio", Figure::Share(1.0));
    field(call.reply, "allocator-rss.bytes", Figure::Count(0));
    field(call.reply, "rss-overhead.ratio", Figure::Share(ratio(memory.resident, memory.active)));
    field(call.reply, "rss-overhead.bytes", Figure::Count(difference(memory.resident, memory.active)));
    field(call.reply, "fragmentation", Figure::Share(ratio(memory.resident, memory.used)));
    field(call.reply, "fragmentation.bytes", Figure::Count(difference(memory.resident, memory.used)));
    for index in &databases {
        call.reply.bulk(format!("db.{index}").as_bytes());
        call.reply.map(4);
        for (name, bytes) in [
            ("overhead.hashtable.main", keyspace.database(*index).table_bytes()),
            // Keys that expire are in no table of their own.
            ("overhead.hashtable.expires", 0),
            ("overhead.db.hashtable.lut", 0),
            ("overhead.db.hashtable.rehashing", 0),
        ] {
            call.reply.bulk(name.as_bytes());
            call.reply.integer(bytes as i64);
        }
    }
    call.reply.end_map(begun, fields + databases.len());
    Ok(())
}

/// A value of MEMORY STATS.
enum Figure {
    Count(i64),
    Share(f64),
}

/// MEMORY DOCTOR
fn doctor(call: &mut Call<'_>) -> CommandResult {
    let text = memory_report::advice(&MemoryUse::read(call.keys.keyspace, call.server), call.server);
    call.reply.verbatim(text.as_bytes());
    Ok(())
}

/// MEMORY MALLOC-STATS
fn malloc_stats(call: &mut Call<'_>) -> CommandResult {
    let text = memory_report::allocator(call.keys.keyspace);
    call.reply.verbatim(text.as_bytes());
    Ok(())
}

/// MEMORY PURGE
fn purge(call: &mut Call<'_>) -> CommandResult {
    call.keys.keyspace.release_unused_memory();
    call.reply.ok();
    Ok(())
}

const SHARDS: &[&str] = &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::container(
    "memory",
    Group::Server,
    &[
        CommandSpec::new("memory|doctor", 2, Group::Server, doctor)
            .tips(SHARDS)
            .about("4.0.0", "Tell what is wrong about the use of memory."),
        help::row("memory|help", Group::Server, "4.0.0"),
        CommandSpec::new("memory|malloc-stats", 2, Group::Server, malloc_stats)
            .flags(Flags::LOADING)
            .tips(SHARDS)
            .about("4.0.0", "Tell about the allocator."),
        CommandSpec::new("memory|purge", 2, Group::Server, purge)
            .flags(Flags::LOADING)
            .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
            .about("4.0.0", "Give unused memory back to the system."),
        CommandSpec::new("memory|stats", 2, Group::Server, stats)
            .tips(SHARDS)
            .about("4.0.0", "Tell what memory is used for."),
        CommandSpec::new("memory|usage", -3, Group::Server, usage)
            .flags(Flags::READONLY)
            .keys(&[KeySpec::one(2, KeyFlags::RO)])
            .usage("key [SAMPLES count]")
            .about("4.0.0", "Tell how much memory a key takes."),
    ],
)
.about("4.0.0", "Commands about the use of memory.")];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    fn usage(node: &mut Node, key: &str) -> u64 {
        let reply = node.run(&format!("MEMORY USAGE {key}"));
        reply.trim().trim_start_matches(':').parse().unwrap()
    }

    #[test]
    fn usage_is_what_storing_the_key_has_taken() {
        let mut node = Node::alone();
        // The first keys bring the tables, and room for their kin in the same slot.
        node.run("MSET {a}1 1 {a}2 1 {a}3 1 {a}4 1 {a}5 1 {a}6 1");
        for (key, value) in [("{a}7", "1".to_owned()), ("{a}8", "v".repeat(1_000))] {
            let before = node.core.keyspace.slab_bytes();
            node.run(&format!("SET {key} {value}"));
            let taken = node.core.keyspace.slab_bytes() - before;
            let told = usage(&mut node, key);
            assert!(told.abs_diff(taken) <= 64, "{key}: {told}, not {taken}");
        }
        node.run(&format!("SET large {}", "v".repeat(100_000)));
        assert!((100_000..100_300).contains(&usage(&mut node, "large")));
    }

    #[test]
    fn usage_takes_a_number_of_samples_that_is_not_negative() {
        let mut node = Node::alone();
        node.expect(&[
            ("MEMORY USAGE none", "$-1\r\n"),
            ("MEMORY USAGE none SAMPLES", "-ERR syntax error\r\n"),
            ("MEMORY USAGE none junk 1", "-ERR syntax error\r\n"),
            ("MEMORY USAGE none SAMPLES -1", "-ERR syntax error\r\n"),
            ("MEMORY USAGE none SAMPLES x", "-ERR value is not an integer or out of range\r\n"),
            ("MEMORY USAGE none SAMPLES 0 samples 5", "$-1\r\n"),
            ("MEMORY PURGE", "+OK\r\n"),
        ]);
    }

    #[test]
    fn stats_tell_of_every_database_that_has_keys() {
        let mut node = Node::alone();
        assert!(node.run("MEMORY STATS").starts_with("*64\r\n$14\r\npeak.allocated\r\n:"));
        node.run("SET k v");
        let shown = node.run("MEMORY STATS");
        assert!(shown.starts_with("*66\r\n"), "{shown}");
        assert!(shown.contains("$4\r\ndb.0\r\n*8\r\n$23\r\noverhead.hashtable.main\r\n:"), "{shown}");
        assert!(shown.contains("$10\r\nkeys.count\r\n:1\r\n"), "{shown}");
    }
}
