//! OBJECT: how a value is kept and used.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::help;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::keyspace::{EntryRef, Keyspace};

/// Answer with what `tell` makes of a key's entry, or null; leaves no trace on the key.
fn with_entry(call: &mut Call<'_>, tell: impl FnOnce(EntryRef<'_>) -> Told) -> CommandResult {
    let key = call.key(2);
    match call.keys.peek(&key).map(tell) {
        Some(Told::Number(value)) => call.reply.integer(value),
        Some(Told::Access(bits, of)) => call.reply.integer(of(call.keys.keyspace, bits)),
        Some(Told::Name(name)) => call.reply.bulk(name.as_bytes()),
        None => call.reply.null(),
    }
    Ok(())
}

/// What an entry says of itself.
enum Told {
    Number(i64),
    Name(&'static str),
    /// Access bits, and who knows what they mean.
    Access(u32, fn(&Keyspace, u32) -> i64),
}

/// OBJECT ENCODING key
fn encoding(call: &mut Call<'_>) -> CommandResult {
    with_entry(call, |entry| Told::Name(entry.encoding_name()))
}

/// OBJECT REFCOUNT key
fn refcount(call: &mut Call<'_>) -> CommandResult {
    with_entry(call, |_| Told::Number(1))
}

/// OBJECT IDLETIME key
fn idletime(call: &mut Call<'_>) -> CommandResult {
    let lfu = call.server.config.maxmemory_policy.is_lfu();
    refuse(
        call,
        lfu,
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between \
         policies at runtime LRU and LFU data will take some time to adjust.",
    )?;
    with_entry(call, |entry| {
        Told::Access(entry.access(), |keyspace, bits| (keyspace.access_clock.idle_ms(bits) / 1_000) as i64)
    })
}

/// OBJECT FREQ key
fn freq(call: &mut Call<'_>) -> CommandResult {
    let lfu = call.server.config.maxmemory_policy.is_lfu();
    refuse(
        call,
        !lfu,
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
         between policies at runtime LRU and LFU data will take some time to adjust.",
    )?;
    with_entry(call, |entry| {
        Told::Access(entry.access(), |keyspace, bits| i64::from(keyspace.access_clock.frequency(bits)))
    })
}

/// Refuse to tell what is not tracked; a key that does not exist is null all the same.
fn refuse(call: &mut Call<'_>, untracked: bool, reason: &'static str) -> CommandResult {
    let key = call.key(2);
    if untracked && call.keys.exists(&key) { Err(CommandError::text(reason)) } else { Ok(()) }
}

const KEY: &[KeySpec] = &[KeySpec::one(2, KeyFlags::RO)];

const fn row(name: &'static str, handler: super::spec::Handler) -> CommandSpec {
    CommandSpec::new(name, 3, Group::Generic, handler)
        .flags(Flags::READONLY)
        .keys(KEY)
        .tips(&["nondeterministic_output"])
        .usage("key")
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::container(
    "object",
    Group::Generic,
    &[
        row("object|encoding", encoding).about("2.2.3", "Tell in which form a value is kept."),
        row("object|freq", freq).about("4.0.0", "Tell how often a key is used, on a logarithmic scale."),
        row("object|idletime", idletime).about("2.2.3", "Tell for how long a key has not been used."),
        row("object|refcount", refcount).about("2.2.3", "Tell how many references to a value there are."),
        help::row("object|help", Group::Generic, "6.2.0"),
    ],
)
.about("2.2.3", "Commands about how values are kept.")];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn encodings_are_named_as_valkey_names_them() {
        let mut node = Node::alone();
        for (key_bytes, longest_embedded) in [(1, 112), (31, 82), (32, 79), (100, 11)] {
            let key = "k".repeat(key_bytes);
            for (length, name) in [(longest_embedded, "embstr"), (longest_embedded + 1, "raw")] {
                node.run(&format!("SET {key} {}", "v".repeat(length)));
                assert_eq!(
                    node.run(&format!("OBJECT ENCODING {key}")),
                    format!("${}\r\n{name}\r\n", name.len())
                );
            }
        }
        node.expect(&[
            ("SET k 12", "+OK\r\n"),
            ("OBJECT ENCODING k", "$3\r\nint\r\n"),
            ("APPEND k 3", ":3\r\n"),
            ("OBJECT ENCODING k", "$3\r\nraw\r\n"),
            ("OBJECT FREQ none", "$-1\r\n"),
        ]);
        let long = "k".repeat(256);
        node.run(&format!("SET {long} v"));
        node.run(&format!("COPY {long} copy"));
        node.run(&format!("RENAME {long} renamed"));
        node.expect(&[
            ("OBJECT ENCODING copy", "$3\r\nraw\r\n"),
            ("OBJECT ENCODING renamed", "$3\r\nraw\r\n"),
        ]);
        assert!(node.run("OBJECT FREQ k").starts_with("-ERR An LFU maxmemory policy is not selected"));
    }

    #[test]
    fn asking_for_the_idle_time_is_no_use_of_the_key() {
        let mut node = Node::alone();
        node.run("SET k v");
        node.core.keyspace.access_clock.set_time(8_000);
        node.expect(&[
            ("OBJECT IDLETIME k", ":8\r\n"),
            ("TYPE k", "+string\r\n"),
            ("OBJECT IDLETIME k", ":8\r\n"),
        ]);
        node.expect(&[("TOUCH k", ":1\r\n"), ("OBJECT IDLETIME k", ":0\r\n")]);
    }
}
