//! SLOWLOG and COMMANDLOG: commands that took long, or whose requests or replies were large.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::help;
use super::spec::{CommandSpec, Flags, Group, Handler};
use crate::observe::LogKind;
use crate::resp::parse_i64;

/// Entries that SLOWLOG GET shows without being told how many.
const COUNT_DEFAULT: usize = 10;

/// SLOWLOG GET [count]
fn slowlog_get(call: &mut Call<'_>) -> CommandResult {
    let count = match call.args.len() {
        2 => COUNT_DEFAULT,
        3 => count(call, 2)?,
        _ => return Err(CommandError::unknown_subcommand_or_arity("SLOWLOG", call.args.get(1))),
    };
    show(call, LogKind::Slow, count);
    Ok(())
}

/// SLOWLOG LEN
fn slowlog_len(call: &mut Call<'_>) -> CommandResult {
    tell_length(call, LogKind::Slow);
    Ok(())
}

/// SLOWLOG RESET
fn slowlog_reset(call: &mut Call<'_>) -> CommandResult {
    clear(call, LogKind::Slow);
    Ok(())
}

/// COMMANDLOG GET count <SLOW | LARGE-REQUEST | LARGE-REPLY>
fn get(call: &mut Call<'_>) -> CommandResult {
    // Redis looks at the count first.
    let count = count(call, 2)?;
    let kind = kind(call, 3)?;
    show(call, kind, count);
    Ok(())
}

/// COMMANDLOG LEN <SLOW | LARGE-REQUEST | LARGE-REPLY>
fn len(call: &mut Call<'_>) -> CommandResult {
    let kind = kind(call, 2)?;
    tell_length(call, kind);
    Ok(())
}

/// COMMANDLOG RESET <SLOW | LARGE-REQUEST | LARGE-REPLY>
fn reset(call: &mut Call<'_>) -> CommandResult {
    let kind = kind(call, 2)?;
    clear(call, kind);
    Ok(())
}

/// Argument `index` as a number of entries; -1 means all.
fn count(call: &Call<'_>, index: usize) -> Result<usize, CommandError> {
    match parse_i64(call.args.get(index)) {
        Some(-1) => Ok(usize::MAX),
        Some(count) if count >= 0 => Ok(count as usize),
        _ => Err(CommandError::text("ERR count should be greater than or equal to -1")),
    }
}

fn kind(call: &Call<'_>, index: usize) -> Result<LogKind, CommandError> {
    LogKind::from_name(call.args.get(index)).ok_or(CommandError::text(
        "ERR type should be one of the following: slow, large-request, large-reply",
    ))
}

fn show(call: &mut Call<'_>, kind: LogKind, count: usize) {
    let log = call.server.command_logs.get(kind);
    call.reply.array(log.len().min(count));
    for entry in log.entries().take(count) {
        call.reply.array(6);
        call.reply.integer(entry.id as i64);
        call.reply.integer(entry.unix_s);
        call.reply.integer(entry.value as i64);
        call.reply.array(entry.args.len());
        entry.args.iter().for_each(|arg| call.reply.bulk(arg));
        call.reply.bulk(entry.address.as_bytes());
        call.reply.bulk(&entry.client_name);
    }
}

fn tell_length(call: &mut Call<'_>, kind: LogKind) {
    call.reply.integer(call.server.command_logs.get(kind).len() as i64);
}

fn clear(call: &mut Call<'_>, kind: LogKind) {
    call.server.command_logs.get_mut(kind).clear();
    call.reply.ok();
}

const ADMIN: Flags = Flags::ADMIN.union(Flags::LOADING).union(Flags::STALE);
const KIND: &str = "<SLOW | LARGE-REQUEST | LARGE-REPLY>";

const fn row(name: &'static str, arity: i32, handler: Handler) -> CommandSpec {
    CommandSpec::new(name, arity, Group::Server, handler).flags(ADMIN)
}

const GET_TIPS: &[&str] = &["request_policy:all_nodes", "nondeterministic_output"];
const LEN_TIPS: &[&str] = &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"];
const RESET_TIPS: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::container(
        "slowlog",
        Group::Server,
        &[
            row("slowlog|get", -2, slowlog_get)
                .tips(GET_TIPS)
                .usage("[count]")
                .about("2.2.12", "Tell of commands that took long, the newest first; -1 means all."),
            help::row("slowlog|help", Group::Server, "6.2.0"),
            row("slowlog|len", 2, slowlog_len)
                .tips(LEN_TIPS)
                .about("2.2.12", "Tell how many commands are in the slow log."),
            row("slowlog|reset", 2, slowlog_reset).tips(RESET_TIPS).about("2.2.12", "Empty the slow log."),
        ],
    )
    .about("2.2.12", "Commands about the slow log."),
    CommandSpec::container(
        "commandlog",
        Group::Server,
        &[
            row("commandlog|get", 4, get)
                .tips(GET_TIPS)
                .usage("count <SLOW | LARGE-REQUEST | LARGE-REPLY>")
                .about("8.1.0", "Tell of commands in a log, the newest first; -1 means all."),
            help::row("commandlog|help", Group::Server, "8.1.0"),
            row("commandlog|len", 3, len)
                .tips(LEN_TIPS)
                .usage(KIND)
                .about("8.1.0", "Tell how many commands are in a log."),
            row("commandlog|reset", 3, reset).tips(RESET_TIPS).usage(KIND).about("8.1.0", "Empty a log."),
        ],
    )
    .about("8.1.0", "Commands about the logs of commands that stood out."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn the_slow_log_is_told_newest_first_and_emptied() {
        let mut node = Node::alone();
        node.run("CONFIG SET slowlog-log-slower-than 0");
        node.run("GET k");
        node.run("CONFIG SET slowlog-log-slower-than -1");
        node.expect(&[
            ("SLOWLOG LEN", ":2\r\n"),
            ("COMMANDLOG LEN slow", ":2\r\n"),
            ("SLOWLOG GET 0", "*0\r\n"),
            ("SLOWLOG GET -2", "-ERR count should be greater than or equal to -1\r\n"),
            (
                "SLOWLOG GET 1 2",
                "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n",
            ),
        ]);
        let shown = node.run("SLOWLOG GET -1");
        assert!(shown.starts_with("*2\r\n*6\r\n:1\r\n:1700000000\r\n:"), "{shown}");
        let second = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n$14\r\n127.0.0.1:5000\r\n$0\r\n\r\n*6\r\n:0\r\n";
        assert!(shown.contains(second), "{shown}");
        node.expect(&[("SLOWLOG RESET", "+OK\r\n"), ("SLOWLOG LEN", ":0\r\n")]);
    }

    #[test]
    fn the_kind_of_log_is_one_of_three() {
        let unknown = "-ERR type should be one of the following: slow, large-request, large-reply\r\n";
        Node::alone().expect(&[
            ("COMMANDLOG GET 1 large-reply", "*0\r\n"),
            ("COMMANDLOG GET x junk", "-ERR count should be greater than or equal to -1\r\n"),
            ("COMMANDLOG GET 1 junk", unknown),
            ("COMMANDLOG LEN junk", unknown),
            ("COMMANDLOG RESET junk", unknown),
            ("COMMANDLOG RESET Large-Request", "+OK\r\n"),
        ]);
    }
}
