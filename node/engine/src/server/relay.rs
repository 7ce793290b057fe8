//! Pub/sub across the cluster: what subscribers of other nodes want, and what is published for them.
//!
//! The bus carries the messages. While no other node has a subscriber, a message costs one test here.

use std::collections::HashSet;

use super::Server;
use super::pubsub::Topic;
use crate::glob;

/// A longer message stays on its node: it would not fit into a frame of the bus.
pub const RELAYED_BYTES_MAX: usize = 8 << 20;
/// Messages that wait for Python beyond this are dropped: nothing is promised to subscribers of other nodes.
const OUTGOING_BYTES_MAX: usize = 32 << 20;

/// A message for subscribers of other nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// A channel or a shard channel.
    pub topic: Topic,
    pub channel: Vec<u8>,
    pub message: Vec<u8>,
    /// Patterns of other nodes that the channel matches.
    pub patterns: Vec<Vec<u8>>,
}

/// Something got its first subscriber here, or lost its last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionChange {
    pub topic: Topic,
    pub name: Vec<u8>,
    pub subscribed: bool,
}

/// What goes to the bus, and what came from it.
#[derive(Debug, Default)]
pub struct Relay {
    /// What other nodes have subscribers for.
    channels: HashSet<Vec<u8>>,
    patterns: HashSet<Vec<u8>>,
    shards: HashSet<Vec<u8>>,
    outgoing: Vec<Published>,
    outgoing_bytes: usize,
    changes: Vec<SubscriptionChange>,
    /// Messages that were too long, or too many.
    pub dropped: u64,
}

impl Relay {
    fn names_mut(&mut self, topic: Topic) -> &mut HashSet<Vec<u8>> {
        match topic {
            Topic::Channel => &mut self.channels,
            Topic::Pattern => &mut self.patterns,
            Topic::Shard => &mut self.shards,
        }
    }

    /// Note what other nodes want; `reset` forgets what they wanted before.
    pub fn change_wanted(&mut self, changes: Vec<SubscriptionChange>, reset: bool) {
        if reset {
            self.channels.clear();
            self.patterns.clear();
            self.shards.clear();
        }
        for SubscriptionChange { topic, name, subscribed } in changes {
            let names = self.names_mut(topic);
            if subscribed {
                names.insert(name);
            } else {
                names.remove(&name);
            }
        }
    }

    /// Whether Python has something to fetch.
    #[inline]
    pub fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty() || !self.changes.is_empty()
    }

    /// The messages that Python has not seen yet.
    pub fn take_outgoing(&mut self) -> Vec<Published> {
        self.outgoing_bytes = 0;
        std::mem::take(&mut self.outgoing)
    }

    /// The changes that Python has not seen yet.
    pub fn take_changes(&mut self) -> Vec<SubscriptionChange> {
        std::mem::take(&mut self.changes)
    }

    fn push(&mut self, published: Published) {
        let bytes = published.channel.len() + published.message.len();
        if bytes > RELAYED_BYTES_MAX || self.outgoing_bytes + bytes > OUTGOING_BYTES_MAX {
            self.dropped += 1;
            return;
        }
        self.outgoing_bytes += bytes;
        self.outgoing.push(published);
    }
}

impl Server {
    /// Note that something got its first subscriber here, or lost its last one.
    pub(super) fn note_subscription(&mut self, topic: Topic, name: &[u8], subscribed: bool) {
        if self.identity.cluster {
            self.relay.changes.push(SubscriptionChange { topic, name: name.to_vec(), subscribed });
        }
    }

    /// Everything that has subscribers here; what has changed up to now is told with it.
    pub fn all_subscriptions(&mut self) -> Vec<(Topic, Vec<u8>)> {
        self.relay.changes.clear();
        let names = |topic| self.pubsub.names(topic).map(move |name| (topic, name.to_vec()));
        [Topic::Channel, Topic::Pattern, Topic::Shard].into_iter().flat_map(names).collect()
    }

