//! CLIENT PAUSE, UNPAUSE and UNBLOCK: clients whose next command waits.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use crate::resp::parse_i64;
use crate::server::{Pause, Release};

/// CLIENT PAUSE timeout [WRITE | ALL]
pub(super) fn pause(call: &mut Call<'_>) -> CommandResult {
    let all = match call.args.len() {
        4 if call.is_word(3, "WRITE") => false,
        4 if !call.is_word(3, "ALL") => {
            return Err(CommandError::text("ERR CLIENT PAUSE mode must be WRITE or ALL"));
        }
        _ => true,
    };
    let milliseconds = parse_i64(call.args.get(2))
        .ok_or(CommandError::text("ERR timeout is not an integer or out of range"))?;
    if milliseconds < 0 {
        return Err(CommandError::text("ERR timeout is negative"));
    }
    let now_ms = call.now.unix_ms();
    let until_ms =
        now_ms.checked_add(milliseconds).ok_or(CommandError::text("ERR timeout is out of range"))?;
    // A pause is never cut short or made laxer by another one, only by UNPAUSE.
    let old = call.server.pause.filter(|old| old.until_ms > now_ms);
    call.server.pause = Some(Pause {
        until_ms: old.map_or(until_ms, |old| old.until_ms.max(until_ms)),
        all: all || old.is_some_and(|old| old.all),
    });
    call.reply.ok();
    Ok(())
}

/// CLIENT UNPAUSE
pub(super) fn unpause(call: &mut Call<'_>) -> CommandResult {
    call.server.end_pause();
    call.reply.ok();
    Ok(())
}

/// CLIENT UNBLOCK client-id [TIMEOUT | ERROR]
pub(super) fn unblock(call: &mut Call<'_>) -> CommandResult {
    let release = match call.args.len() {
        4 if call.is_word(3, "ERROR") => Release::Error,
        4 if !call.is_word(3, "TIMEOUT") => {
            return Err(CommandError::text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
        }
        _ => Release::TimedOut,
    };
    let id = call.integer(2)?;
    let released = u64::try_from(id).is_ok_and(|id| call.server.release(id, release));
    call.reply.integer(i64::from(released));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::server::{Pause, Waiting};
    use crate::testing::{Node, START_MS};

    #[test]
    fn a_pause_of_writes_holds_back_what_may_change_something() {
        let mut node = Node::alone();
        node.expect(&[("CLIENT PAUSE 100 write", "+OK\r\n"), ("GET k", "$-1\r\n"), ("SET k v", "")]);
        assert_eq!(node.session.waiting, Waiting::Pause);
        node.expect(&[("CLIENT UNPAUSE", "+OK\r\n"), ("SET k v", "+OK\r\n")]);
        node.expect(&[("CLIENT PAUSE 100", "+OK\r\n"), ("GET k", "")]);
        node.wait_ms(100);
        assert_eq!(node.run("GET k"), "$1\r\nv\r\n");
    }

    #[test]
    fn the_longer_and_stricter_pause_holds() {
        let mut node = Node::alone();
        node.core.server.pause = Some(Pause { until_ms: START_MS + 500, all: false });
        node.run("CLIENT PAUSE 100 WRITE");
        assert_eq!(node.core.server.pause, Some(Pause { until_ms: START_MS + 500, all: false }));
        node.run("CLIENT PAUSE 900 ALL");
        assert_eq!(node.core.server.pause, Some(Pause { until_ms: START_MS + 900, all: true }));
        node.wait_ms(900);
        node.run("CLIENT PAUSE 100 WRITE");
        assert_eq!(node.core.server.pause, Some(Pause { until_ms: START_MS + 1_000, all: false }));
    }

    #[test]
    fn timeouts_and_reasons_that_make_no_sense_are_refused() {
        Node::alone().expect(&[
            ("CLIENT PAUSE x", "-ERR timeout is not an integer or out of range\r\n"),
            ("CLIENT PAUSE -1", "-ERR timeout is negative\r\n"),
            ("CLIENT PAUSE 9223372036854775807", "-ERR timeout is out of range\r\n"),
            ("CLIENT PAUSE -1 some", "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n"),
            ("CLIENT UNBLOCK 7", ":0\r\n"),
            ("CLIENT UNBLOCK x", "-ERR value is not an integer or out of range\r\n"),
            ("CLIENT UNBLOCK x why", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n"),
        ]);
    }
}
