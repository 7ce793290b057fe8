//! A set of either form, to be read.

use super::packed_set::MEMBERS;
use super::{MemberRecord, SetEncoding, SetObject, intset, packed_encoding};
use crate::collections::{Object, Records, packed};
use crate::keyspace::Collection;
use crate::resp::parse_i64;

/// A member of a set, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member<'a> {
    Text(&'a [u8]),
    Int(i64),
}

impl<'a> Member<'a> {
    /// The member's bytes; those of an integer are written to `digits`.
    #[inline]
    pub fn text<'b>(self, digits: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::Text(text) => text,
            Self::Int(value) => digits.format(value).as_bytes(),
        }
    }

    /// The member as an integer, if it is one in canonical form.
    pub fn integer(self) -> Option<i64> {
        match self {
            Self::Text(text) => parse_i64(text),
            Self::Int(value) => Some(value),
        }
    }
}

/// A set as it lies in the keyspace.
#[derive(Clone, Copy, Debug)]
pub enum SetView<'a> {
    /// An integer set.
    Ints(&'a [u8]),
    /// A packed sequence.
    Members(&'a [u8]),
    Object(&'a SetObject),
}

impl<'a> SetView<'a> {
    /// The view of a set; panics if the collection is of another type.
    #[inline]
    pub fn new(collection: Collection<'a>) -> Self {
        match collection {
            Collection::Packed { bytes, .. } => Self::of_packed(bytes),
            Collection::Object(Object::Set(set)) => Self::Object(set),
            Collection::Object(_) => panic!("a view of a set is made of sets only"),
        }
    }

    #[inline]
    pub(super) fn of_packed(bytes: &'a [u8]) -> Self {
        if bytes[0] == MEMBERS { Self::Members(&bytes[1..]) } else { Self::Ints(bytes) }
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        match self {
            Self::Ints(set) => intset::len(set),
            Self::Members(bytes) => packed::count(bytes),
            Self::Object(set) => set.len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is a member.
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        match self {
            Self::Ints(set) => parse_i64(member).is_some_and(|value| intset::contains(set, value)),
            Self::Members(bytes) => packed::find(bytes, member, 1).is_ok(),
            Self::Object(set) => set.contains(member),
        }
    }

    /// Whether a member of another set is one of this too.
    #[inline]
    pub fn shares(&self, member: Member<'_>) -> bool {
        match (self, member) {
            (Self::Ints(set), Member::Int(value)) => intset::contains(set, value),
            _ => self.contains(member.text(&mut itoa::Buffer::new())),
        }
    }

    /// All members; integers by size, those of a small set in the order in which they came.
    #[inline]
    pub fn members(&self) -> Members<'a> {
        match *self {
            Self::Ints(set) => Members::Ints { set, index: 0 },
            Self::Members(bytes) => Members::Packed(packed::elements(bytes)),
            Self::Object(set) => Members::Object(set.records()),
        }
    }

    /// The member at `rank`, `rank < len()`, of some order.
    pub fn nth(&self, rank: usize) -> Option<Member<'a>> {
        match *self {
            Self::Ints(set) => (rank < intset::len(set)).then(|| Member::Int(intset::get(set, rank))),
            Self::Members(bytes) => packed::nth(bytes, rank).map(|element| Member::Text(element.bytes)),
            Self::Object(set) => set.nth(rank).map(Member::Text),
        }
    }

    /// One step of SSCAN: visits about `count` members from `cursor` on, or all of them if the set is small, and
    /// returns the next cursor, 0 at the end.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Member<'a>)) -> u64 {
        match self {
            Self::Object(set) if set.encoding() == SetEncoding::HashTable => {
                set.scan(cursor, count, |member| visit(Member::Text(member)))
            }
            _ => {
                self.members().for_each(visit);
                0
            }
        }
    }
}

/// What OBJECT ENCODING says of a set in the keyspace; panics if the collection is of another type.
pub fn encoding_of(collection: Collection<'_>) -> SetEncoding {
    match collection {
        Collection::Packed { bytes, flag } => packed_encoding(bytes, flag),
        Collection::Object(Object::Set(set)) => set.encoding(),
        Collection::Object(_) => panic!("the encoding of a set is asked of sets only"),
    }
}

/// Iterator over the members of a set.
pub enum Members<'a> {
    Ints { set: &'a [u8], index: usize },
    Packed(packed::Elements<'a>),
    Object(Records<'a, MemberRecord>),
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        match self {
            Self::Ints { set, index } => {
                let value = (*index < intset::len(set)).then(|| Member::Int(intset::get(set, *index)));
                *index += 1;
                value
            }
            Self::Packed(elements) => elements.next().map(|element| Member::Text(element.bytes)),
            Self::Object(records) => records.next().map(Member::Text),
        }
    }
}
