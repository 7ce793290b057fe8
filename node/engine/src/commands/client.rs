//! CLIENT: what a client says about itself and how it wants to be treated.

use super::call::{Call, CommandResult};
use super::client_kill::kill;
use super::client_list::{info, list};
use super::client_tracking::{caching, getredir, tracking, trackinginfo};
use super::client_wait::{pause, unblock, unpause};
use super::error::CommandError;
use super::help;
use super::spec::{CommandSpec, Flags, Group, Handler};
use super::text::until_nul;
use crate::server::SessionFlags;

/// True for what is shown in a line of CLIENT LIST without breaking it: printable ASCII, no spaces.
fn is_plain(text: &[u8]) -> bool {
    until_nul(text).iter().all(u8::is_ascii_graphic)
}

/// A client's name as it may be.
///
/// # Errors
/// It has spaces or special characters in it.
pub(super) fn checked_name(name: &[u8]) -> Result<&[u8], CommandError> {
    if is_plain(name) {
        return Ok(name);
    }
    Err(CommandError::text("ERR Client names cannot contain spaces, newlines or special characters."))
}

/// CLIENT ID
fn id(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(call.session.id as i64);
    Ok(())
}

/// CLIENT GETNAME
fn getname(call: &mut Call<'_>) -> CommandResult {
    match call.session.name.as_slice() {
        b"" => call.reply.null(),
        name => call.reply.bulk(name),
    }
    Ok(())
}

/// CLIENT SETNAME connection-name
fn setname(call: &mut Call<'_>) -> CommandResult {
    call.session.name = checked_name(call.args.get(2))?.to_vec();
    call.reply.ok();
    Ok(())
}

/// CLIENT SETINFO (LIB-NAME name | LIB-VER version)
fn setinfo(call: &mut Call<'_>) -> CommandResult {
    let (option, value) = (call.args.get(2), call.args.get(3));
    let field = if call.is_word(2, "LIB-NAME") {
        &mut call.session.lib_name
    } else if call.is_word(2, "LIB-VER") {
        &mut call.session.lib_version
    } else {
        return Err(CommandError::quoting("ERR Unrecognized option '", option, "'"));
    };
    if !is_plain(value) {
        let reason = " cannot contain spaces, newlines or special characters.";
        return Err(CommandError::quoting("ERR ", option, reason));
    }
    *field = value.to_vec();
    call.reply.ok();
    Ok(())
}

/// CLIENT CAPA capability [capability ...]
fn capa(call: &mut Call<'_>) -> CommandResult {
    // A capability we have not heard of is none we could make use of.
    if (2..call.args.len()).any(|index| call.is_word(index, "REDIRECT")) {
        call.session.flags.insert(SessionFlags::CAPA_REDIRECT);
    }
    call.reply.ok();
    Ok(())
}

/// The argument as ON or OFF.
fn on_off(call: &Call<'_>) -> Result<bool, CommandError> {
    if call.is_word(2, "ON") {
        Ok(true)
    } else if call.is_word(2, "OFF") {
        Ok(false)
    } else {
        Err(CommandError::SYNTAX)
    }
}

/// CLIENT NO-EVICT (ON | OFF)
fn no_evict(call: &mut Call<'_>) -> CommandResult {
    let on = on_off(call)?;
    call.session.flags.set(SessionFlags::NO_EVICT, on);
    call.reply.ok();
    Ok(())
}

/// CLIENT NO-TOUCH (ON | OFF)
fn no_touch(call: &mut Call<'_>) -> CommandResult {
    let on = on_off(call)?;
    call.session.flags.set(SessionFlags::NO_TOUCH, on);
    call.reply.ok();
    Ok(())
}

/// CLIENT REPLY (ON | OFF | SKIP)
fn reply(call: &mut Call<'_>) -> CommandResult {
    if call.is_word(2, "ON") {
        call.session.flags.remove(SessionFlags::REPLY_OFF);
        call.reply.ok();
    } else if call.is_word(2, "OFF") {
        call.session.flags.insert(SessionFlags::REPLY_OFF);
    } else if call.is_word(2, "SKIP") {
        let off = call.session.flags.contains(SessionFlags::REPLY_OFF);
        call.session.flags.set(SessionFlags::REPLY_SKIP_NEXT, !off);
    } else {
        return Err(CommandError::SYNTAX);
    }
    Ok(())
}

