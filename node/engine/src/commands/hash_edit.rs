//! How commands reach hashes.

use super::edited::Edited;
use super::error::CommandError;
use crate::collections::{Field, HashLimits, HashView, PackedHash};
use crate::keyspace::{Edit, Form, HashedKey, Keys, NewExpiry, ValueType};
use crate::server::Config;

/// The hash under a key, to be read.
///
/// # Errors
/// WRONGTYPE if the key holds something else.
#[inline]
pub(super) fn read_hash<'k>(
    keys: &'k mut Keys<'_>,
    key: &HashedKey<'_>,
) -> Result<Option<HashView<'k>>, CommandError> {
    let now_ms = keys.field_now_ms();
    let collection = keys.collection(key, ValueType::Hash)?;
    Ok(collection.map(|collection| HashView::new(collection, now_ms)))
}

/// The hash under a key, to be changed; a missing one is empty. After [`HashEdit::finish`] comes
/// [`end_edit`](super::edited::end_edit).
pub(super) struct HashEdit<'k, 'a> {
    edit: Edit<'k, 'a, PackedHash>,
    limits: HashLimits,
    now_ms: i64,
}

impl<'k, 'a> HashEdit<'k, 'a> {
    /// Begin to change a hash.
    ///
    /// # Errors
    /// WRONGTYPE if the key holds something else.
    #[inline]
    pub fn begin(keys: &'k mut Keys<'a>, key: HashedKey<'k>, config: &Config) -> Result<Self, CommandError> {
        let now_ms = keys.field_now_ms();
        let limits = HashLimits {
            entries: config.packed.hash_max_listpack_entries as usize,
            value_bytes: config.packed.hash_max_listpack_value as usize,
        };
        Ok(Self { edit: Edit::begin(keys, key, PackedHash::new)?, limits, now_ms })
    }

    /// Prepare for this number of fields, counted before it is known which of them are new.
    pub fn expect_fields(&mut self, count: usize) {
        if count > self.limits.entries {
            match self.edit.form() {
                Form::Packed(hash) => hash.say_hashtable(),
                Form::Object(object) => object.hash().0.say_hashtable(),
            }
        }
    }

    /// A field.
    #[inline]
    pub fn field(&mut self, name: &[u8]) -> Option<Field<'_>> {
        let now_ms = self.now_ms;
        match self.edit.form() {
            Form::Packed(hash) => hash.view().field(name),
            Form::Object(object) => object.hash().0.field(name, now_ms),
        }
    }

    /// Set a field; true if it is new. An expiry asked for is not in the past.
    #[inline]
    pub fn put(&mut self, name: &[u8], value: &[u8], expiry: NewExpiry) -> bool {
        if let NewExpiry::At(_) = expiry {
            self.edit.promote();
        }
        match self.edit.form() {
            Form::Packed(hash) => {
                let new = hash.put(name, value, &self.limits);
                self.edit.settle();
                new
            }
            Form::Object(object) => {
                let (hash, slabs) = object.hash();
                hash.put(slabs, name, value, expiry, &self.limits, self.now_ms)
            }
        }
    }

    /// Remove a field; false if there is none.
    #[inline]
    pub fn remove(&mut self, name: &[u8]) -> bool {
        match self.edit.form() {
            Form::Packed(hash) => hash.remove(name),
            Form::Object(object) => {
                let (hash, slabs) = object.hash();
                hash.remove(slabs, name, self.now_ms)
            }
        }
    }

    /// Let a field expire at a Unix time in milliseconds, or never; false if there is none.
    pub fn set_expiry(&mut self, name: &[u8], expiry_ms: Option<i64>) -> bool {
        if self.field(name).is_none() {
            return false;
        }
        if expiry_ms.is_some() {
            self.edit.promote();
        }
        match self.edit.form() {
            // Nothing in a packed hash expires.
            Form::Packed(_) => true,
            Form::Object(object) => {
                let (hash, slabs) = object.hash();
                hash.set_expiry(slabs, name, expiry_ms, self.now_ms)
            }
        }
    }

    /// Store what was changed.
    #[inline]
    #[must_use]
    pub fn finish(mut self) -> Edited {
        let expires = match self.edit.form() {
            Form::Packed(_) => false,
            Form::Object(object) => object.object.volatile_fields() > 0,
        };
        match self.edit.finish() {
            true => Edited::Emptied,
            false if expires => Edited::WithExpiries,
            false => Edited::Filled,
        }
    }
}
