//! A large set.

use super::{MemberRecord, SetEncoding, SetLimits};
use crate::clock::Rng;
use crate::collections::{RecordTable, Records};
use crate::keyspace::KeyHasher;
use crate::memory::SlabAllocator;

/// A set of records in slabs; integers are kept as text.
pub struct SetObject {
    members: RecordTable<MemberRecord>,
    encoding: SetEncoding,
}

impl SetObject {
    /// An empty set.
    pub fn new(hasher: &KeyHasher, encoding: SetEncoding) -> Self {
        Self { members: RecordTable::new(hasher), encoding }
    }

    /// Number of members.
    #[inline]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no members.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(&self) -> SetEncoding {
        self.encoding
    }

    /// Let OBJECT ENCODING say something else from now on.
    pub fn set_encoding(&mut self, encoding: SetEncoding) {
        self.encoding = encoding;
    }

    /// Bytes of memory in use.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() - size_of_val(&self.members) + self.members.memory_bytes()
    }

    /// Whether this is a member.
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        self.members.contains(member)
    }

    /// All members.
    #[inline]
    pub fn records(&self) -> Records<'_, MemberRecord> {
        self.members.iter()
    }

    /// The member at `rank` of the table's order.
    pub fn nth(&self, rank: usize) -> Option<&[u8]> {
        self.members.nth(rank)
    }

    /// A member, each with the same chance; `None` if there is none.
    pub fn random(&self, rng: &mut Rng) -> Option<&[u8]> {
        self.members.random(rng)
    }

    /// One step of a scan, see [`RecordTable::scan`].
    pub fn scan<'a>(&'a self, cursor: u64, count: usize, visit: impl FnMut(&'a [u8])) -> u64 {
        self.members.scan(cursor, count, visit)
    }

    /// Add what is not a member yet, without a look at the encoding.
    pub fn insert(&mut self, slabs: &mut SlabAllocator, member: &[u8]) {
        self.members.insert(slabs, member);
    }

    /// Add a member; false if it is there already.
    #[inline]
    pub fn add(&mut self, slabs: &mut SlabAllocator, member: &[u8], limits: &SetLimits) -> bool {
        let new = self.members.insert_if_missing(slabs, member);
        if new && self.encoding != SetEncoding::HashTable {
            let others = self.len() - 1;
            let widest =
                || self.members.iter().filter(|other| *other != member).map(<[u8]>::len).max().unwrap_or(0);
            self.encoding = self.encoding.with(member, others, widest, limits);
        }
        new
    }

    /// Remove a member; false if there is none.
    #[inline]
    pub fn remove(&mut self, slabs: &mut SlabAllocator, member: &[u8]) -> bool {
        self.members.remove(slabs, member)
    }

    /// A copy that shares nothing with it.
    pub fn duplicate(&self, slabs: &mut SlabAllocator) -> Self {
        Self { members: self.members.duplicate(slabs), encoding: self.encoding }
    }

    /// Free up to `budget` members; true when none is left.
    pub fn free_step(&mut self, slabs: &mut SlabAllocator, budget: usize) -> bool {
        self.members.free_step(slabs, budget)
    }
}

impl std::fmt::Debug for SetObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SetObject({} members, {})", self.len(), self.encoding.name())
    }
}
