//! How a connection begins: protocol version, password, name.

use super::call::{Call, CommandResult};
use super::client::checked_name;
use super::connection::BEFORE_AUTH;
use super::error::CommandError;
use super::spec::{CommandSpec, Group};
use crate::resp::{Protocol, parse_i64};
use crate::server::{Config, REDIS_VERSION, SERVER_NAME, SessionFlags};

/// The only user there is.
const DEFAULT_USER: &[u8] = b"default";

/// True when this password is the right one; without one set, any is.
///
/// Takes the same time however much of the password is right.
fn is_password(config: &Config, password: &[u8]) -> bool {
    let expected = config.requirepass.as_bytes();
    let differing = expected.iter().zip(password).fold(0, |bits, (a, b)| bits | (a ^ b));
    expected.is_empty() || (expected.len() == password.len() && differing == 0)
}

/// Let the client in if the user exists and the password is right.
///
/// # Errors
/// WRONGPASS; a client that was let in before stays so.
fn authenticate(call: &mut Call<'_>, user: &[u8], password: &[u8]) -> CommandResult {
    if user != DEFAULT_USER || !is_password(&call.server.config, password) {
        return Err(CommandError::WRONG_PASS);
    }
    call.session.flags.remove(SessionFlags::UNAUTHENTICATED);
    Ok(())
}

/// AUTH [username] password
fn auth(call: &mut Call<'_>) -> CommandResult {
    let (user, password) = match call.args.len() {
        2 if call.server.config.requirepass.is_empty() => {
            return Err(CommandError::text(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
                 configuration is correct?",
            ));
        }
        2 => (DEFAULT_USER, call.args.get(1)),
        3 => (call.args.get(1), call.args.get(2)),
        _ => return Err(CommandError::SYNTAX),
    };
    authenticate(call, user, password)?;
    call.reply.ok();
    Ok(())
}

/// HELLO [protover [AUTH username password] [SETNAME clientname]]
fn hello(call: &mut Call<'_>) -> CommandResult {
    let protocol = match call.args.len() {
        1 => call.reply.protocol,
        _ => match parse_i64(call.args.get(1)) {
            Some(2) => Protocol::Resp2,
            Some(3) => Protocol::Resp3,
            Some(_) => return Err(CommandError::NO_PROTO),
            None => {
                return Err(CommandError::text("ERR Protocol version is not an integer or out of range"));
            }
        },
    };
    let Options { credentials, name } = Options::parse(call)?;
    if let Some((user, password)) = credentials {
        authenticate(call, user, password)?;
    }
    if call.is_unauthenticated() {
        return Err(CommandError::text(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH \
             <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the \
             same time",
        ));
    }
    if let Some(name) = name {
        call.session.name = name.to_vec();
    }
    call.reply.protocol = protocol;
    introduce(call);
    Ok(())
}

/// What follows the protocol version.
#[derive(Default)]
struct Options<'a> {
    credentials: Option<(&'a [u8], &'a [u8])>,
    name: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn parse(call: &Call<'a>) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = 2;
        while index < call.args.len() {
            let following = call.args.len() - index - 1;
            if call.is_word(index, "AUTH") && following >= 2 {
                options.credentials = Some((call.args.get(index + 1), call.args.get(index + 2)));
                index += 3;
            } else if call.is_word(index, "SETNAME") && following >= 1 {
                options.name = Some(checked_name(call.args.get(index + 1))?);
                index += 2;
            } else {
                let option = call.args.get(index);
                return Err(CommandError::quoting("ERR Syntax error in HELLO option '", option, "'"));
            }
        }
        Ok(options)
    }
}

