//! Transactions: commands that are queued and then run together, unless a watched key has changed.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, Handler, KeyFlags, KeySpec};
use crate::dispatch;
use crate::server::SessionFlags;

/// MULTI; that it is not nested has been seen to before.
fn multi(call: &mut Call<'_>) -> CommandResult {
    call.session.flags.insert(SessionFlags::MULTI);
    call.server.transaction(call.session);
    call.reply.ok();
    Ok(())
}

/// DISCARD
fn discard(call: &mut Call<'_>) -> CommandResult {
    if !call.session.flags.contains(SessionFlags::MULTI) {
        return Err(CommandError::text("ERR DISCARD without MULTI"));
    }
    call.server.discard_transaction(call.session);
    call.reply.ok();
    Ok(())
}

/// EXEC; that the queued commands' keys lie in one slot that is served here has been seen to before.
fn exec(call: &mut Call<'_>) -> CommandResult {
    if !call.session.flags.contains(SessionFlags::MULTI) {
        return Err(CommandError::text("ERR EXEC without MULTI"));
    }
    let Some(mut transaction) = call.session.transaction.take() else {
        return Err(CommandError::text("ERR EXEC without MULTI"));
    };
    let changed = transaction.watches().any(|watch| {
        let mut keys = call.keys.in_database(watch.name.db);
        call.server.watches.has_changed(watch) || (watch.existed && !keys.exists(&watch.name.hashed()))
    });
    call.server.unwatch(&mut transaction);
    let refused = transaction.refused;
    if !refused && !changed {
        call.session.flags.insert(SessionFlags::IN_EXEC);
        call.reply.array(transaction.commands().len());
        dispatch::run_queued(call, &transaction);
    }
    call.session.flags.remove(SessionFlags::IN_EXEC | SessionFlags::MULTI);
    call.server.spare_transaction.put(transaction);
    if refused {
        return Err(CommandError::text("EXECABORT Transaction discarded because of previous errors."));
    }
    if changed {
        call.reply.null_array();
    }
    Ok(())
}

/// WATCH key [key ...]; that it is not in a transaction has been seen to before.
fn watch(call: &mut Call<'_>) -> CommandResult {
    // Keys whose time is over go first, and are told of: to this client they count as missing from the beginning.
    for index in 1..call.args.len() {
        let key = call.key(index);
        call.keys.exists(&key);
    }
    call.server.settle(call.keys.keyspace);
    for index in 1..call.args.len() {
        let key = call.key(index);
        let existed = call.keys.exists(&key);
        call.server.watch(call.session, call.keys.db, &key, existed);
    }
    call.keys.keyspace.record_effects = true;
    call.reply.ok();
    Ok(())
}

/// UNWATCH
fn unwatch(call: &mut Call<'_>) -> CommandResult {
    if let Some(mut transaction) = call.session.transaction.take() {
        call.server.unwatch(&mut transaction);
        call.session.transaction = Some(transaction);
    }
    call.reply.ok();
    Ok(())
}

const ALWAYS: Flags = Flags::NOSCRIPT.union(Flags::LOADING).union(Flags::STALE);
const FAST: Flags = ALWAYS.union(Flags::FAST).union(Flags::ALLOW_BUSY);

const fn row(name: &'static str, arity: i32, handler: Handler, flags: Flags) -> CommandSpec {
    CommandSpec::new(name, arity, Group::Transactions, handler).flags(flags)
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    row("multi", 1, multi, FAST.union(Flags::NO_MULTI))
        .about("1.2.0", "Queue the commands that follow, up to EXEC."),
    row("exec", 1, exec, ALWAYS.union(Flags::SKIP_COMMANDLOG))
        .about("1.2.0", "Run the queued commands together."),
    row("discard", 1, discard, FAST).about("2.0.0", "Forget the queued commands."),
    row("watch", -2, watch, FAST.union(Flags::NO_MULTI))
        .usage("key [key ...]")
        .keys(&[KeySpec::range(1, -1, 1, KeyFlags::RO)])
        .about("2.2.0", "Let EXEC do nothing if one of these keys is changed before."),
    row("unwatch", 1, unwatch, FAST).about("2.2.0", "Watch no keys any more."),
];

#[cfg(test)]
mod tests {
    use crate::resp::Protocol;
    use crate::server::{SessionFlags, Topology};
    use crate::testing::{Host, Node};

    const QUEUED: &str = "+QUEUED\r\n";
    const ABORTED: &str = "-EXECABORT Transaction discarded because of previous errors.\r\n";