/// CLIENT IMPORT-SOURCE (ON | OFF)
fn import_source(call: &mut Call<'_>) -> CommandResult {
    // There is no import mode to be in.
    if !call.is_word(2, "OFF") {
        return Err(CommandError::text("ERR Server is not in import mode"));
    }
    call.reply.ok();
    Ok(())
}

const ALWAYS: Flags = Flags::NOSCRIPT.union(Flags::LOADING).union(Flags::STALE);
const BUSY: Flags = ALWAYS.union(Flags::ALLOW_BUSY);
const ADMIN: Flags = ALWAYS.union(Flags::ADMIN);
const NO_MULTI: Flags = BUSY.union(Flags::NO_MULTI);
const CHANGING: &[&str] = &["nondeterministic_output"];
const ALL_NODES: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const LIST_USAGE: &str = "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]] [USER \
    username] [ADDR ip:port] [LADDR ip:port] [SKIPME <YES | NO>] [MAXAGE maxage] \
    [NAME name] [IDLE idle] [FLAGS flags] [LIB-NAME lib-name] [LIB-VER lib-ver] [DB \
    db] [CAPA capa] [IP ip] [NOT-TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [NOT-ID \
    not-client-id [not-client-id ...]] [NOT-USER not-username] [NOT-ADDR ip:port] \
    [NOT-LADDR ip:port] [NOT-NAME not-name] [NOT-FLAGS not-flags] [NOT-LIB-NAME \
    not-lib-name] [NOT-LIB-VER not-lib-ver] [NOT-DB not-db] [NOT-CAPA not-capa] \
    [NOT-IP not-ip]";

const fn row(name: &'static str, arity: i32, handler: Handler, flags: Flags) -> CommandSpec {
    CommandSpec::new(name, arity, Group::Connection, handler).flags(flags)
}

/// The rows of this file and of the others about clients.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::container(
    "client",
    Group::Connection,
    &[
        row("client|caching", 3, caching, BUSY)
            .usage("<YES | NO>")
            .about("6.0.0", "Say whether the next command's keys are to be tracked."),
        row("client|capa", -3, capa, BUSY)
            .usage("capability [capability ...]")
            .about("8.0.0", "Tell what this client can do: REDIRECT, follow a primary to another node."),
        row("client|getname", 2, getname, BUSY).about("2.6.9", "Tell this connection's name."),
        row("client|getredir", 2, getredir, BUSY)
            .about("6.0.0", "Tell which client this one's tracking messages go to."),
        help::row("client|help", Group::Connection, "5.0.0"),
        row("client|id", 2, id, BUSY).about("5.0.0", "Tell this connection's number."),
        row("client|import-source", 3, import_source, ALWAYS)
            .usage("<ON | OFF>")
            .about("8.1.0", "Say that this client imports data; the server has to be in import mode."),
        row("client|info", 2, info, ALWAYS)
            .tips(CHANGING)
            .about("6.2.0", "Describe this connection in a line."),
        row("client|kill", -3, kill, ADMIN)
            .usage("<ip:port | filter value [filter value ...]>")
            .about("2.4.0", "Close connections; filters as for LIST, but this one is left out."),
        row("client|list", -2, list, ADMIN)
            .tips(CHANGING)
            .usage(LIST_USAGE)
            .about("2.4.0", "Describe connections, a line each."),
        row("client|no-evict", 3, no_evict, ADMIN.union(Flags::ALLOW_BUSY))
            .usage("<ON | OFF>")
            .about("7.0.0", "Keep this client connected when clients take too much memory."),
        row("client|no-touch", 3, no_touch, BUSY)
            .usage("<ON | OFF>")
            .about("7.2.0", "Let this client's commands leave no trace on when keys were last used."),
        row("client|pause", -3, pause, ADMIN)
            .usage("timeout [WRITE | ALL]")
            .about("3.0.0", "Let all clients' commands wait, or those that write."),
        row("client|reply", 3, reply, NO_MULTI)
            .usage("<ON | OFF | SKIP>")
            .about("3.2.0", "Answer this client's commands, leave all replies out, or only the next."),
        row("client|setinfo", 4, setinfo, BUSY)
            .tips(ALL_NODES)
            .usage("<LIB-NAME libname | LIB-VER libver>")
            .about("7.2.0", "Tell which library this client uses."),
        row("client|setname", 3, setname, BUSY)
            .tips(ALL_NODES)
            .usage("connection-name")
            .about("2.6.9", "Name this connection."),
        row("client|tracking", -3, tracking, ALWAYS)
            .usage(
                "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] \
                 [OPTOUT] [NOLOOP]",
            )
            .about("6.0.0", "Have messages sent when keys change that this client has read."),
        row("client|trackinginfo", 2, trackinginfo, ALWAYS)
            .about("6.2.0", "Tell how keys are tracked for this client."),
        row("client|unblock", -3, unblock, ADMIN)
            .usage("client-id [TIMEOUT | ERROR]")
            .about("5.0.0", "Let a client go on that waits in a blocking command."),
        row("client|unpause", 2, unpause, ADMIN).about("6.2.0", "End CLIENT PAUSE."),
    ],
)
.about("2.4.0", "Commands about connections.")];

