//! Channels, patterns and shard channels, and who has subscribed to them.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::Server;
use super::clients::ClientKey;
use super::session::{Session, SessionFlags};
use crate::glob;
use crate::resp::{Push, Reply};
use crate::slot::key_slot;

/// What a client subscribes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Channel,
    Pattern,
    /// A channel whose messages stay within the shard that serves its slot.
    Shard,
}

impl Topic {
    /// The topic of a name that messages of the bus have for it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Channel, Self::Pattern, Self::Shard].into_iter().find(|topic| topic.name() == name)
    }

    /// The name that messages of the bus have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Pattern => "pattern",
            Self::Shard => "shard",
        }
    }

    /// What clients are told when they have subscribed, and when they have unsubscribed.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Channel => ("subscribe", "unsubscribe"),
            Self::Pattern => ("psubscribe", "punsubscribe"),
            Self::Shard => ("ssubscribe", "sunsubscribe"),
        }
    }
}

/// What a client has subscribed to.
#[derive(Debug, Default)]
pub struct Subscriptions {
    channels: HashSet<Arc<[u8]>>,
    patterns: HashSet<Arc<[u8]>>,
    shards: HashSet<Arc<[u8]>>,
    names_bytes: usize,
}

impl Subscriptions {
    fn of(&self, topic: Topic) -> &HashSet<Arc<[u8]>> {
        match topic {
            Topic::Channel => &self.channels,
            Topic::Pattern => &self.patterns,
            Topic::Shard => &self.shards,
        }
    }

    fn of_mut(&mut self, topic: Topic) -> &mut HashSet<Arc<[u8]>> {
        match topic {
            Topic::Channel => &mut self.channels,
            Topic::Pattern => &mut self.patterns,
            Topic::Shard => &mut self.shards,
        }
    }

    /// Number of channels, of patterns, or of shard channels.
    pub fn len_of(&self, topic: Topic) -> usize {
        self.of(topic).len()
    }

    /// The number that the client is told: channels and patterns together, or shard channels.
    pub fn count_told(&self, topic: Topic) -> usize {
        match topic {
            Topic::Channel | Topic::Pattern => self.channels.len() + self.patterns.len(),
            Topic::Shard => self.shards.len(),
        }
    }

    /// Names of one topic.
    pub fn names(&self, topic: Topic) -> Vec<Arc<[u8]>> {
        self.of(topic).iter().cloned().collect()
    }

    fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.patterns.is_empty() && self.shards.is_empty()
    }

    /// Bytes that the client makes us keep.
    pub fn len_bytes(&self) -> usize {
        let count = self.channels.len() + self.patterns.len() + self.shards.len();
        self.names_bytes + count * 2 * size_of::<Arc<[u8]>>()
    }
}

/// Clients by what they have subscribed to. In order, so that a message meets them without chasing pointers.
type Table = IndexMap<Arc<[u8]>, IndexSet<ClientKey>>;

/// All subscriptions.
#[derive(Debug, Default)]
pub struct PubSub {
    channels: Table,
    patterns: Table,
    shards: Table,
    /// Number of clients that have subscribed to something.
    pub clients_count: usize,
    /// Messages for clients whose commands are running: they get them behind the replies.
    pending: Vec<(ClientKey, Push)>,
}

impl PubSub {
    fn table(&self, topic: Topic) -> &Table {
        match topic {
            Topic::Channel => &self.channels,
            Topic::Pattern => &self.patterns,
            Topic::Shard => &self.shards,
        }
    }

    fn table_mut(&mut self, topic: Topic) -> &mut Table {
        match topic {
            Topic::Channel => &mut self.channels,
            Topic::Pattern => &mut self.patterns,
            Topic::Shard => &mut self.shards,
        }
    }

    /// Number of channels, patterns or shard channels that somebody has subscribed to.
    pub fn len_of(&self, topic: Topic) -> usize {
        self.table(topic).len()
    }

    /// What somebody has subscribed to.
    pub fn names(&self, topic: Topic) -> impl Iterator<Item = &Arc<[u8]>> {
        self.table(topic).keys()
    }

    /// Number of clients that have subscribed to this.
    pub fn subscribers_len(&self, topic: Topic, name: &[u8]) -> usize {
        self.table(topic).get(name).map_or(0, IndexSet::len)
    }

    /// Whether a message to this channel reaches anybody here.
    #[inline]
    fn has_listeners(&self) -> bool {
        !self.channels.is_empty() || !self.patterns.is_empty()
    }
}

impl Server {
    /// Subscribe a client; false if it has subscribed already.
    pub fn subscribe(&mut self, session: &mut Session, topic: Topic, name: &[u8]) -> bool {
        let subscriptions = session.subscriptions.get_or_insert_default();
        if subscriptions.of(topic).contains(name) {
            return false;
        }
        let table = self.pubsub.table_mut(topic);
        let name: Arc<[u8]> =
            table.get_key_value(name).map_or_else(|| name.into(), |(name, _)| Arc::clone(name));
        let clients = table.entry(Arc::clone(&name)).or_default();
        let is_first = clients.is_empty();
        clients.insert(session.key);
        subscriptions.names_bytes += name.len();
        subscriptions.of_mut(topic).insert(Arc::clone(&name));
        if !session.flags.contains(SessionFlags::SUBSCRIBED) {
            session.flags.insert(SessionFlags::SUBSCRIBED);
            self.pubsub.clients_count += 1;
        }
        if is_first {
            self.note_subscription(topic, &name, true);
        }
        true
    }

