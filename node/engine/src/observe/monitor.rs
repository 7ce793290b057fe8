//! MONITOR: every command, a line each, to the clients that asked for it.

use std::io::Write;

use super::secrets;
use crate::clock::Now;
use crate::commands::spec::{CommandSpec, Flags};
use crate::resp::{Args, Reply};
use crate::server::{Server, Session, SessionFlags};

/// Show a command that has run to the clients that said MONITOR; `session` and `reply` are those of its own client.
pub fn feed_monitors(
    server: &mut Server,
    session: &Session,
    reply: &mut Reply,
    spec: &CommandSpec,
    args: Args<'_>,
) {
    if spec.flags.intersects(Flags::SKIP_MONITOR | Flags::ADMIN) {
        return;
    }
    let line = line(server.now, session, spec, args);
    if session.flags.contains(SessionFlags::MONITOR) {
        reply.raw(&line);
    }
    let monitors = std::mem::take(&mut server.monitors);
    for key in &monitors {
        server.send_unasked(*key, &line);
    }
    server.monitors = monitors;
}

/// `+<Unix time> [<database> <address>] "<word>" ...`
fn line(now: Now, session: &Session, spec: &CommandSpec, args: Args<'_>) -> Vec<u8> {
    let (seconds, microseconds) = (now.unix_us / 1_000_000, now.unix_us % 1_000_000);
    let mut line = Vec::with_capacity(128);
    // Writing to a Vec can't fail.
    let _ = write!(line, "+{seconds}.{microseconds:06} [{} {}]", session.db, session.address);
    for index in 0..args.len() {
        line.push(b' ');
        quote(&mut line, secrets::shown(spec, args, index));
    }
    line.extend_from_slice(b"\r\n");
    line
}

/// A word in quotes, with escapes for all that is not printable ASCII.
fn quote(out: &mut Vec<u8>, word: &[u8]) {
    out.push(b'"');
    for byte in word {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            b' '..=b'~' => out.push(*byte),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use crate::server::SessionFlags;
    use crate::testing::Node;

    /// A node whose second client watches, and what that one was sent.
    fn watched() -> (Node, Vec<std::os::unix::net::UnixStream>, impl Fn(&mut Node) -> String) {
        let mut node = Node::alone();
        let sockets = node.connect_others(1);
        let key = node.core.server.clients.keys()[0];
        node.core.server.monitors.push(key);
        node.core.server.clients.get_mut(key).expect("it is connected").session.flags = SessionFlags::MONITOR;
        let seen = move |node: &mut Node| {
            let reply = &mut node.core.server.clients.get_mut(key).expect("it is connected").reply;
            let bytes: Vec<u8> = reply.queue.io_slices().iter().flat_map(|piece| piece.to_vec()).collect();
            reply.queue.clear();
            String::from_utf8(bytes).unwrap()
        };
        (node, sockets, seen)
    }

    #[test]
    fn commands_are_shown_quoted_once_they_have_run() {
        let (mut node, _sockets, seen) = watched();
        node.run_words(&[b"set", b"k", b"a \"b\"\\\r\n\t\x07\x08\x00\xff~"]);
        assert_eq!(
            seen(&mut node),
            "+1700000000.000000 [0 127.0.0.1:5000] \"set\" \"k\" \"a \\\"b\\\"\\\\\\r\\n\\t\\a\\b\\x00\\xff~\"\r\n"
        );
        node.run("SELECT 1");
        assert_eq!(seen(&mut node), "+1700000000.000000 [1 127.0.0.1:5000] \"SELECT\" \"1\"\r\n");
        for words in ["NOSUCH", "GET", "CLIENT LIST", "MONITOR"] {
            node.run(words);
        }
        assert_eq!(seen(&mut node), "");
    }

    #[test]
    fn passwords_are_not_shown() {
        let (mut node, _sockets, seen) = watched();
        for words in
            ["AUTH secret", "AUTH user secret", "HELLO 2 SETNAME auth AUTH user secret", "HELLO 2 auth a"]
        {
            node.run(words);
            let line = seen(&mut node);
            assert!(
                line.contains("(redacted)") && !line.contains("secret") && !line.contains("user"),
                "{line}"
            );
        }
        node.run("HELLO 2 AUTH user secret SETNAME me");
        assert!(
            seen(&mut node)
                .ends_with("\"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"me\"\r\n")
        );
    }

    #[test]
    fn a_monitor_sees_its_own_commands_and_may_not_use_keys() {
        let mut node = Node::alone();
        node.expect(&[
            ("MONITOR", "+OK\r\n"),
            ("PING", "+PONG\r\n+1700000000.000000 [0 127.0.0.1:5000] \"PING\"\r\n"),
            ("MONITOR", ""),
            ("GET k", "-ERR Replica can't interact with the keyspace\r\n"),
            ("RESET", "+RESET\r\n"),
            ("GET k", "$-1\r\n"),
        ]);
    }

    #[test]
    fn a_monitor_that_never_reads_is_closed_at_its_limit() {
        let (mut node, _sockets, _) = watched();
        let limit_bytes = node.core.server.config.output_limits.pubsub.hard_bytes as usize;
        let mut sent_bytes = 0;
        while node
            .core
            .server
            .clients
            .others()
            .all(|client| !client.session.flags.contains(SessionFlags::KILLED))
        {
            node.run_words(&[b"ECHO", &[b'x'; 1 << 20]]);
            sent_bytes += 1 << 20;
            assert!(sent_bytes <= limit_bytes + (2 << 20));
        }
        assert_eq!(node.core.server.stats.output_buffer_limit_disconnections, 1);
        assert_eq!(
            node.core.server.clients.others().map(|client| client.reply.queue.len()).sum::<usize>(),
            0
        );
    }
}