    #[test]
    fn queued_commands_run_together_and_fail_one_by_one() {
        let mut node = Node::alone();
        node.expect(&[
            ("EXEC", "-ERR EXEC without MULTI\r\n"),
            ("DISCARD", "-ERR DISCARD without MULTI\r\n"),
            ("MULTI", "+OK\r\n"),
            ("SET k v", QUEUED),
            ("INCR k", QUEUED),
            ("SELECT 3", QUEUED),
            ("SET k 1", QUEUED),
            ("GET k", QUEUED),
        ]);
        assert_eq!(node.run_as(2, "EXISTS k"), ":0\r\n");
        node.expect(&[
            (
                "EXEC",
                "*5\r\n+OK\r\n-ERR value is not an integer or out of range\r\n+OK\r\n+OK\r\n$1\r\n1\r\n",
            ),
            ("GET k", "$1\r\n1\r\n"),
            ("SELECT 0", "+OK\r\n"),
            ("GET k", "$1\r\nv\r\n"),
            ("MULTI", "+OK\r\n"),
            ("EXEC", "*0\r\n"),
        ]);
        assert_eq!((node.session.flags, node.session.transaction.is_none()), (SessionFlags::empty(), true));
    }

    #[test]
    fn a_command_that_can_not_be_queued_spoils_the_transaction() {
        for (words, error) in [
            ("NOSUCH x", "-ERR unknown command 'NOSUCH', with args beginning with: 'x' \r\n"),
            ("GET", "-ERR wrong number of arguments for 'get' command\r\n"),
            ("MULTI", "-ERR Command 'multi' not allowed inside a transaction\r\n"),
            ("WATCH k", "-ERR Command 'watch' not allowed inside a transaction\r\n"),
            ("CLIENT REPLY OFF", "-ERR Command 'client|reply' not allowed inside a transaction\r\n"),
        ] {
            let mut node = Node::alone();
            node.expect(&[
                ("MULTI", "+OK\r\n"),
                (words, error),
                ("SET k v", QUEUED),
                ("EXEC", ABORTED),
                ("EXISTS k", ":0\r\n"),
                ("MULTI", "+OK\r\n"),
                (words, error),
                ("DISCARD", "+OK\r\n"),
                ("PING", "+PONG\r\n"),
            ]);
        }
        Node::alone().expect(&[
            ("MULTI", "+OK\r\n"),
            (
                "EXEC now",
                "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n",
            ),
            ("EXEC", "-ERR EXEC without MULTI\r\n"),
        ]);
    }

    #[test]
    fn some_commands_are_not_queued() {
        let mut node = Node::alone();
        node.expect(&[
            ("MULTI", "+OK\r\n"),
            ("RESET", "+RESET\r\n"),
            ("EXEC", "-ERR EXEC without MULTI\r\n"),
        ]);
        node.expect(&[("MULTI", "+OK\r\n"), ("QUIT", "+OK\r\n")]);
        assert!(node.session.flags.contains(SessionFlags::CLOSE_AFTER_REPLY));
    }

    #[test]
    fn a_watched_key_that_changes_makes_exec_do_nothing() {
        for (change, fails) in [
            ("SET k 1", true),
            ("DEL k", true),
            ("EXPIRE k 100", true),
            ("FLUSHALL", true),
            ("RENAME k other", true),
            ("SWAPDB 0 1", true),
            ("GET k", false),
            ("SET other 1", false),
            ("SELECT 1", false),
            ("FLUSHDB", true),
            ("SWAPDB 2 1", false),
            ("SETNX k 2", false),
        ] {
            let mut node = Node::alone();
            node.expect(&[("SET k v", "+OK\r\n"), ("WATCH k", "+OK\r\n")]);
            node.run_as(2, change);
            node.expect(&[("MULTI", "+OK\r\n"), ("PING", QUEUED)]);
            assert_eq!(node.run("EXEC"), if fails { "*-1\r\n" } else { "*1\r\n+PONG\r\n" }, "{change}");
            node.expect(&[("MULTI", "+OK\r\n"), ("PING", QUEUED), ("EXEC", "*1\r\n+PONG\r\n")]);
            assert!(node.core.server.watches.is_empty() && !node.core.server.changes.are_wanted());
        }
    }

    #[test]
    fn watching_ends_with_unwatch_discard_exec_and_reset() {
        for end in [&["UNWATCH"][..], &["MULTI", "DISCARD"], &["MULTI", "EXEC"], &["RESET"]] {
            let mut node = Node::alone();
            node.run("WATCH a b a");
            assert_eq!((node.core.server.watches.len(), node.core.server.watches.clients_count), (2, 1));
            for words in end {
                node.run(words);
            }
            assert_eq!((node.core.server.watches.len(), node.core.server.watches.clients_count), (0, 0));
            assert!(!node.core.server.changes.are_wanted());
            node.run_as(2, "SET a 1");
            node.expect(&[("MULTI", "+OK\r\n"), ("EXEC", "*0\r\n")]);
        }
    }

