//! CLIENT KILL: closing connections.

use super::call::{Call, CommandResult};
use super::client_filter::ClientFilter;
use super::error::CommandError;
use crate::server::SessionFlags;

/// CLIENT KILL (ip:port | filter value [filter value ...])
pub(super) fn kill(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() == 3 {
        if close(call, &ClientFilter::by_address(call.args.get(2))) == 0 {
            return Err(CommandError::text("ERR No such client"));
        }
        call.reply.ok();
        return Ok(());
    }
    let filter = ClientFilter::parse(call, 2, true)?;
    let closed = close(call, &filter);
    call.reply.integer(closed);
    Ok(())
}

/// Close the clients that pass the filter, the asking one after its reply; returns their number.
fn close(call: &mut Call<'_>, filter: &ClientFilter<'_>) -> i64 {
    let clients = &mut call.server.clients;
    let keys: Vec<_> = clients
        .others()
        .filter(|client| !client.session.flags.contains(SessionFlags::KILLED))
        .filter(|client| filter.accepts(&client.session, false, call.now))
        .map(|client| client.key)
        .collect();
    for key in &keys {
        clients.kill(*key);
    }
    let myself = filter.accepts(call.session, true, call.now);
    if myself {
        call.session.flags.insert(SessionFlags::CLOSE_AFTER_REPLY);
    }
    keys.len() as i64 + i64::from(myself)
}

#[cfg(test)]
mod tests {
    use crate::server::SessionFlags;
    use crate::testing::Node;

    #[test]
    fn clients_are_killed_once_and_oneself_only_on_demand() {
        let mut node = Node::alone();
        let _sockets = node.connect_others(3);
        node.expect(&[
            ("CLIENT KILL ID 2 3", ":2\r\n"),
            ("CLIENT KILL ID 2 3", ":0\r\n"),
            ("CLIENT KILL TYPE normal", ":1\r\n"),
            ("CLIENT KILL TYPE normal", ":0\r\n"),
            ("CLIENT KILL NOT-TYPE normal SKIPME no", ":0\r\n"),
        ]);
        assert!(!node.session.flags.contains(SessionFlags::CLOSE_AFTER_REPLY));
        node.expect(&[("CLIENT KILL ID 1 SKIPME no", ":1\r\n")]);
        assert!(node.session.flags.contains(SessionFlags::CLOSE_AFTER_REPLY));
        assert_eq!(node.core.server.clients.touched.len(), 3);
    }

    #[test]
    fn the_old_form_takes_an_address_and_spares_nobody() {
        let mut node = Node::alone();
        node.expect(&[
            ("CLIENT KILL 127.0.0.1:1", "-ERR No such client\r\n"),
            ("CLIENT KILL ID", "-ERR No such client\r\n"),
            ("CLIENT KILL 127.0.0.1:5000", "+OK\r\n"),
            ("CLIENT KILL ADDR 127.0.0.1:1 ADDR", "-ERR syntax error\r\n"),
        ]);
        assert!(node.session.flags.contains(SessionFlags::CLOSE_AFTER_REPLY));
    }
}
