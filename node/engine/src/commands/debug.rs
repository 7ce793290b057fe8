//! DEBUG: helpers of test suites. Only for those whom `enable-debug-command` lets.

use std::time::Duration;

use super::call::{Call, CommandResult};
use super::debug_protocol;
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group};
use crate::keyspace::{NewExpiry, NewValue};
use crate::resp::parse_i64;
use crate::server::config::DebugAccess;
use crate::server::{EventClass, SessionFlags, Waiting, host_of, new_replication_id};

/// What nobody would sleep longer than.
const SLEEP_S_MAX: f64 = 1e9;
/// Keys that DEBUG POPULATE makes at most: more would hold the node up for minutes.
const POPULATE_MAX: i64 = 100_000_000;

/// DEBUG subcommand [arg ...]
fn debug(call: &mut Call<'_>) -> CommandResult {
    let allowed = match call.server.config.enable_debug_command {
        DebugAccess::Nobody => false,
        DebugAccess::Everybody => true,
        DebugAccess::Local => is_local(&call.session.address),
    };
    if !allowed {
        return Err(CommandError::text(
            "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it \
             from a local connection, otherwise you need to set this option in the configuration file, and then \
             restart the server.",
        ));
    }
    let name = call.args.get(1).to_ascii_lowercase();
    match (name.as_slice(), call.args.len()) {
        (b"help", 2) => help(call),
        (b"sleep", 3) => sleep(call),
        (b"set-active-expire", 3) => {
            call.server.housekeeping.active_expiry = parse_i64(call.args.get(2)).unwrap_or_default() != 0;
            call.reply.ok();
        }
        (b"object", 3..) => return object(call),
        (b"error", 3) => return Err(CommandError::new(call.args.get(2))),
        // The log is Python's, and nobody looks for the message there.
        (b"log", 3) => call.reply.ok(),
        (b"populate", 3..=5) => return populate(call),
        (b"protocol", 3) => return debug_protocol::reply(call),
        (b"change-repl-id", 2) => {
            call.server.replication_id = new_replication_id(&mut call.server.rng);
            call.reply.ok();
        }
        (b"structsize", 2) => call.reply.bulk(b"bits:64"),
        // Mechanisms that Valkey's tests switch and that do not exist here.
        (
            b"quicklist-packed-threshold"
            | b"dict-resizing"
            | b"hashtable-can-abort-shrink"
            | b"pause-cron"
            | b"client-enforce-reply-list"
            | b"set-disable-deny-scripts"
            | b"set-skip-checksum-validation",
            3,
        )
        | (b"replybuffer", 4) => call.reply.ok(),
        _ => return Err(CommandError::unknown_subcommand_or_arity("DEBUG", call.args.get(1))),
    }
    Ok(())
}

fn is_local(address: &str) -> bool {
    host_of(address).parse::<std::net::IpAddr>().is_ok_and(|host| host.is_loopback())
}

fn help(call: &mut Call<'_>) {
    let lines = [
        ("CHANGE-REPL-ID", "Give the data's history another name."),
        ("ERROR <message>", "Answer with this error."),
        ("OBJECT <key>", "Tell how a value is kept."),
        ("POPULATE <count> [<prefix>] [<size>]", "Store keys that are not there yet."),
        ("PROTOCOL <type>", "Answer with a value of this type of the protocol."),
        ("SET-ACTIVE-EXPIRE <0|1>", "Whether expired keys are removed when nobody asks for them."),
        ("SLEEP <seconds>", "Answer after this time; other clients are served meanwhile."),
    ];
    call.reply.array(1 + 2 * lines.len());
    call.reply.simple("DEBUG <subcommand> [<argument> ...]. The subcommands:");
    for (usage, what) in lines {
        call.reply.simple(usage);
        call.reply.simple(&format!("    {what}"));
    }
}

/// DEBUG SLEEP seconds
///
/// The client that asks waits; the node serves on, as it would be missed by its cluster otherwise. In a transaction,
/// during which nothing else may happen, the whole node sleeps.
fn sleep(call: &mut Call<'_>) {
    let text = String::from_utf8_lossy(call.args.get(2));
    // As in Redis, what is no number is no time.
    let seconds = text.trim().parse::<f64>().unwrap_or_default();
    let seconds = if seconds.is_nan() { 0.0 } else { seconds.clamp(0.0, SLEEP_S_MAX) };
    if call.session.flags.contains(SessionFlags::IN_EXEC) {
        std::thread::sleep(Duration::from_secs_f64(seconds));
        call.reply.ok();
    } else if seconds == 0.0 {
        call.reply.ok();
    } else {
        let until_us = call.now.monotonic_us + (seconds * 1e6) as u64;
        call.server.sleepers.add(call.session.key, until_us);
        call.session.waiting = Waiting::Until(until_us);
    }
}

/// DEBUG OBJECT key [fast]
fn object(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(2);
    let clock_s = call.now.unix_ms() / 1_000;
    let found =
        call.keys.peek(&key).map(|entry| (entry.access(), entry.encoding_name(), entry.memory_bytes()));
    let (access, encoding, bytes) = found.ok_or(CommandError::NO_SUCH_KEY)?;
    let clock = &call.keys.keyspace.access_clock;
    let idle_s = if clock.is_lfu() { 0 } else { clock.idle_ms(access) as i64 / 1_000 };
    // Where a value lies is nobody's business; it has as many digits as an address.
    call.reply.simple(&format!(
        "Value at:0x0 refcount:1 encoding:{encoding} serializedlength:{bytes} lru:{} lru_seconds_idle:{idle_s}",
        clock_s - idle_s
    ));
    Ok(())
}