    #[test]
    fn a_key_that_expires_while_it_is_watched_counts_as_changed() {
        let mut node = Node::alone();
        node.run("SET k v PX 10");
        node.run("WATCH k");
        node.wait_ms(20);
        node.expect(&[("MULTI", "+OK\r\n"), ("EXEC", "*-1\r\n")]);
        // Seen by another client first, or removed by the clock.
        node.run("SET k v PX 10");
        node.run("WATCH k");
        node.wait_ms(20);
        assert_eq!(node.run_as(2, "GET k"), "$-1\r\n");
        node.expect(&[("MULTI", "+OK\r\n"), ("EXEC", "*-1\r\n")]);
        // It expired before it was watched: that it goes now is no change.
        node.run("SET k v PX 10");
        node.wait_ms(20);
        node.run("WATCH k");
        assert_eq!(node.run_as(2, "GET k"), "$-1\r\n");
        node.expect(&[("MULTI", "+OK\r\n"), ("EXEC", "*0\r\n")]);
        // Nor does a database matter in which a missing key had none.
        node.run("WATCH k");
        node.run_as(2, "FLUSHALL");
        node.run_as(2, "SWAPDB 0 1");
        node.expect(&[("MULTI", "+OK\r\n"), ("EXEC", "*0\r\n")]);
    }

    #[test]
    fn in_resp3_a_failed_exec_is_null() {
        let mut node = Node::alone();
        node.protocol = Protocol::Resp3;
        node.run("WATCH k");
        node.run_as(2, "SET k 1");
        node.expect(&[("MULTI", "+OK\r\n"), ("EXEC", "_\r\n")]);
    }

    fn member(served: std::ops::Range<u16>) -> Node {
        let mut node = Node::member();
        let owners: Vec<u8> =
            (0..16_384).flat_map(|slot| u16::to_le_bytes(u16::from(!served.contains(&slot)))).collect();
        let endpoints = vec![("here".to_owned(), 1), ("there".to_owned(), 2)];
        node.core.server.topology = Topology::new(&owners, endpoints, Some(0), false, None).unwrap();
        node
    }

    #[test]
    fn in_a_cluster_all_keys_of_a_transaction_lie_in_one_slot() {
        const CROSSED: &str = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
        member(0..16_384).expect(&[
            ("MULTI", "+OK\r\n"),
            ("SET {a}1 1", QUEUED),
            ("PING", QUEUED),
            ("MSET {a}2 2 {a}3 3", QUEUED),
            ("EXEC", "*3\r\n+OK\r\n+PONG\r\n+OK\r\n"),
            ("MULTI", "+OK\r\n"),
            ("SET a 1", QUEUED),
            ("SET b 1", QUEUED),
            ("EXEC", CROSSED),
            ("EXEC", "-ERR EXEC without MULTI\r\n"),
            ("MULTI", "+OK\r\n"),
            ("MSET a 1 b 1", CROSSED),
            ("EXEC", ABORTED),
        ]);
    }

    #[test]
    fn in_a_cluster_keys_of_others_are_refused_when_queued_and_when_run() {
        // Slot 15495.
        let moved = "-MOVED 15495 there:2\r\n";
        member(0..100).expect(&[("MULTI", "+OK\r\n"), ("SET a 1", moved), ("EXEC", ABORTED)]);
        let mut node = member(0..16_384);
        node.expect(&[("MULTI", "+OK\r\n"), ("SET a 1", QUEUED)]);
        node.core.server.topology = member(0..100).core.server.topology;
        node.expect(&[("EXEC", moved), ("EXEC", "-ERR EXEC without MULTI\r\n")]);
    }

    #[test]
    fn replies_that_are_left_out_are_left_out_whole() {
        Node::alone().expect(&[
            ("MULTI", "+OK\r\n"),
            ("PING", QUEUED),
            ("EXEC", "*1\r\n+PONG\r\n"),
            ("CLIENT REPLY SKIP", ""),
            ("MULTI", ""),
            ("PING", QUEUED),
            ("EXEC", "*1\r\n+PONG\r\n"),
        ]);
    }

    #[test]
    fn a_client_that_queues_without_end_is_dropped() {
        let mut host = Host::alone();
        host.core.server.config.client_query_buffer_limit = 10_000;
        let mut wire = host.connect();
        assert_eq!(host.run(&mut wire, "MULTI\nPING\nEXEC"), "+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
        host.run(&mut wire, "MULTI");
        let mut received = String::new();
        for _ in 0..1_000 {
            received = host.run(&mut wire, "SET k v");
            if received != QUEUED {
                break;
            }
        }
        assert_eq!((received.as_str(), host.core.server.clients.len()), ("<closed>", 0));
    }
}
