//! A large collection of any type.

use super::list::List;
use super::sorted_set::SortedSet;
use super::stream::Stream;
use super::{HashObject, SetObject};
use crate::keyspace::{KeyHasher, ValueType};
use crate::memory::SlabAllocator;

/// A collection too large to lie in its key's entry. Dropping one leaks its blocks: empty it with
/// [`Object::free_step`] first.
#[derive(Debug)]
pub enum Object {
    List(List),
    Stream(Box<Stream>),
    Hash(HashObject),
    Set(SetObject),
    SortedSet(SortedSet),
}

/// An object to be changed, with what that takes.
pub struct ObjectMut<'a> {
    pub object: &'a mut Object,
    pub slabs: &'a mut SlabAllocator,
    /// Hashes members, keyed as keys are.
    pub hasher: &'a KeyHasher,
}

impl Object {
    /// What TYPE says.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::List(_) => ValueType::List,
            Self::Stream(_) => ValueType::Stream,
            Self::Hash(_) => ValueType::Hash,
            Self::Set(_) => ValueType::Set,
            Self::SortedSet(_) => ValueType::SortedSet,
        }
    }

    /// Number of members; of a stream, also what its groups have pending.
    pub fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Stream(stream) => stream.len(),
            Self::Hash(hash) => hash.len(),
            Self::Set(set) => set.len(),
            Self::SortedSet(set) => set.len(),
        }
    }

    /// Whether there are no members; such an object is not kept under a key, unless it is a stream.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What OBJECT ENCODING says.
    pub fn encoding_name(&self) -> &'static str {
        match self {
            Self::List(list) if list.is_quicklist() => "quicklist",
            Self::List(_) => "listpack",
            Self::Stream(_) => "stream",
            Self::Hash(hash) if hash.says_listpack() => "listpack",
            Self::Hash(_) => "hashtable",
            Self::Set(set) => set.encoding().name(),
            Self::SortedSet(set) if set.skiplist => "skiplist",
            Self::SortedSet(_) => "listpack",
        }
    }

    /// Number of fields that expire, if it is a hash.
    pub fn volatile_fields(&self) -> usize {
        match self {
            Self::Hash(hash) => hash.volatile_len(),
            _ => 0,
        }
    }

    /// Bytes of memory it takes beside the enum itself.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Self::List(list) => list.memory_bytes() - size_of_val(list),
            Self::Stream(stream) => stream.memory_bytes(),
            Self::Hash(hash) => hash.memory_bytes() - size_of_val(hash),
            Self::Set(set) => set.memory_bytes() - size_of_val(set),
            Self::SortedSet(set) => set.memory_bytes() - size_of_val(set),
        }
    }

    /// A copy that shares nothing with it.
    pub fn duplicate(&self, slabs: &mut SlabAllocator, _hasher: &KeyHasher) -> Self {
        match self {
            Self::List(list) => Self::List(list.duplicate(slabs)),
            Self::Stream(stream) => Self::Stream(stream.clone()),
            Self::Hash(hash) => Self::Hash(hash.duplicate(slabs)),
            Self::Set(set) => Self::Set(set.duplicate(slabs)),
            Self::SortedSet(set) => Self::SortedSet(set.duplicate(slabs)),
        }
    }

    /// Free up to `budget` members; true when none is left, and nothing that they lay in.
    pub fn free_step(&mut self, slabs: &mut SlabAllocator, budget: usize) -> bool {
        match self {
            Self::List(list) => list.free_step(slabs, budget),
            Self::Stream(stream) => stream.free_step(budget),
            Self::Hash(hash) => hash.free_step(slabs, budget),
            Self::Set(set) => set.free_step(slabs, budget),
            Self::SortedSet(set) => set.free_step(slabs, budget),
        }
    }

    /// The sorted set that it is.
    #[inline]
    pub fn as_sorted_set(&self) -> Option<&SortedSet> {
        match self {
            Self::SortedSet(set) => Some(set),
            _ => None,
        }
    }

    /// The list that it is.
    #[inline]
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }
}

impl<'a> ObjectMut<'a> {
    /// The list that it is, and what its nodes lie in.
    #[inline]
    pub fn into_list(self) -> Option<(&'a mut List, &'a mut SlabAllocator)> {
        match self.object {
            Object::List(list) => Some((list, self.slabs)),
            _ => None,
        }
    }

    /// The sorted set that it is, and what its records lie in.
    #[inline]
    pub fn into_sorted_set(self) -> Option<(&'a mut SortedSet, &'a mut SlabAllocator)> {
        match self.object {
            Object::SortedSet(set) => Some((set, self.slabs)),
            _ => None,
        }
    }

    /// The hash and the allocator; panics if the object is of another type.
    #[inline]
    pub fn hash(&mut self) -> (&mut HashObject, &mut SlabAllocator) {
        match &mut *self.object {
            Object::Hash(hash) => (hash, self.slabs),
            other => panic!("a hash was asked for where there is {other:?}"),
        }
    }

    /// The set and the allocator; panics if the object is of another type.
    #[inline]
    pub fn set(&mut self) -> (&mut SetObject, &mut SlabAllocator) {
        match &mut *self.object {
            Object::Set(set) => (set, self.slabs),
            other => panic!("a set was asked for where there is {other:?}"),
        }
    }
}