/// DEBUG POPULATE count [prefix] [size]
fn populate(call: &mut Call<'_>) -> CommandResult {
    let number = |index| {
        let number = call.integer(index)?;
        if number < 0 {
            Err(CommandError::text("ERR value is out of range, must be positive"))
        } else {
            Ok(number)
        }
    };
    let count = number(2)?;
    if count > POPULATE_MAX {
        return Err(CommandError::text("ERR value is out of range"));
    }
    let size = if call.args.len() > 4 { number(4)? as usize } else { 0 };
    if size as u64 > call.server.config.proto_max_bulk_len {
        return Err(CommandError::STRING_TOO_LONG);
    }
    let prefix = if call.args.len() > 3 { call.args.get(3) } else { b"key" };
    for index in 0..count {
        let name = [prefix, format!(":{index}").as_bytes()].concat();
        let key = call.keys.keyspace.hasher().hash_key(&name);
        if call.keys.exists(&key) {
            continue;
        }
        let mut value = format!("value:{index}").into_bytes();
        if size > 0 {
            value.resize(size, 0);
        }
        call.keys.set(&key, NewValue::Bytes(&value), NewExpiry::None);
        let db = call.keys.db;
        call.server.changes.note(db, EventClass::STRING, "set", &key);
        call.dirty += 1;
    }
    call.reply.ok();
    Ok(())
}

const ADMIN: Flags = Flags::ADMIN.union(Flags::NOSCRIPT).union(Flags::LOADING).union(Flags::STALE);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::new("debug", -2, Group::Server, debug)
    .flags(ADMIN)
    .about("1.0.0", "Commands for tests of servers and clients.")];

#[cfg(test)]
mod tests {
    use crate::server::Waiting;
    use crate::server::config::DebugAccess;
    use crate::testing::{Host, Node};

    fn open() -> Node {
        let mut node = Node::alone();
        node.core.server.config.enable_debug_command = DebugAccess::Everybody;
        node
    }

    #[test]
    fn debug_is_for_those_only_whom_the_setting_lets() {
        let mut node = Node::alone();
        assert!(node.run("DEBUG SLEEP 0").starts_with("-ERR DEBUG command not allowed. If"));
        node.core.server.config.enable_debug_command = DebugAccess::Local;
        node.expect(&[("DEBUG SLEEP 0", "+OK\r\n")]);
        node.session.address = "10.1.2.3:4".to_owned();
        assert!(node.run("DEBUG SLEEP 0").starts_with("-ERR DEBUG command not allowed. If"));
        node.session.address = "[::1]:4".to_owned();
        node.expect(&[("DEBUG SLEEP 0", "+OK\r\n")]);
    }

    #[test]
    fn who_sleeps_is_answered_late_and_others_are_served_meanwhile() {
        let mut host = Host::alone();
        host.core.server.config.enable_debug_command = DebugAccess::Everybody;
        let (mut sleeper, mut other) = (host.connect(), host.connect());
        sleeper.send("DEBUG SLEEP 0.05");
        sleeper.send("GET k");
        host.turn();
        other.send("SET k 1");
        host.turn();
        assert_eq!((sleeper.received(), other.received()), (String::new(), "+OK\r\n".to_owned()));
        let mut received = String::new();
        while received.is_empty() {
            host.turn();
            received = sleeper.received();
        }
        assert_eq!(received, "+OK\r\n$1\r\n1\r\n");
    }

    #[test]
    fn time_slept_counts_as_the_commands_own() {
        let mut node = open();
        node.run("CONFIG SET latency-monitor-threshold 100");
        assert_eq!(node.run("DEBUG SLEEP 0.2"), "");
        assert!(matches!(node.session.waiting, Waiting::Until(200_001)));
        node.session.waiting = Waiting::No;
        node.expect(&[
            ("SLOWLOG LEN", ":1\r\n"),
            ("LATENCY HISTORY command", "*1\r\n*2\r\n:1700000000\r\n:200\r\n"),
        ]);
    }

    #[test]
    fn keys_are_made_where_there_are_none() {
        let mut node = open();
        node.expect(&[
            ("SET k:1 mine", "+OK\r\n"),
            ("DEBUG POPULATE 3 k 10", "+OK\r\n"),
            ("DBSIZE", ":3\r\n"),
            ("GET k:1", "$4\r\nmine\r\n"),
            ("GET k:2", "$10\r\nvalue:2\0\0\0\r\n"),
            ("DEBUG POPULATE -1", "-ERR value is out of range, must be positive\r\n"),
            ("DEBUG OBJECT none", "-ERR no such key\r\n"),
        ]);
        assert!(
            node.run("DEBUG OBJECT k:1")
                .starts_with("+Value at:0x0 refcount:1 encoding:embstr serializedlength:")
        );
    }

    #[test]
    fn other_helpers_answer_as_valkeys_do() {
        let mut node = open();
        let before = node.core.server.replication_id.clone();
        node.expect(&[
            ("DEBUG ERROR MY", "-MY\r\n"),
            ("DEBUG PAUSE-CRON 1", "+OK\r\n"),
            ("DEBUG CHANGE-REPL-ID", "+OK\r\n"),
            ("DEBUG PROTOCOL verbatim", "$25\r\nThis is a verbatim\nstring\r\n"),
            (
                "DEBUG junk",
                "-ERR unknown subcommand or wrong number of arguments for 'junk'. Try DEBUG HELP.\r\n",
            ),
            (
                "DEBUG SLEEP",
                "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.\r\n",
            ),
        ]);
        assert_ne!(node.core.server.replication_id, before);
    }
}
