//! A hash of either form, to be read.

use super::packed_hash::{Pairs, get, pairs};
use super::{Field, HashObject};
use crate::collections::{Object, Records, packed};
use crate::keyspace::Collection;

/// A hash as it lies in the keyspace, at one moment: fields whose time is over are not there, except where it says so.
#[derive(Clone, Copy, Debug)]
pub struct HashView<'a> {
    form: Form<'a>,
    now_ms: i64,
}

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    Packed(&'a [u8]),
    Object(&'a HashObject),
}

impl<'a> HashView<'a> {
    /// The view of a hash; panics if the collection is of another type.
    #[inline]
    pub fn new(collection: Collection<'a>, now_ms: i64) -> Self {
        let form = match collection {
            Collection::Packed { bytes, .. } => Form::Packed(bytes),
            Collection::Object(Object::Hash(hash)) => Form::Object(hash),
            Collection::Object(_) => panic!("a view of a hash is made of hashes only"),
        };
        Self { form, now_ms }
    }

    /// The view of a packed hash.
    pub(super) fn of_packed(bytes: &'a [u8]) -> Self {
        Self { form: Form::Packed(bytes), now_ms: 0 }
    }

    /// Whether fields lie in a table, which finds them by rank at once.
    pub fn is_large(&self) -> bool {
        matches!(self.form, Form::Object(_))
    }

    /// Number of fields, those included whose time is over and that are still to be removed.
    pub fn len(&self) -> usize {
        match self.form {
            Form::Packed(bytes) => packed::count(bytes) / 2,
            Form::Object(hash) => hash.len(),
        }
    }

    /// Whether there are no fields at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A field.
    #[inline]
    pub fn field(&self, name: &[u8]) -> Option<Field<'a>> {
        match self.form {
            Form::Packed(bytes) => get(bytes, name).map(|value| Field { name: &[], value, expiry_ms: None }),
            Form::Object(hash) => hash.field(name, self.now_ms),
        }
    }

    /// The value of a field.
    #[inline]
    pub fn value(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.field(name).map(|field| field.value)
    }

    /// Whether `len` may count fields whose time is over.
    #[inline]
    pub fn may_have_expired(&self) -> bool {
        match self.form {
            Form::Packed(_) => false,
            Form::Object(hash) => hash.may_have_expired(self.now_ms),
        }
    }

    /// All fields; in the order in which they came if the hash is small.
    #[inline]
    pub fn fields(&self) -> Fields<'a> {
        match self.form {
            Form::Packed(bytes) => Fields::Packed(pairs(bytes)),
            Form::Object(hash) => {
                Fields::Object { records: hash.records(), now_ms: self.now_ms, all: !self.may_have_expired() }
            }
        }
    }

    /// The field at `rank`, `rank < len()`, of some order; `None` if its time is over.
    pub fn nth(&self, rank: usize) -> Option<Field<'a>> {
        match self.form {
            Form::Packed(bytes) => pairs(bytes).nth(rank),
            Form::Object(hash) => hash.nth(rank).filter(|field| !field.is_expired(self.now_ms)),
        }
    }

    /// One step of HSCAN: visits about `count` fields from `cursor` on, or all of them if the hash is small, and
    /// returns the next cursor, 0 at the end.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Field<'a>)) -> u64 {
        match self.form {
            Form::Object(hash) if !hash.says_listpack() => hash.scan(cursor, count, |field| {
                if !field.is_expired(self.now_ms) {
                    visit(field);
                }
            }),
            _ => {
                self.fields().for_each(visit);
                0
            }
        }
    }
}

/// Iterator over the fields of a hash.
pub enum Fields<'a> {
    Packed(Pairs<'a>),
    /// `all`: no field's time is over.
    Object {
        records: Records<'a, super::FieldRecord>,
        now_ms: i64,
        all: bool,
    },
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        match self {
            Self::Packed(pairs) => pairs.next(),
            Self::Object { records, now_ms, all } => records.find(|field| *all || !field.is_expired(*now_ms)),
        }
    }
}