    /// Hand a message that a client publishes to other nodes, if they have subscribers for it.
    #[inline]
    pub fn relay_to_channel(&mut self, channel: &[u8], message: &[u8]) {
        if self.relay.channels.is_empty() && self.relay.patterns.is_empty() {
            return;
        }
        let matches = |pattern: &&Vec<u8>| glob::matches(pattern, channel, false);
        let patterns: Vec<Vec<u8>> = self.relay.patterns.iter().filter(matches).cloned().collect();
        if !patterns.is_empty() || self.relay.channels.contains(channel) {
            let (channel, message) = (channel.to_vec(), message.to_vec());
            self.relay.push(Published { topic: Topic::Channel, channel, message, patterns });
        }
    }

    /// The same for a message to a shard channel, which goes to nodes of the same shard.
    #[inline]
    pub fn relay_to_shard(&mut self, channel: &[u8], message: &[u8]) {
        if !self.relay.shards.is_empty() && self.relay.shards.contains(channel) {
            let (channel, message) = (channel.to_vec(), message.to_vec());
            self.relay.push(Published { topic: Topic::Shard, channel, message, patterns: Vec::new() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::SLOT_COUNT;
    use crate::testing::Host;

    fn change(topic: Topic, name: &str, subscribed: bool) -> SubscriptionChange {
        SubscriptionChange { topic, name: name.as_bytes().to_vec(), subscribed }
    }

    #[test]
    fn first_and_last_subscribers_are_told_of_once() {
        let mut host = Host::member(SLOT_COUNT);
        let (mut one, mut other) = (host.connect(), host.connect());
        host.run(&mut one, "SUBSCRIBE a");
        host.run(&mut other, "SUBSCRIBE a\nPSUBSCRIBE p*\nUNSUBSCRIBE a\nSSUBSCRIBE s");
        let told = host.core.server.relay.take_changes();
        assert_eq!(
            told,
            [
                change(Topic::Channel, "a", true),
                change(Topic::Pattern, "p*", true),
                change(Topic::Shard, "s", true)
            ]
        );
        drop(one);
        host.turn();
        assert_eq!(host.core.server.relay.take_changes(), [change(Topic::Channel, "a", false)]);
        assert_eq!(
            host.core.server.all_subscriptions(),
            [(Topic::Pattern, b"p*".to_vec()), (Topic::Shard, b"s".to_vec())]
        );
    }

    #[test]
    fn messages_go_out_only_for_what_others_want() {
        let mut host = Host::member(SLOT_COUNT);
        let mut wire = host.connect();
        let everything = "PUBLISH a 1\nPUBLISH b 2\nSPUBLISH a 3\nSPUBLISH s 4";
        assert_eq!(host.run(&mut wire, everything), ":0\r\n:0\r\n:0\r\n:0\r\n");
        assert!(!host.core.server.relay.has_outgoing());
        let wanted = [
            change(Topic::Channel, "a", true),
            change(Topic::Pattern, "[b]", true),
            change(Topic::Pattern, "x*", true),
            change(Topic::Shard, "s", true),
        ];
        host.core.server.relay.change_wanted(wanted.to_vec(), false);
        host.run(&mut wire, everything);
        let outgoing = host.core.server.relay.take_outgoing();
        let shown: Vec<_> = outgoing
            .iter()
            .map(|published| (published.message.as_slice(), published.patterns.len()))
            .collect();
        assert_eq!(shown, [(&b"1"[..], 0), (b"2", 1), (b"4", 0)]);
        host.core.server.relay.change_wanted(Vec::new(), true);
        host.run(&mut wire, everything);
        assert!(!host.core.server.relay.has_outgoing());
    }

    #[test]
    fn what_nobody_fetches_is_dropped_at_a_bound() {
        let mut host = Host::member(SLOT_COUNT);
        let server = &mut host.core.server;
        server.relay.change_wanted(vec![change(Topic::Channel, "a", true)], false);
        for _ in 0..10 {
            server.relay_to_channel(b"a", &vec![0; 5 << 20]);
        }
        server.relay_to_channel(b"a", &vec![0; 9 << 20]);
        assert_eq!((server.relay.dropped, server.relay.take_outgoing().len()), (5, 6));
        server.relay_to_channel(b"a", b"x");
        assert_eq!(server.relay.take_outgoing().len(), 1);
    }
}