/// Say who this server is.
fn introduce(call: &mut Call<'_>) {
    let identity = &call.server.identity;
    let role = if call.server.topology.is_replica() { "replica" } else { "master" };
    let mode = if identity.cluster { "cluster" } else { "standalone" };
    let reply = &mut *call.reply;
    reply.map(7);
    for (field, value) in [("server", SERVER_NAME), ("version", REDIS_VERSION)] {
        reply.bulk(field.as_bytes());
        reply.bulk(value.as_bytes());
    }
    reply.bulk(b"proto");
    reply.integer(if reply.protocol == Protocol::Resp3 { 3 } else { 2 });
    reply.bulk(b"id");
    reply.integer(call.session.id as i64);
    for (field, value) in [("mode", mode), ("role", role)] {
        reply.bulk(field.as_bytes());
        reply.bulk(value.as_bytes());
    }
    reply.bulk(b"modules");
    reply.array(0);
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("auth", -2, Group::Connection, auth)
        .flags(BEFORE_AUTH)
        .usage("[username] password")
        .about("1.0.0", "Say the password."),
    CommandSpec::new("hello", -1, Group::Connection, hello)
        .flags(BEFORE_AUTH)
        .usage("[protover [AUTH username password] [SETNAME clientname]]")
        .about("6.0.0", "Choose the protocol version and say who the client is."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    const WRONG_PASS: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

    fn guarded() -> Node {
        let mut node = Node::alone();
        node.core.server.config.set_all([("requirepass", "secret")]).unwrap();
        // A new client has to say the password; one that was there before it was set does not.
        assert_eq!(node.run("PING"), "+PONG\r\n");
        assert_eq!(node.run("RESET"), "+RESET\r\n");
        node
    }

    #[test]
    fn hello_answers_in_the_protocol_it_chooses() {
        let mut node = Node::alone();
        let reply = node.run("HELLO 3");
        assert!(reply.starts_with("%7\r\n$6\r\nserver\r\n"), "{reply}");
        assert!(reply.contains("$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:1\r\n"), "{reply}");
        assert!(
            reply.contains("$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"),
            "{reply}"
        );
        assert!(node.run("HELLO").starts_with("*14\r\n"));
        assert!(Node::member().run("HELLO 2").contains("$4\r\nmode\r\n$7\r\ncluster\r\n"));
    }

    #[test]
    fn hello_changes_nothing_unless_all_of_it_is_right() {
        let mut node = Node::alone();
        node.expect(&[
            ("HELLO 4", "-NOPROTO unsupported protocol version\r\n"),
            ("HELLO x", "-ERR Protocol version is not an integer or out of range\r\n"),
            ("HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'\r\n"),
            ("HELLO 3 SETNAME a AUTH default", "-ERR Syntax error in HELLO option 'AUTH'\r\n"),
            ("HELLO 3 SETNAME a AUTH nobody x", WRONG_PASS),
            ("CLIENT GETNAME", "$-1\r\n"),
        ]);
        node.run("HELLO 2 AUTH default anything SETNAME a");
        assert_eq!(node.run("CLIENT GETNAME"), "$1\r\na\r\n");
    }

    #[test]
    fn without_the_password_nothing_but_the_way_in_is_served() {
        let mut node = guarded();
        for words in ["PING", "NOSUCH", "GET", "CLIENT NOSUCH", "CLIENT ID"] {
            assert_eq!(node.run(words), "-NOAUTH Authentication required.\r\n", "{words}");
        }
        assert!(node.run("HELLO 3").starts_with("-NOAUTH HELLO must be called"));
        node.expect(&[
            ("HELLO 3 AUTH default wrong", WRONG_PASS),
            ("AUTH secre", WRONG_PASS),
            ("AUTH secret0", WRONG_PASS),
            ("AUTH nobody secret", WRONG_PASS),
            ("AUTH a b c", "-ERR syntax error\r\n"),
            ("AUTH secret", "+OK\r\n"),
            ("PING", "+PONG\r\n"),
            ("AUTH wrong", WRONG_PASS),
            ("PING", "+PONG\r\n"),
        ]);
        let mut node = guarded();
        assert!(node.run("HELLO 2 AUTH default secret").starts_with("*14\r\n"));
        assert_eq!(node.run("PING"), "+PONG\r\n");
    }

    #[test]
    fn a_password_that_is_taken_away_is_no_longer_asked_for() {
        let mut node = guarded();
        node.core.server.config.set_all([("requirepass", "")]).unwrap();
        assert_eq!(node.run("PING"), "+PONG\r\n");
        assert!(node.run("AUTH x").starts_with("-ERR AUTH <password> called without any password"));
        assert_eq!(node.run("AUTH default x"), "+OK\r\n");
    }
}
