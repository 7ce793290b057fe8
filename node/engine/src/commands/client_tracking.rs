//! CLIENT TRACKING and its kin. No keys are tracked for clients: asking for it is refused, everything else is answered.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use crate::server::SessionFlags;

/// CLIENT TRACKING (ON | OFF) [REDIRECT client-id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]
pub(super) fn tracking(call: &mut Call<'_>) -> CommandResult {
    let (mut broadcast, mut opt_in, mut opt_out, mut prefixes) = (false, false, false, false);
    let mut index = 3;
    while index < call.args.len() {
        let has_value = index + 1 < call.args.len();
        if call.is_word(index, "REDIRECT") && has_value {
            index += 1;
            find_redirect(call, index)?;
        } else if call.is_word(index, "PREFIX") && has_value {
            index += 1;
            prefixes = true;
        } else if call.is_word(index, "BCAST") {
            broadcast = true;
        } else if call.is_word(index, "OPTIN") {
            opt_in = true;
        } else if call.is_word(index, "OPTOUT") {
            opt_out = true;
        } else if !call.is_word(index, "NOLOOP") {
            return Err(CommandError::SYNTAX);
        }
        index += 1;
    }
    if call.is_word(2, "OFF") {
        call.reply.ok();
        return Ok(());
    }
    Err(CommandError::text(if !call.is_word(2, "ON") {
        return Err(CommandError::SYNTAX);
    } else if prefixes && !broadcast {
        "ERR PREFIX option requires BCAST mode to be enabled"
    } else if broadcast && (opt_in || opt_out) {
        "ERR OPTIN and OPTOUT are not compatible with BCAST"
    } else if opt_in && opt_out {
        "ERR You can't specify both OPTIN mode and OPTOUT mode"
    } else {
        "ERR this server does not track keys for its clients"
    }))
}

/// See that the client exists that messages are to be sent to.
fn find_redirect(call: &Call<'_>, index: usize) -> CommandResult {
    let id = call.integer(index)?;
    let is_alive = |session: &crate::server::Session| {
        i64::try_from(session.id) == Ok(id) && !session.flags.contains(SessionFlags::KILLED)
    };
    if is_alive(call.session) || call.server.clients.others().any(|client| is_alive(&client.session)) {
        return Ok(());
    }
    Err(CommandError::text("ERR The client ID you want redirect to does not exist"))
}

/// CLIENT CACHING (YES | NO)
pub(super) fn caching(_call: &mut Call<'_>) -> CommandResult {
    Err(CommandError::text(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
    ))
}

/// CLIENT GETREDIR
pub(super) fn getredir(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(-1);
    Ok(())
}

/// CLIENT TRACKINGINFO
pub(super) fn trackinginfo(call: &mut Call<'_>) -> CommandResult {
    call.reply.map(3);
    call.reply.bulk(b"flags");
    call.reply.set(1);
    call.reply.bulk(b"off");
    call.reply.bulk(b"redirect");
    call.reply.integer(-1);
    call.reply.bulk(b"prefixes");
    call.reply.array(0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn tracking_is_off_and_can_be_turned_off_but_not_on() {
        Node::alone().expect(&[
            ("CLIENT TRACKING OFF BCAST PREFIX a OPTIN", "+OK\r\n"),
            ("CLIENT TRACKING ON", "-ERR this server does not track keys for its clients\r\n"),
            ("CLIENT TRACKING maybe", "-ERR syntax error\r\n"),
            ("CLIENT TRACKING ON junk", "-ERR syntax error\r\n"),
            ("CLIENT TRACKING ON REDIRECT", "-ERR syntax error\r\n"),
            ("CLIENT TRACKING OFF REDIRECT 1", "+OK\r\n"),
            ("CLIENT TRACKING OFF REDIRECT 99", "-ERR The client ID you want redirect to does not exist\r\n"),
            ("CLIENT TRACKING ON PREFIX a", "-ERR PREFIX option requires BCAST mode to be enabled\r\n"),
            ("CLIENT TRACKING ON BCAST OPTOUT", "-ERR OPTIN and OPTOUT are not compatible with BCAST\r\n"),
            ("CLIENT TRACKING ON OPTIN OPTOUT", "-ERR You can't specify both OPTIN mode and OPTOUT mode\r\n"),
            ("CLIENT GETREDIR", ":-1\r\n"),
            (
                "CLIENT TRACKINGINFO",
                "*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n",
            ),
        ]);
        assert!(
            Node::alone().run("CLIENT CACHING YES").starts_with("-ERR CLIENT CACHING can be called only")
        );
    }
}
