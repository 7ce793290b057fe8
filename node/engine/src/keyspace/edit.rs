//! Several changes to one collection, whatever its form.

use super::hasher::KeyHasher;
use super::keys::Keys;
use super::value::{Collection, HashedKey, NewExpiry, NewValue, Splice, ValueType, WrongType};
use crate::collections::{Object, ObjectMut, PACKED_BYTES_MAX};
use crate::memory::SlabAllocator;

/// A small collection in a buffer of its own.
pub trait PackedForm {
    /// What TYPE says.
    const VALUE_TYPE: ValueType;

    /// The collection as it lies in an entry.
    fn unpack(bytes: &[u8], flag: bool) -> Self;

    /// The bytes for the entry, and its flag.
    fn bytes(&self) -> &[u8];
    fn flag(&self) -> bool;

    /// Whether there are no members.
    fn is_empty(&self) -> bool;

    /// The same collection as a structure.
    fn to_object(&self, slabs: &mut SlabAllocator, hasher: &KeyHasher) -> Object;
}

/// A collection being changed: a small one in a buffer, until [`Edit::finish`]; a large one where it lies.
///
/// Dropping an edit forgets the changes to a small collection; those to a large one are made.
pub struct Edit<'k, 'a, P> {
    key: HashedKey<'k>,
    form: Form<'k, P>,
    /// Present while the collection is in a buffer.
    keys: Option<&'k mut Keys<'a>>,
    /// Length of the packed bytes in the entry, if there is one.
    packed_bytes: Option<usize>,
}

/// What is being changed.
pub enum Form<'k, P> {
    Packed(P),
    Object(ObjectMut<'k>),
}

impl<'k, 'a, P: PackedForm> Edit<'k, 'a, P> {
    /// Begin to change the collection under a key; a missing one is `new`.
    ///
    /// # Errors
    /// The key holds something else.
    #[inline]
    pub fn begin(
        keys: &'k mut Keys<'a>,
        key: HashedKey<'k>,
        new: impl FnOnce() -> P,
    ) -> Result<Self, WrongType> {
        let (packed, packed_bytes) = match keys.collection_for_write(&key, P::VALUE_TYPE)? {
            None => (Some(new()), None),
            Some(Collection::Packed { bytes, flag }) => (Some(P::unpack(bytes, flag)), Some(bytes.len())),
            Some(Collection::Object(_)) => (None, None),
        };
        Ok(match packed {
            Some(packed) => Self { key, form: Form::Packed(packed), keys: Some(keys), packed_bytes },
            None => Self { key, form: Form::Object(object_of(keys, &key)), keys: None, packed_bytes: None },
        })
    }

    /// The collection, to be changed.
    #[inline]
    pub fn form(&mut self) -> &mut Form<'k, P> {
        &mut self.form
    }

    /// Turn a collection into a structure if its buffer has become too long; to be called after every change.
    #[inline]
    pub fn settle(&mut self) {
        if let Form::Packed(packed) = &self.form
            && packed.bytes().len() > PACKED_BYTES_MAX
        {
            self.promote();
        }
    }

    /// Turn a collection into a structure; the key must be there, or the collection not be empty.
    #[cold]
    pub fn promote(&mut self) {
        let (Form::Packed(packed), Some(keys)) = (&self.form, self.keys.take()) else { return };
        let mut database = keys.database_mut();
        let (slabs, hasher) = database.workshop();
        let object = Box::new(packed.to_object(slabs, hasher));
        let expiry = if self.packed_bytes.is_some() { NewExpiry::Keep } else { NewExpiry::None };
        database.set(&self.key, NewValue::Object(object), expiry);
        self.form = Form::Object(object_of(keys, &self.key));
    }

    /// Store what was changed; true if the collection is empty now, so that its key is to be removed.
    #[inline]
    pub fn finish(self) -> bool {
        let packed = match self.form {
            Form::Object(object) => return object.object.is_empty(),
            Form::Packed(packed) => packed,
        };
        if packed.is_empty() {
            return true;
        }
        let Some(keys) = self.keys else { return false };
        let mut database = keys.database_mut();
        let bytes = packed.bytes();
        match self.packed_bytes {
            None => {
                let value = NewValue::Packed { value_type: P::VALUE_TYPE, bytes, flag: packed.flag() };
                database.set(&self.key, value, NewExpiry::None);
            }
            Some(remove) => {
                database.splice(&self.key, Splice { at: 0, remove, insert: &[bytes] });
                database.set_flag(&self.key, packed.flag());
            }
        }
        false
    }
}

fn object_of<'k>(keys: &'k mut Keys<'_>, key: &HashedKey<'_>) -> ObjectMut<'k> {
    keys.object_mut(key).expect("the key was found to hold an object")
}
