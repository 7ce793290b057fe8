//! A small set, taken out of its entry to be changed.
//!
//! Its first byte tells what follows: 0 the members in the order in which they came, another number an integer set,
//! see [`intset`].

use super::{Member, SetEncoding, SetLimits, SetObject, SetView, intset};
use crate::collections::{Object, packed};
use crate::keyspace::{KeyHasher, PackedForm, ValueType};
use crate::memory::SlabAllocator;
use crate::resp::parse_i64;

/// The first byte of a set of members that may be anything.
pub(super) const MEMBERS: u8 = 0;

/// A packed set in a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedSet {
    bytes: Vec<u8>,
    /// Whether OBJECT ENCODING says `hashtable`.
    hashtable: bool,
}

/// What OBJECT ENCODING says of a packed set.
pub fn packed_encoding(bytes: &[u8], hashtable: bool) -> SetEncoding {
    match (hashtable, bytes.first()) {
        (true, _) => SetEncoding::HashTable,
        (false, Some(&MEMBERS)) => SetEncoding::ListPack,
        (false, _) => SetEncoding::IntSet,
    }
}

impl PackedForm for PackedSet {
    const VALUE_TYPE: ValueType = ValueType::Set;

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
        self.bytes.len() == 1
    }

    fn to_object(&self, slabs: &mut SlabAllocator, hasher: &KeyHasher) -> Object {
        Object::Set(self.to_set_object(slabs, hasher))
    }
}

impl PackedSet {
    /// An empty set.
    pub fn new(encoding: SetEncoding) -> Self {
        let bytes = if encoding == SetEncoding::IntSet { intset::EMPTY.to_vec() } else { vec![MEMBERS] };
        Self { bytes, hashtable: encoding == SetEncoding::HashTable }
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(&self) -> SetEncoding {
        packed_encoding(&self.bytes, self.hashtable)
    }

    /// Let OBJECT ENCODING say something else from now on: what is no integer set can't become one.
    pub fn set_encoding(&mut self, encoding: SetEncoding) {
        if self.holds_integers() && encoding != SetEncoding::IntSet {
            let mut bytes = vec![MEMBERS];
            let mut digits = itoa::Buffer::new();
            self.view().members().for_each(|member| packed::push(&mut bytes, member.text(&mut digits)));
            self.bytes = bytes;
        }
        self.hashtable = encoding == SetEncoding::HashTable;
    }

    /// The set, to be read.
    pub fn view(&self) -> SetView<'_> {
        SetView::of_packed(&self.bytes)
    }

    /// The same set as a structure.
    pub(super) fn to_set_object(&self, slabs: &mut SlabAllocator, hasher: &KeyHasher) -> SetObject {
        let mut object = SetObject::new(hasher, self.encoding());
        let mut digits = itoa::Buffer::new();
        self.view().members().for_each(|member| object.insert(slabs, member.text(&mut digits)));
        object
    }

    fn holds_integers(&self) -> bool {
        self.bytes[0] != MEMBERS
    }

    /// Add a member; false if it is there already.
    pub fn add(&mut self, member: &[u8], limits: &SetLimits) -> bool {
        if self.holds_integers() {
            let value = parse_i64(member);
            if value.is_some_and(|value| intset::contains(&self.bytes, value)) {
                return false;
            }
            let count = intset::len(&self.bytes);
            let encoding = SetEncoding::IntSet.with(member, count, || widest(&self.bytes), limits);
            match value {
                Some(value) if encoding == SetEncoding::IntSet => {
                    return intset::insert(&mut self.bytes, value);
                }
                Some(value) => {
                    // It becomes a hash table when the integer is in its place.
                    intset::insert(&mut self.bytes, value);
                    self.set_encoding(encoding);
                }
                None => {
                    self.set_encoding(encoding);
                    packed::push(&mut self.bytes, member);
                }
            }
            return true;
        }
        let Err(count) = packed::find(&self.bytes[1..], member, 1) else { return false };
        self.hashtable = self.encoding().with(member, count, || 0, limits) == SetEncoding::HashTable;
        packed::push(&mut self.bytes, member);
        true
    }

    /// Remove a member; false if there is none.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        if self.holds_integers() {
            return parse_i64(member).is_some_and(|value| intset::remove(&mut self.bytes, value));
        }
        let Ok(found) = packed::find(&self.bytes[1..], member, 1) else { return false };
        self.bytes.drain(1 + found.start..1 + found.end);
        true
    }

    /// Remove the members at these ranks, which increase, after showing each to `visit`.
    pub fn take_ranks(&mut self, ranks: &[usize], mut visit: impl FnMut(Member<'_>)) {
        let mut left = Self { bytes: vec![self.bytes[0]], hashtable: self.hashtable };
        let mut ranks = ranks.iter().copied().peekable();
        for (rank, member) in self.view().members().enumerate() {
            if ranks.next_if_eq(&rank).is_some() {
                visit(member);
                continue;
            }
            match member {
                Member::Text(text) => packed::push(&mut left.bytes, text),
                Member::Int(value) => {
                    let width = usize::from(self.bytes[0]);
                    left.bytes.extend_from_slice(&value.to_le_bytes()[..width]);
                }
            }
        }
        *self = left;
    }
}

/// Digits of the longest integer of an integer set.
fn widest(set: &[u8]) -> usize {
    let digits = |index| itoa::Buffer::new().format(intset::get(set, index)).len();
    match intset::len(set) {
        0 => 0,
        count => digits(0).max(digits(count - 1)),
    }
}
