//! A small hash, taken out of its entry to be changed: name, value, name, value, in the order in which fields came.

use super::{Field, HashLimits, HashObject, HashView};
use crate::collections::{Object, packed};
use crate::keyspace::{KeyHasher, PackedForm, ValueType};
use crate::memory::SlabAllocator;

/// A packed hash in a buffer. Its fields do not expire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedHash {
    bytes: Vec<u8>,
    /// Whether OBJECT ENCODING says `hashtable`.
    hashtable: bool,
}

impl PackedForm for PackedHash {
    const VALUE_TYPE: ValueType = ValueType::Hash;

    fn unpack(bytes: &[u8], flag: bool) -> Self {
        Self { bytes: bytes.to_vec(), hashtable: flag }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn flag(&self) -> bool {
        self.hashtable
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn to_object(&self, slabs: &mut SlabAllocator, hasher: &KeyHasher) -> Object {
        let mut object = HashObject::new(hasher, !self.hashtable);
        for Field { name, value, .. } in pairs(&self.bytes) {
            object.insert(slabs, name, value);
        }
        Object::Hash(object)
    }
}

impl PackedHash {
    /// An empty hash.
    pub fn new() -> Self {
        Self::default()
    }

    /// Let OBJECT ENCODING say `hashtable` from now on.
    pub fn say_hashtable(&mut self) {
        self.hashtable = true;
    }

    /// The hash, to be read.
    #[inline]
    pub fn view(&self) -> HashView<'_> {
        HashView::of_packed(&self.bytes)
    }

    /// Set a field; true if it is new.
    pub fn put(&mut self, name: &[u8], value: &[u8], limits: &HashLimits) -> bool {
        self.hashtable |= limits.is_long(name, value);
        let count = match packed::find(&self.bytes, name, 2) {
            Ok(found) => {
                let old = packed::element_at(&self.bytes, found.end).expect("a value follows every name");
                let places = old.start..old.end;
                replace_value(&mut self.bytes, places, value);
                return false;
            }
            Err(count) => count,
        };
        packed::push(&mut self.bytes, name);
        packed::push(&mut self.bytes, value);
        self.hashtable |= count >= limits.entries;
        true
    }

    /// Remove a field; false if there is none.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let Ok(found) = packed::find(&self.bytes, name, 2) else { return false };
        let old = packed::element_at(&self.bytes, found.end).expect("a value follows every name");
        let places = found.start..old.end;
        self.bytes.drain(places);
        true
    }
}

fn replace_value(bytes: &mut Vec<u8>, places: std::ops::Range<usize>, value: &[u8]) {
    let prefix = crate::collections::length::Prefix::new(value.len());
    let prefix = prefix.as_bytes();
    if places.len() == prefix.len() + value.len() {
        bytes[places.start..places.start + prefix.len()].copy_from_slice(prefix);
        bytes[places.start + prefix.len()..places.end].copy_from_slice(value);
    } else {
        bytes.splice(places, prefix.iter().chain(value).copied());
    }
}

/// The value of a field of a packed hash.
#[inline]
pub(super) fn get<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let found = packed::find(bytes, name, 2).ok()?;
    packed::element_at(bytes, found.end).map(|value| value.bytes)
}

/// The fields of a packed hash.
#[inline]
pub(super) fn pairs(bytes: &[u8]) -> Pairs<'_> {
    Pairs(packed::elements(bytes))
}

/// Iterator over the fields of a packed hash.
#[derive(Clone, Debug)]
pub struct Pairs<'a>(packed::Elements<'a>);

impl<'a> Iterator for Pairs<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let name = self.0.next()?.bytes;
        let value = self.0.next()?.bytes;
        Some(Field { name, value, expiry_ms: None })
    }
}
