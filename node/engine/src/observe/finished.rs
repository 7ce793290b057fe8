//! What is noted of a command when it has run.

use super::command_log::LogKind;
use super::latency::LatencyEvent;
use crate::clock::ticks_to_us;
use crate::commands::spec::{CommandSpec, Flags};
use crate::resp::Args;
use crate::server::{Server, Session, Waiting};

/// A command that has run.
#[derive(Clone, Copy)]
pub struct Finished<'a> {
    pub spec: &'static CommandSpec,
    /// The place of its row in the registry.
    pub id: usize,
    pub args: Args<'a>,
    pub failed: bool,
    /// Time it took, in the clock's ticks.
    pub ticks: u64,
    pub reply_bytes: u64,
}

/// Count a command, and note it where it stood out.
#[inline]
pub fn command_finished(server: &mut Server, session: &mut Session, command: &Finished<'_>) {
    session.last_command = Some(command.spec);
    session.commands_total += 1;
    server.stats.commands_processed += 1;
    let mut us = ticks_to_us(command.ticks);
    if let Waiting::Until(until_us) = session.waiting {
        // It takes as long as its client waits.
        us += until_us.saturating_sub(server.now.monotonic_us) as f64;
    }
    let stats = server.stats.command(command.id);
    stats.calls += 1;
    stats.ticks += command.ticks;
    stats.failed += u64::from(command.failed);
    if server.config.latency_tracking {
        stats.latency.get_or_insert_default().record((us * 1_000.0) as u64);
    }
    let (us, config) = (us as u64, &server.config);
    // A negative threshold is larger than every number when it is read as one without a sign.
    if us >= config.slow_log.threshold as u64
        || command.reply_bytes >= config.large_reply_log.threshold as u64
        || command.args.may_take(config.large_request_log.threshold as u64)
        || config.latency_monitor_threshold > 0
    {
        note(server, session, command, us);
    }
}

#[cold]
fn note(server: &mut Server, session: &Session, command: &Finished<'_>, us: u64) {
    let is_fast = command.spec.flags.contains(Flags::FAST);
    let event = if is_fast { LatencyEvent::FastCommand } else { LatencyEvent::Command };
    server.note_latency(event, us);
    if command.spec.flags.contains(Flags::SKIP_COMMANDLOG) {
        return;
    }
    let unix_s = server.now.unix_ms() / 1_000;
    let may_be_large = command.args.may_take(server.config.large_request_log.threshold as u64);
    let values = [
        (LogKind::Slow, us),
        (LogKind::LargeRequest, if may_be_large { command.args.wire_bytes() } else { 0 }),
        (LogKind::LargeReply, command.reply_bytes),
    ];
    for (kind, value) in values {
        let limits = kind.limits(&server.config);
        if value >= limits.threshold as u64 {
            let log = server.command_logs.get_mut(kind);
            log.push(limits.max_len, unix_s, value, session, command.spec, command.args);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::observe::LogKind;
    use crate::testing::Node;

    fn logged(node: &Node, kind: LogKind) -> Vec<String> {
        let entries = node.core.server.command_logs.get(kind).entries();
        entries.map(|entry| String::from_utf8(entry.args.join(&b' ')).unwrap()).collect()
    }

    #[test]
    fn logs_keep_what_passes_their_thresholds_newest_first() {
        let mut node = Node::alone();
        node.run("CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 2");
        node.run("SET k 1");
        node.run("CLIENT SETNAME me");
        node.run("GET k");
        assert_eq!(logged(&node, LogKind::Slow), ["GET k", "CLIENT SETNAME me"]);
        let newest = node.core.server.command_logs.get(LogKind::Slow).entries().next().unwrap().clone();
        assert_eq!((newest.id, newest.client_name), (3, b"me".to_vec()));
        node.run("CONFIG SET slowlog-log-slower-than -1");
        node.run("GET k");
        assert_eq!(logged(&node, LogKind::Slow), ["GET k", "CLIENT SETNAME me"]);
    }

    #[test]
    fn large_requests_and_replies_are_logged_by_their_bytes_on_the_wire() {
        let mut node = Node::alone();
        node.run("CONFIG SET commandlog-reply-larger-than 14 commandlog-request-larger-than 34");
        node.run("SET k 1234567");
        node.run("SET k 12345678");
        node.run("GET k");
        node.run("SET k 1");
        let settings = "CONFIG SET commandlog-reply-larger-than 14 commandlog-request-larger-than 34";
        assert_eq!(logged(&node, LogKind::LargeRequest), ["SET k 12345678", settings]);
        assert_eq!(logged(&node, LogKind::LargeReply), ["GET k"]);
        let request = node.core.server.command_logs.get(LogKind::LargeRequest).entries().next().unwrap();
        assert_eq!(request.value, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\n12345678\r\n".len() as u64);
    }

    #[test]
    fn logged_arguments_are_cut_and_secrets_are_left_out() {
        let mut node = Node::alone();
        node.run("CONFIG SET slowlog-log-slower-than 0 primaryauth secret");
        node.run(&format!("SET k {}", "a".repeat(151)));
        node.run(&format!("EXISTS {}", "k ".repeat(40).trim_end()));
        node.run("AUTH user secret");
        let logged = logged(&node, LogKind::Slow);
        assert_eq!(logged[0], "AUTH (redacted) (redacted)");
        assert_eq!(logged[1], format!("EXISTS {}... (10 more arguments)", "k ".repeat(30)));
        assert_eq!(logged[2], format!("SET k {}... (23 more bytes)", "a".repeat(128)));
        assert_eq!(logged[3], "CONFIG SET slowlog-log-slower-than 0 primaryauth (redacted)");
    }
}
