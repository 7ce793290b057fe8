//! How much a client may leave unread before it is closed.

use super::config::{OutputLimit, OutputLimits};
use super::{Client, ClientKey, ClientKind, Server, Session, SessionFlags};

/// A client that has not said the password gets few and short replies, and may not leave many unread.
const UNAUTHENTICATED: OutputLimit = OutputLimit { hard_bytes: 1 << 10, soft_bytes: 0, soft_seconds: 0 };

impl Session {
    /// The limit of this client's class. A monitor is sent what it did not ask for, as a subscriber is.
    fn output_limit(&self, limits: &OutputLimits) -> OutputLimit {
        if self.flags.contains(SessionFlags::UNAUTHENTICATED) {
            return UNAUTHENTICATED;
        }
        match self.kind() {
            ClientKind::PubSub => limits.pubsub,
            _ if self.flags.contains(SessionFlags::MONITOR) => limits.pubsub,
            ClientKind::Replica => limits.replica,
            ClientKind::Normal | ClientKind::Primary => limits.normal,
        }
    }
}

impl Client {
    /// True when what waits to be sent has passed the hard limit, or the soft one for too long.
    pub fn is_over_output_limit(&mut self, limits: &OutputLimits, now_us: u64) -> bool {
        let limit = self.session.output_limit(limits);
        let waiting_bytes = self.reply.queue.len() as u64;
        if limit.soft_bytes == 0 || waiting_bytes <= limit.soft_bytes {
            self.over_soft_limit_since_us = None;
        } else {
            let since_us = *self.over_soft_limit_since_us.get_or_insert(now_us);
            if now_us.saturating_sub(since_us) > limit.soft_seconds.saturating_mul(1_000_000) {
                return true;
            }
        }
        limit.hard_bytes > 0 && waiting_bytes > limit.hard_bytes
    }
}

impl Server {
    /// Send a client what it did not just ask for; one that is over its limit is closed instead.
    pub fn send_unasked(&mut self, key: ClientKey, message: &[u8]) {
        let now_us = self.now.monotonic_us;
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        if client.session.flags.intersects(SessionFlags::KILLED | SessionFlags::REPLY_OFF) {
            return;
        }
        client.reply.raw(message);
        if client.is_over_output_limit(&self.config.output_limits, now_us) {
            self.kill_for_output(key);
        } else {
            self.clients.touch(key);
        }
    }

    /// Close the clients that have been over their limits for too long.
    pub fn kill_overdue_readers(&mut self) {
        let now_us = self.now.monotonic_us;
        let limits = &self.config.output_limits;
        let waiting = self.clients.others_mut().filter(|client| !client.reply.queue.is_empty());
        let over =
            waiting.filter_map(|client| client.is_over_output_limit(limits, now_us).then_some(client.key));
        for key in over.collect::<Vec<_>>() {
            self.kill_for_output(key);
        }
    }

    /// Close a client and give back at once what it has not read.
    pub(super) fn kill_for_output(&mut self, key: ClientKey) {
        self.stats.output_buffer_limit_disconnections += 1;
        if let Some(client) = self.clients.get_mut(key) {
            client.reply.queue.clear();
        }
        self.clients.kill(key);
    }
}

#[cfg(test)]
mod tests {
    use crate::server::SessionFlags;
    use crate::testing::Node;

    #[test]
    fn the_soft_limit_may_be_passed_for_its_time() {
        let mut node = Node::alone();
        let _sockets = node.connect_others(1);
        let server = &mut node.core.server;
        server.config.output_limits = server.config.output_limits.changed_by("normal 0 10 5").unwrap();
        let key = server.clients.keys()[0];
        server.send_unasked(key, &[b'x'; 11]);
        let mut is_killed_after = |seconds: u64| {
            server.now.monotonic_us += seconds * 1_000_000;
            server.kill_overdue_readers();
            server.clients.get_mut(key).unwrap().session.flags.contains(SessionFlags::KILLED)
        };
        assert!(!is_killed_after(0));
        assert!(!is_killed_after(5));
        assert!(is_killed_after(1));
    }

    #[test]
    fn time_below_the_soft_limit_does_not_count() {
        let mut node = Node::alone();
        let _sockets = node.connect_others(1);
        let server = &mut node.core.server;
        let limits = server.config.output_limits.changed_by("normal 0 10 5").unwrap();
        let client = server.clients.others_mut().next().unwrap();
        client.reply.raw(&[b'x'; 11]);
        assert!(!client.is_over_output_limit(&limits, 1_000_000));
        client.reply.queue.advance(1);
        assert!(!client.is_over_output_limit(&limits, 9_000_000));
        client.reply.raw(b"x");
        assert!(!client.is_over_output_limit(&limits, 10_000_000));
        assert!(!client.is_over_output_limit(&limits, 15_000_000));
        assert!(client.is_over_output_limit(&limits, 15_000_001));
    }

    #[test]
    fn who_has_not_said_the_password_may_leave_little_unread() {
        let mut node = Node::alone();
        let _sockets = node.connect_others(1);
        let limits = node.core.server.config.output_limits;
        let client = node.core.server.clients.others_mut().next().unwrap();
        client.reply.raw(&[b'x'; 1_025]);
        assert!(!client.is_over_output_limit(&limits, 1));
        client.session.flags.insert(SessionFlags::UNAUTHENTICATED);
        assert!(client.is_over_output_limit(&limits, 1));
    }
}
