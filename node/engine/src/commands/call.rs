//! One command while it runs.

use super::error::CommandError;
use super::spec::CommandSpec;
use crate::clock::Now;
use crate::keyspace::{HashedKey, Keys};
use crate::resp::{Args, Reply, parse_i64};
use crate::server::{EventClass, Server, Session};
use crate::slot::SlotIndex;

/// A command either wrote its reply, or gives the error to write.
pub type CommandResult = Result<(), CommandError>;

/// A command's first key, hashed before the command runs.
#[derive(Clone, Copy, Debug)]
pub struct FirstKey {
    pub index: usize,
    pub slot: SlotIndex,
    pub hash: u64,
}

/// What a handler works with. The fields are borrowed apart, so that a value found in `keys` can be written to `reply`.
pub struct Call<'a> {
    pub spec: &'static CommandSpec,
    /// The arguments, the command's name at 0 (a container's subcommand at 1).
    pub args: Args<'a>,
    /// The selected database; look keys up here, so that expiry and access are seen to.
    pub keys: Keys<'a>,
    pub reply: &'a mut Reply,
    pub session: &'a mut Session,
    pub server: &'a mut Server,
    /// The time as of this batch of requests.
    pub now: Now,
    /// In a cluster, the slot that all keys of the command share.
    pub slot: Option<SlotIndex>,
    /// The first key's hashes; take keys from [`Call::key`], which knows.
    pub first_key: Option<FirstKey>,
    /// Number of changes made to the data, as [`Call::changed`] counts them; a write command that leaves it at 0
    /// changed nothing.
    pub dirty: u64,
}

impl<'a> Call<'a> {
    /// The key in argument `index`, hashed.
    #[inline]
    pub fn key(&self, index: usize) -> HashedKey<'a> {
        let bytes = self.args.get(index);
        match self.first_key {
            Some(first) if first.index == index => HashedKey { bytes, slot: first.slot, hash: first.hash },
            _ => self.hash_key(bytes),
        }
    }

    /// True while the client has yet to say the password.
    pub fn is_unauthenticated(&self) -> bool {
        self.server.is_unauthenticated(self.session)
    }

    /// A key of this command, hashed.
    #[inline]
    pub fn hash_key(&self, bytes: &'a [u8]) -> HashedKey<'a> {
        match self.slot {
            Some(slot) => self.keys.key_in_slot(bytes, slot),
            None => self.keys.key(bytes),
        }
    }

    /// Tell that a key was changed: every command does, once for each key and event.
    #[inline]
    pub fn changed(&mut self, class: EventClass, event: &'static str, key: &HashedKey<'_>) {
        self.changed_in(self.keys.db, class, event, key);
    }

    /// The same in another database than the selected one.
    #[inline]
    pub fn changed_in(&mut self, db: usize, class: EventClass, event: &'static str, key: &HashedKey<'_>) {
        self.dirty += 1;
        self.server.changes.note(db, class, event, key);
    }

    /// Tell of a second event of a change that was counted already, such as the expiry of a value just stored.
    #[inline]
    pub fn noted(&mut self, class: EventClass, event: &'static str, key: &HashedKey<'_>) {
        self.server.changes.note(self.keys.db, class, event, key);
    }

    /// Count a change that leaves what the key holds as it was to those who watch it or wait for it, and tell of it.
    #[inline]
    pub fn told(&mut self, class: EventClass, event: &'static str, key: &HashedKey<'_>) {
        self.dirty += 1;
        self.server.changes.note_unaltered(self.keys.db, class, event, key);
    }

    /// Count a change that has no event to be published, and tell those who watch the key.
    #[inline]
    pub fn altered(&mut self, key: &HashedKey<'_>) {
        self.changed(EventClass::empty(), "", key);
    }

    /// Argument `index` as an integer.
    ///
    /// # Errors
    /// Redis's `value is not an integer or out of range`.
    #[inline]
    pub fn integer(&self, index: usize) -> Result<i64, CommandError> {
        parse_i64(self.args.get(index)).ok_or(CommandError::NOT_AN_INTEGER)
    }

    /// True when argument `index` is this word, in upper or lower case.
    #[inline]
    pub fn is_word(&self, index: usize, word: &str) -> bool {
        self.args.get(index).eq_ignore_ascii_case(word.as_bytes())
    }
}