#[cfg(test)]
mod tests {
    use crate::server::SessionFlags;
    use crate::testing::Node;

    const NOT_PLAIN: &str = "cannot contain spaces, newlines or special characters.\r\n";

    #[test]
    fn names_are_printable_words() {
        let mut node = Node::alone();
        node.expect(&[
            ("CLIENT GETNAME", "$-1\r\n"),
            ("CLIENT SETNAME !worker~", "+OK\r\n"),
            ("CLIENT GETNAME", "$8\r\n!worker~\r\n"),
            ("CLIENT SETNAME a\nb", &format!("-ERR Client names {NOT_PLAIN}")),
            ("CLIENT SETNAME caf\u{e9}", &format!("-ERR Client names {NOT_PLAIN}")),
            ("CLIENT GETNAME", "$8\r\n!worker~\r\n"),
            ("CLIENT SETNAME ", "+OK\r\n"),
            ("CLIENT GETNAME", "$-1\r\n"),
        ]);
    }

    #[test]
    fn a_library_is_told_by_name_and_version() {
        let mut node = Node::alone();
        node.expect(&[
            ("CLIENT SETINFO lib-name x", "+OK\r\n"),
            ("CLIENT SETINFO LIB-VER 1.0", "+OK\r\n"),
            ("CLIENT SETINFO Lib-Ver 1\t0", &format!("-ERR Lib-Ver {NOT_PLAIN}")),
            ("CLIENT SETINFO age 7", "-ERR Unrecognized option 'age'\r\n"),
        ]);
        assert_eq!(
            (node.session.lib_name.as_slice(), node.session.lib_version.as_slice()),
            (&b"x"[..], &b"1.0"[..])
        );
    }

    #[test]
    fn replies_are_left_out_as_asked_for() {
        let mut node = Node::alone();
        node.expect(&[
            ("CLIENT REPLY SKIP", ""),
            ("PING", ""),
            ("PING", "+PONG\r\n"),
            ("CLIENT REPLY SKIP", ""),
            ("CLIENT REPLY SKIP", ""),
            ("PING", ""),
            ("PING", "+PONG\r\n"),
            ("CLIENT REPLY OFF", ""),
            ("PING", ""),
            ("NOSUCH", ""),
            ("CLIENT REPLY SKIP", ""),
            ("CLIENT REPLY ON", "+OK\r\n"),
            ("CLIENT REPLY SKIP", ""),
            ("CLIENT REPLY ON", ""),
            ("CLIENT REPLY never", "-ERR syntax error\r\n"),
        ]);
    }

    #[test]
    fn switches_are_on_or_off() {
        let mut node = Node::alone();
        node.expect(&[
            ("CLIENT NO-EVICT ON", "+OK\r\n"),
            ("CLIENT NO-TOUCH on", "+OK\r\n"),
            ("CLIENT NO-TOUCH maybe", "-ERR syntax error\r\n"),
            ("CLIENT CAPA nosuch redirect", "+OK\r\n"),
            ("CLIENT IMPORT-SOURCE on", "-ERR Server is not in import mode\r\n"),
            ("CLIENT IMPORT-SOURCE off", "+OK\r\n"),
        ]);
        let all = SessionFlags::NO_EVICT | SessionFlags::NO_TOUCH | SessionFlags::CAPA_REDIRECT;
        assert_eq!(node.session.flags, all);
        node.expect(&[("CLIENT NO-EVICT off", "+OK\r\n"), ("CLIENT NO-TOUCH OFF", "+OK\r\n")]);
        assert_eq!(node.session.flags, SessionFlags::CAPA_REDIRECT);
    }
}
