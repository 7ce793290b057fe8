//! Clients that wait for keys, and in which order they are served.
//!
//! A command that finds nothing to take ends with `Call::wait_for_keys` (`commands/blocking.rs`). Its request stays where
//! it came in. When one of its keys is changed (the handler that changes it says so with `call.changed`, as for every
//! change), the command is run again from its beginning: right after the command or the transaction that made the
//! change, and before any other. If it ends with `wait_for_keys` again, it goes on waiting in its old place until its
//! old deadline. So those who wait for a key are served in the order in which they came.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Server;
use super::clients::ClientKey;
use super::key_table::{KeyName, KeyTable};
use super::session::{Session, SessionFlags, Waiting};
use crate::keyspace::{HashedKey, ValueType};

/// Which state of a changed key is worth running a waiting command again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitedFor {
    /// The key holds a value of this type.
    pub value_type: ValueType,
    /// Also when the key is gone, or holds something else: the command has an error to answer then.
    pub or_gone: bool,
}

/// How a wait ends that has brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Its time is over, or CLIENT UNBLOCK says so.
    TimedOut,
    /// By CLIENT UNBLOCK ... ERROR.
    Error,
}

/// What a waiting client keeps until its command has been answered.
#[derive(Debug)]
pub struct Blocked {
    /// Its place in the order of arrival.
    ticket: u64,
    pub keys: Vec<KeyName>,
    /// On the monotonic clock, in microseconds; `None`: it waits for ever.
    pub deadline_us: Option<u64>,
    /// Numbers that the command found when it ran first and needs again, such as the ends of streams.
    pub memo: Box<[u64]>,
    waited_for: WaitedFor,
    /// CLIENT UNBLOCK has ended the wait, and the client has yet to be told.
    released: bool,
}

/// Who waits for a key.
#[derive(Debug, Default)]
struct KeyQueue {
    /// By ticket: in order of arrival. A waiter among ten thousand leaves as easily as one alone.
    waiters: BTreeMap<u64, Waiter>,
    or_gone_count: usize,
    /// The key is in [`Blocking::ready`].
    ready: bool,
}

/// One of those who wait for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    pub ticket: u64,
    pub client: ClientKey,
    pub waited_for: WaitedFor,
}

/// All waiting clients.
#[derive(Debug, Default)]
pub struct Blocking {
    last_ticket: u64,
    keys: KeyTable<KeyQueue>,
    /// Keys that somebody wants to be told the end of.
    or_gone_keys_count: usize,
    /// By the clients' ids.
    clients: HashMap<u64, ClientKey>,
    /// Deadlines, with the clients' ids.
    deadlines: BTreeSet<(u64, u64)>,
    /// Keys that were changed, in order.
    ready: Vec<KeyName>,
    /// Clients whose wait has been ended.
    released: Vec<(ClientKey, Release)>,
}

impl Blocking {
    /// Number of waiting clients.
    pub fn clients_len(&self) -> usize {
        self.clients.len()
    }

    /// Number of waiting clients that will not wait for ever.
    pub fn deadlines_len(&self) -> usize {
        self.deadlines.len()
    }

    /// Number of keys that are waited for.
    pub fn keys_len(&self) -> usize {
        self.keys.len()
    }

    /// Number of keys whose end is waited for as well.
    pub fn or_gone_keys_len(&self) -> usize {
        self.or_gone_keys_count
    }

    /// The client with this id, if it waits.
    pub fn client(&self, id: u64) -> Option<ClientKey> {
        self.clients.get(&id).copied()
    }

    /// All waiting clients.
    pub fn clients(&self) -> impl Iterator<Item = ClientKey> {
        self.clients.values().copied()
    }

    /// Whether somebody may have to be served or told that the wait is over.
    #[inline]
    pub fn has_work(&self) -> bool {
        !self.ready.is_empty() || !self.released.is_empty()
    }

    /// The next deadline, on the monotonic clock in microseconds.
    #[inline]
    pub fn next_deadline_us(&self) -> Option<u64> {
        self.deadlines.first().map(|(deadline_us, _)| *deadline_us)
    }

    /// Take the next client whose deadline has come.
    pub fn pop_due(&mut self, now_us: u64) -> Option<ClientKey> {
        let (deadline_us, id) = *self.deadlines.first()?;
        if deadline_us > now_us {
            return None;
        }
        self.deadlines.pop_first();
        self.client(id)
    }

    /// Have a client's wait ended, by the reactor, when the running command is over.
    pub fn release(&mut self, client: ClientKey, release: Release) {
        self.released.push((client, release));
    }

    /// The clients whose waits are to be ended.
    pub fn take_released(&mut self) -> Vec<(ClientKey, Release)> {
        std::mem::take(&mut self.released)
    }

