//! Commands about the connection itself.

use super::call::{Call, CommandResult};
use super::database::database_index;
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group};
use crate::resp::Protocol;
use crate::server::SessionFlags;

/// PING [message]
fn ping(call: &mut Call<'_>) -> CommandResult {
    let subscribed = call.session.flags.contains(SessionFlags::SUBSCRIBED);
    match call.args.len() {
        // As every message is an array to such a client, so is this.
        1 | 2 if subscribed && call.reply.protocol == Protocol::Resp2 => {
            call.reply.array(2);
            call.reply.bulk(b"pong");
            call.reply.bulk(call.args.get(1));
        }
        1 => call.reply.simple("PONG"),
        2 => call.reply.bulk(call.args.get(1)),
        _ => return Err(CommandError::wrong_arity(call.spec.name)),
    }
    Ok(())
}

/// ECHO message
fn echo(call: &mut Call<'_>) -> CommandResult {
    match call.args.large(1) {
        Some(message) => call.reply.bulk_shared(message),
        None => call.reply.bulk(call.args.get(1)),
    }
    Ok(())
}

/// SELECT index
fn select(call: &mut Call<'_>) -> CommandResult {
    call.session.db = database_index(call, 1)?;
    call.reply.ok();
    Ok(())
}

/// RESET
fn reset(call: &mut Call<'_>) -> CommandResult {
    call.server.monitors.retain(|key| *key != call.session.key);
    call.server.discard_transaction(call.session);
    call.server.unsubscribe_all(call.session);
    call.session.reset(!call.server.config.requirepass.is_empty());
    call.reply.protocol = Protocol::Resp2;
    call.reply.simple("RESET");
    Ok(())
}

/// QUIT
fn quit(call: &mut Call<'_>) -> CommandResult {
    call.session.flags.insert(SessionFlags::CLOSE_AFTER_REPLY);
    call.reply.ok();
    Ok(())
}

const ALWAYS: Flags = Flags::LOADING.union(Flags::STALE).union(Flags::FAST);
/// Of what is served to a client that has yet to say its password.
pub(super) const BEFORE_AUTH: Flags =
    ALWAYS.union(Flags::NOSCRIPT).union(Flags::NO_AUTH).union(Flags::ALLOW_BUSY);

const fn row(name: &'static str, arity: i32, handler: super::spec::Handler, flags: Flags) -> CommandSpec {
    CommandSpec::new(name, arity, Group::Connection, handler).flags(flags)
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    row("ping", -1, ping, Flags::FAST)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .usage("[message]")
        .about("1.0.0", "Tell that the server lives."),
    row("echo", 2, echo, ALWAYS).usage("message").about("1.0.0", "Answer with the argument."),
    row("select", 2, select, ALWAYS.union(Flags::ALLOW_BUSY))
        .usage("index")
        .about("1.0.0", "Choose the database."),
    row("reset", 1, reset, BEFORE_AUTH).about("6.2.0", "Make the connection as it was when it was new."),
    row("quit", -1, quit, BEFORE_AUTH).about("1.0.0", "Close the connection."),
];

#[cfg(test)]
mod tests {
    use crate::resp::Protocol;
    use crate::server::SessionFlags;
    use crate::testing::Node;

    #[test]
    fn a_database_is_selected_by_its_number() {
        let mut node = Node::alone();
        node.expect(&[
            ("SELECT 15", "+OK\r\n"),
            ("SET k v", "+OK\r\n"),
            ("SELECT 16", "-ERR DB index is out of range\r\n"),
            ("SELECT -1", "-ERR DB index is out of range\r\n"),
            ("SELECT x", "-ERR value is not an integer or out of range\r\n"),
            (
                "SELECT 4294967296",
                "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
            ),
            ("DBSIZE", ":1\r\n"),
            ("SELECT 0", "+OK\r\n"),
            ("DBSIZE", ":0\r\n"),
        ]);
        Node::member().expect(&[("SELECT 0", "+OK\r\n"), ("SELECT 1", "-ERR DB index is out of range\r\n")]);
    }

    #[test]
    fn reset_forgets_all_but_what_the_client_can_do() {
        let mut node = Node::alone();
        node.protocol = Protocol::Resp3;
        for words in [
            "CLIENT SETNAME worker",
            "CLIENT SETINFO lib-name lib",
            "CLIENT CAPA redirect",
            "CLIENT NO-TOUCH on",
            "READONLY",
            "SELECT 3",
        ] {
            assert_eq!(node.run(words), "+OK\r\n", "{words}");
        }
        assert_eq!(node.run("RESET"), "+RESET\r\n");
        assert_eq!(node.session.flags, SessionFlags::CAPA_REDIRECT);
        assert_eq!((node.session.db, node.session.name.as_slice()), (0, &b""[..]));
        assert_eq!(node.session.lib_name, b"lib");
    }

    #[test]
    fn quit_takes_any_arguments_and_closes_after_its_reply() {
        let mut node = Node::alone();
        node.expect(&[("QUIT now please", "+OK\r\n")]);
        assert!(node.session.flags.contains(SessionFlags::CLOSE_AFTER_REPLY));
    }
}