    /// End a client's subscription; false if there was none.
    pub fn unsubscribe(&mut self, session: &mut Session, topic: Topic, name: &[u8]) -> bool {
        let Some(subscriptions) = session.subscriptions.as_deref_mut() else { return false };
        if !subscriptions.of_mut(topic).remove(name) {
            return false;
        }
        subscriptions.names_bytes -= name.len();
        let table = self.pubsub.table_mut(topic);
        let mut was_last = false;
        if let Some(clients) = table.get_mut(name) {
            clients.swap_remove(&session.key);
            was_last = clients.is_empty();
            if was_last {
                table.swap_remove(name);
            }
        }
        if subscriptions.is_empty() {
            session.subscriptions = None;
            session.flags.remove(SessionFlags::SUBSCRIBED);
            self.pubsub.clients_count -= 1;
        }
        if was_last {
            self.note_subscription(topic, name, false);
        }
        true
    }

    /// End all of a client's subscriptions, without a word.
    pub fn unsubscribe_all(&mut self, session: &mut Session) {
        for topic in [Topic::Channel, Topic::Pattern, Topic::Shard] {
            let names = session.subscriptions.as_ref().map(|subscriptions| subscriptions.names(topic));
            for name in names.unwrap_or_default() {
                self.unsubscribe(session, topic, &name);
            }
        }
    }

    /// End the subscriptions to shard channels whose slots are served elsewhere now, and tell the clients.
    pub fn unsubscribe_lost_shards(&mut self) {
        let lost = |name: &&Arc<[u8]>| !self.topology.is_of_shard(key_slot(name));
        let lost: Vec<Arc<[u8]>> = self.pubsub.shards.keys().filter(lost).cloned().collect();
        for name in lost {
            let clients: Vec<ClientKey> =
                self.pubsub.shards.get(&name).into_iter().flatten().copied().collect();
            for key in clients {
                let Some(mut client) = self.clients.take(key) else { continue };
                self.unsubscribe(&mut client.session, Topic::Shard, &name);
                let count = client.session.subscriptions_len(Topic::Shard);
                let word = Topic::Shard.words().1;
                let push = Push::of_subscription(word, Some(&name), count, client.reply.protocol);
                self.clients.put(client);
                self.send_push(key, &push);
            }
        }
    }

    /// Send a message to the subscribers of a channel, and of patterns that match it; how many there are.
    pub fn publish(&mut self, channel: &[u8], message: &[u8]) -> usize {
        if !self.pubsub.has_listeners() {
            return 0;
        }
        let mut count = 0;
        if let Some(clients) = self.pubsub.channels.get(channel) {
            let push = Push::of_bulks(&[b"message", channel, message]);
            let clients: Vec<ClientKey> = clients.iter().copied().collect();
            count += self.send_to_all(&clients, &push);
        }
        let matching =
            self.pubsub.patterns.iter().filter(|(pattern, _)| glob::matches(pattern, channel, false));
        let matching: Vec<_> = matching
            .map(|(pattern, clients)| (Arc::clone(pattern), clients.iter().copied().collect::<Vec<_>>()))
            .collect();
        for (pattern, clients) in matching {
            let push = Push::of_bulks(&[b"pmessage", &pattern, channel, message]);
            count += self.send_to_all(&clients, &push);
        }
        count
    }

    /// Send a message to the subscribers of a shard channel; how many there are.
    pub fn publish_in_shard(&mut self, channel: &[u8], message: &[u8]) -> usize {
        let Some(clients) = self.pubsub.shards.get(channel) else { return 0 };
        let push = Push::of_bulks(&[b"smessage", channel, message]);
        let clients: Vec<ClientKey> = clients.iter().copied().collect();
        self.send_to_all(&clients, &push)
    }

    fn send_to_all(&mut self, clients: &[ClientKey], push: &Push) -> usize {
        for key in clients {
            self.send_push(*key, push);
        }
        clients.len()
    }

    /// Send a client a push, also one that has said CLIENT REPLY OFF. One that leaves too much unread is closed.
    pub fn send_push(&mut self, key: ClientKey, push: &Push) {
        let now_us = self.now.monotonic_us;
        let Some(client) = self.clients.get_mut(key) else {
            self.pubsub.pending.push((key, push.clone()));
            return;
        };
        if client.session.flags.contains(SessionFlags::KILLED) {
            return;
        }
        push.write(&mut client.reply);
        if client.is_over_output_limit(&self.config.output_limits, now_us) {
            self.kill_for_output(key);
        } else {
            self.clients.touch(key);
        }
    }

    /// Give a client whose command has run what was sent to it meanwhile.
    #[inline]
    pub fn deliver_pending(&mut self, session: &Session, reply: &mut Reply) {
        if !self.pubsub.pending.is_empty() {
            self.deliver_pending_to(session.key, reply);
        }
    }

    #[cold]
    fn deliver_pending_to(&mut self, key: ClientKey, reply: &mut Reply) {
        self.pubsub.pending.retain(|(client, push)| {
            let is_for_it = *client == key;
            if is_for_it {
                push.write(reply);
            }
            !is_for_it
        });
    }

    /// Give all clients what was sent to them while they were taken out of their places.
    pub fn deliver_all_pending(&mut self) {
        if self.pubsub.pending.is_empty() {
            return;
        }
        for (key, push) in std::mem::take(&mut self.pubsub.pending) {
            // One that is in no place now has been closed.
            if self.clients.get_mut(key).is_some() {
                self.send_push(key, &push);
            }
        }
    }
}
