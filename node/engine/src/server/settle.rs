//! After a command, and after what happens by itself: telling those who want to know what has changed.

use super::Server;
use super::changes::{Change, EventClass};
use crate::keyspace::{Effect, HashedKey, Keyspace};

impl Server {
    /// Tell of everything that has changed since the last time; `keyspace` is as the changes left it.
    #[inline]
    pub fn settle(&mut self, keyspace: &mut Keyspace) {
        if !self.changes.is_empty() || !keyspace.effects.is_empty() {
            self.tell_changes(keyspace);
        }
    }

    #[inline(never)]
    fn tell_changes(&mut self, keyspace: &mut Keyspace) {
        // What went unasked went before the command could change anything in its place.
        for effect in std::mem::take(&mut keyspace.effects) {
            match effect {
                Effect::Expired { db, key } => {
                    self.key_changed(db, EventClass::EXPIRED, "expired", &keyspace.hash_key(&key));
                }
                Effect::Evicted { db, key } => {
                    self.key_changed(db, EventClass::EVICTED, "evicted", &keyspace.hash_key(&key));
                }
                Effect::FieldsExpired { db, key, emptied } => {
                    let key = keyspace.hash_key(&key);
                    self.key_changed(db, EventClass::HASH, "hexpired", &key);
                    if emptied {
                        self.notify(db, EventClass::GENERIC, "del", key.bytes);
                    }
                }
                Effect::Missed { db, key } => self.notify(db, EventClass::KEY_MISS, "keymiss", &key),
            }
        }
        let mut changes = self.changes.take();
        for change in changes.drain(..) {
            match change {
                Change::Key { name, class, event, altered: true } => {
                    self.key_changed(name.db, class, event, &name.hashed());
                }
                Change::Key { name, class, event, altered: false } => {
                    self.notify(name.db, class, event, &name.bytes);
                }
                Change::Flushed { db } => self.database_changed(keyspace, db),
                Change::Swapped { first, second } => {
                    self.database_changed(keyspace, first);
                    self.database_changed(keyspace, second);
                }
            }
        }
        self.changes.give_back(changes);
        self.set_effects_recorded(keyspace);
    }

    fn key_changed(&mut self, db: usize, class: EventClass, event: &str, key: &HashedKey<'_>) {
        self.watches.touch(db, key);
        self.blocking.touch(db, key);
        self.notify(db, class, event, key.bytes);
    }

    /// A database was emptied or exchanged for another.
    fn database_changed(&mut self, keyspace: &Keyspace, db: usize) {
        let now_ms = self.now.unix_ms();
        self.watches.touch_all(db, |name| {
            keyspace.database(db).find(&name.hashed()).is_some_and(|entry| !entry.is_expired(now_ms))
        });
        self.blocking.touch_all(db);
    }
}