    /// A key was changed or removed.
    #[inline]
    pub fn touch(&mut self, db: usize, key: &HashedKey<'_>) {
        if let Some((name, queue)) = self.keys.get_mut(db, key)
            && !queue.ready
        {
            queue.ready = true;
            self.ready.push(name.clone());
        }
    }

    /// Any key of a database may have been changed.
    pub fn touch_all(&mut self, db: usize) {
        for (name, queue) in self.keys.iter_mut().filter(|(name, queue)| name.db == db && !queue.ready) {
            queue.ready = true;
            self.ready.push(name.clone());
        }
    }

    /// The keys that were changed.
    pub fn take_ready(&mut self) -> Vec<KeyName> {
        let ready = std::mem::take(&mut self.ready);
        for name in &ready {
            if let Some((_, queue)) = self.keys.get_mut(name.db, &name.hashed()) {
                queue.ready = false;
            }
        }
        ready
    }

    /// Who waits for a key next after the waiter with this ticket.
    pub fn waiter_after(&self, name: &KeyName, ticket: u64) -> Option<Waiter> {
        let queue = self.keys.get(name.db, &name.hashed())?;
        queue.waiters.range(ticket + 1..).next().map(|(_, waiter)| *waiter)
    }

    /// Whether anybody wants to be told the end of a key.
    pub fn is_end_wanted(&self, name: &KeyName) -> bool {
        self.keys.get(name.db, &name.hashed()).is_some_and(|queue| queue.or_gone_count > 0)
    }
}

/// What a command waits for.
#[derive(Debug)]
pub struct Wait<'k> {
    pub db: usize,
    pub keys: Vec<HashedKey<'k>>,
    pub waited_for: WaitedFor,
    pub deadline_us: Option<u64>,
    pub memo: Box<[u64]>,
}

impl Server {
    /// Let the client whose command is running wait.
    pub fn begin_wait(&mut self, session: &mut Session, wait: Wait<'_>) {
        session.waiting = Waiting::Keys;
        let blocking = &mut self.blocking;
        blocking.last_ticket += 1;
        let ticket = blocking.last_ticket;
        let Wait { db, keys, waited_for, deadline_us, memo } = wait;
        let mut names = Vec::with_capacity(keys.len());
        for key in keys {
            let (name, queue, made) = blocking.keys.get_or_insert(db, &key, KeyQueue::default);
            let waiter = Waiter { ticket, client: session.key, waited_for };
            // A key that is named twice is waited for once.
            if queue.waiters.insert(ticket, waiter).is_none() {
                queue.or_gone_count += usize::from(waited_for.or_gone);
                blocking.or_gone_keys_count += usize::from(waited_for.or_gone && queue.or_gone_count == 1);
                names.push(name.clone());
            }
            if made {
                self.changes.want_key(key.hash);
            }
        }
        blocking.clients.insert(session.id, session.key);
        blocking.deadlines.extend(deadline_us.map(|deadline_us| (deadline_us, session.id)));
        session.flags.insert(SessionFlags::WAITED);
        session.blocked =
            Some(Box::new(Blocked { ticket, keys: names, deadline_us, memo, waited_for, released: false }));
    }

    /// End a client's wait.
    pub fn end_wait(&mut self, session: &mut Session) {
        session.flags.remove(SessionFlags::WAITED);
        if let Some(blocked) = session.blocked.take() {
            self.forget_wait(session.id, &blocked);
        }
    }

    /// Forget that a client waits.
    pub(super) fn forget_wait(&mut self, id: u64, blocked: &Blocked) {
        let blocking = &mut self.blocking;
        for name in &blocked.keys {
            let key = name.hashed();
            let Some((_, queue)) = blocking.keys.get_mut(name.db, &key) else { continue };
            queue.waiters.remove(&blocked.ticket);
            queue.or_gone_count -= usize::from(blocked.waited_for.or_gone);
            blocking.or_gone_keys_count -=
                usize::from(blocked.waited_for.or_gone && queue.or_gone_count == 0);
            if queue.waiters.is_empty() {
                blocking.keys.remove(name.db, &key);
                self.changes.unwant_key(name.hash);
            }
        }
        blocking.clients.remove(&id);
        if let Some(deadline_us) = blocked.deadline_us {
            blocking.deadlines.remove(&(deadline_us, id));
        }
    }

    /// Have the wait of the client with this id ended; false if it does not wait for keys, or not any more.
    pub fn release(&mut self, id: u64, release: Release) -> bool {
        let Some(key) = self.blocking.client(id) else { return false };
        let Some(client) = self.clients.get_mut(key) else { return false };
        if client.session.waiting != Waiting::Keys {
            return false;
        }
        let waits = client
            .session
            .blocked
            .as_mut()
            .is_some_and(|blocked| !std::mem::replace(&mut blocked.released, true));
        if waits {
            self.blocking.release(key, release);
        }
        waits
    }
}
