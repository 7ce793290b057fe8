//! Sorted sets under their keys, in either of their forms.

use super::error::CommandError;
use crate::collections::length::Prefix;
use crate::collections::sorted_set::packed::{self, PackedScore};
use crate::collections::sorted_set::{Direction, IndexIter, Place, ScoredMember, SortedSet};
use crate::collections::{Object, PACKED_BYTES_MAX};
use crate::keyspace::{Collection, HashedKey, Keys, NewExpiry, NewValue, Splice, ValueType};
use crate::memory::SlabAllocator;
use crate::server::Config;

/// A sorted set, to be read.
#[derive(Clone, Copy)]
pub(super) enum ZsetRef<'a> {
    Packed(&'a [u8]),
    Object(&'a SortedSet),
}

impl<'a> ZsetRef<'a> {
    /// The sorted set that a collection is.
    #[inline]
    pub fn of(collection: Collection<'a>) -> Option<Self> {
        match collection {
            Collection::Packed { bytes, .. } => Some(Self::Packed(bytes)),
            Collection::Object(object) => object.as_sorted_set().map(Self::Object),
        }
    }

    /// The sorted set of a key, for a command that reads it.
    ///
    /// # Errors
    /// The key holds something else.
    #[inline]
    pub fn read(keys: &'a mut Keys<'_>, key: &HashedKey<'_>) -> Result<Option<Self>, CommandError> {
        Ok(keys.collection(key, ValueType::SortedSet)?.and_then(Self::of))
    }

    /// Number of members.
    pub fn len(self) -> usize {
        match self {
            Self::Packed(bytes) => packed::count(bytes),
            Self::Object(set) => set.len(),
        }
    }

    /// Whether it says "skiplist".
    pub fn is_skiplist(self) -> bool {
        matches!(self, Self::Object(set) if set.skiplist)
    }

    /// The score of a member.
    #[inline]
    pub fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            Self::Packed(bytes) => packed::find(bytes, member).map(|found| found.scored.score),
            Self::Object(set) => set.score(member),
        }
    }

    /// Number of members before a place.
    pub fn rank(self, place: &Place<'_>) -> usize {
        match self {
            Self::Packed(bytes) => packed::locate(bytes, place).0,
            Self::Object(set) => set.rank(place),
        }
    }

    /// The members from `rank` on.
    pub fn iter(self, rank: usize, direction: Direction) -> ZsetIter<'a> {
        match (self, direction) {
            (Self::Packed(bytes), Direction::Up) => {
                let mut members = packed::members(bytes);
                if rank > 0 {
                    members.nth(rank - 1);
                }
                ZsetIter::Packed(members)
            }
            (Self::Packed(bytes), Direction::Down) => {
                let members: Vec<_> =
                    packed::members(bytes).take(rank + 1).map(|found| found.scored).collect();
                ZsetIter::Reversed(members.into_iter().rev())
            }
            (Self::Object(set), _) => ZsetIter::Object(set.iter(rank, direction)),
        }
    }
}

/// Iterator over the members of a sorted set.
pub(super) enum ZsetIter<'a> {
    Packed(packed::PackedMembers<'a>),
    Reversed(std::iter::Rev<std::vec::IntoIter<ScoredMember<'a>>>),
    Object(IndexIter<'a>),
}

impl<'a> Iterator for ZsetIter<'a> {
    type Item = ScoredMember<'a>;

    #[inline]
    fn next(&mut self) -> Option<ScoredMember<'a>> {
        match self {
            Self::Packed(members) => members.next().map(|found| found.scored),
            Self::Reversed(members) => members.next(),
            Self::Object(members) => members.next(),
        }
    }
}

/// Up to where a sorted set says "listpack".
#[derive(Clone, Copy)]
pub(super) struct ZsetLimits {
    pub entries: usize,
    pub value_bytes: usize,
}

impl ZsetLimits {
    /// What the settings say.
    pub fn of(config: &Config) -> Self {
        Self {
            entries: usize::try_from(config.packed.zset_max_listpack_entries).unwrap_or(0),
            value_bytes: usize::try_from(config.packed.zset_max_listpack_value).unwrap_or(usize::MAX),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Missing,
    Packed,
    Object,
}

/// A key's sorted set, to be changed.
pub(super) struct ZsetEdit<'c, 'a> {
    keys: &'c mut Keys<'a>,
    key: HashedKey<'c>,
    limits: ZsetLimits,
    form: Form,
}

impl<'c, 'a> ZsetEdit<'c, 'a> {
    /// The sorted set of a key, or none yet.
    ///
    /// # Errors
    /// The key holds something else.
    #[inline]
    pub fn open(keys: &'c mut Keys<'a>, config: &Config, key: &HashedKey<'c>) -> Result<Self, CommandError> {
        let form = match keys.collection_for_write(key, ValueType::SortedSet)? {
            None => Form::Missing,
            Some(Collection::Packed { .. }) => Form::Packed,
            Some(Collection::Object(_)) => Form::Object,
        };
        Ok(Self { keys, key: *key, limits: ZsetLimits::of(config), form })
    }

    /// Whether there is no such key (any more).
    pub fn is_missing(&self) -> bool {
        self.form == Form::Missing
    }

    /// The sorted set as it is now.
    pub fn get(&mut self) -> Option<ZsetRef<'_>> {
        match self.keys.peek(&self.key) {
            Some(entry) if self.form != Form::Missing => ZsetRef::of(entry.collection()),
            _ => None,
        }
    }

    #[inline]
    fn object(&mut self) -> Option<(&mut SortedSet, &mut SlabAllocator)> {
        self.keys.object_mut(&self.key)?.into_sorted_set()
    }

    /// Get ready for `count` members to be added, of which one has `value_bytes`: a set that would not stay small says
    /// "skiplist" even if they turn out to be in it already.
    pub fn expect(&mut self, count: usize, value_bytes: usize) {
        let exceeds = count > self.limits.entries
            || (self.form == Form::Missing && value_bytes > self.limits.value_bytes);
        if exceeds {
            self.become_skiplist();
        }
    }

    /// Let a member have the score that `decide`, told the present one, says; `None` leaves things as they are.
    #[inline]
    pub fn update(&mut self, member: &[u8], decide: impl FnOnce(Option<f64>) -> Option<f64>) {
        if self.form != Form::Object {
            return self.update_packed(member, decide);
        }
        let limits = self.limits;
        let Some((set, slabs)) = self.object() else { return };
        let len = set.len();
        let skiplist = set.skiplist;
        let mut is_new = false;
        set.update(slabs, member, |old| {
            is_new = old.is_none();
            // What Redis's listpack holds has no negative zero.
            decide(old).map(|score| if skiplist { score } else { score + 0.0 })
        });
        if is_new && set.len() > len && (set.len() > limits.entries || member.len() > limits.value_bytes) {
            set.skiplist = true;
        }
    }

    fn update_packed(&mut self, member: &[u8], decide: impl FnOnce(Option<f64>) -> Option<f64>) {
        let limits = self.limits;
        let bytes = match self.get() {
            Some(ZsetRef::Packed(bytes)) => bytes,
            _ => &[],
        };
        let mut count = 0;
        let found =
            packed::members(bytes).inspect(|_| count += 1).find(|found| found.scored.member == member);
        let Some(score) = decide(found.map(|found| found.scored.score)) else { return };
        // What Redis's listpack holds has no negative zero.
        let new = ScoredMember { score: score + 0.0, member };
        let place = packed::locate(bytes, &Place::At(new)).1;
        let old = found.map(|found| (found.start, found.end));
        let old_bytes = bytes.len();
        if old.is_none() && (count + 1 > limits.entries || member.len() > limits.value_bytes) {
            self.become_skiplist();
            return self.insert_into_object(ScoredMember { score, member });
        }
        let (score, length) = (PackedScore::new(new.score), Prefix::new(member.len()));
        let insert = [score.as_bytes(), length.as_bytes(), member];
        let added: usize = insert.iter().map(|piece| piece.len()).sum();
        match old {
            _ if old_bytes + added > PACKED_BYTES_MAX => {
                self.become_object(false);
                self.insert_into_object(new);
            }
            None if self.form == Form::Missing => self.create_packed(&insert.concat()),
            None => self.splice(place, 0, &insert),
            Some((start, end)) if (start..=end).contains(&place) => self.splice(start, end - start, &insert),
            Some((start, end)) if place < start => {
                self.splice(start, end - start, &[]);
                self.splice(place, 0, &insert);
            }
            Some((start, end)) => {
                self.splice(place, 0, &insert);
                self.splice(start, end - start, &[]);
            }
        }
    }

    fn insert_into_object(&mut self, new: ScoredMember<'_>) {
        if let Some((set, slabs)) = self.object() {
            set.update(slabs, new.member, |_| Some(new.score));
        }
    }

    fn create_packed(&mut self, bytes: &[u8]) {
        let value = NewValue::Packed { value_type: ValueType::SortedSet, bytes, flag: false };
        self.keys.database_mut().set(&self.key, value, NewExpiry::None);
        self.form = Form::Packed;
    }

    #[inline]
    fn splice(&mut self, at: usize, remove: usize, insert: &[&[u8]]) {
        self.keys.splice(&self.key, Splice { at, remove, insert });
    }

    /// Say "skiplist" from now on, however small the set is.
    pub fn become_skiplist(&mut self) {
        if self.form == Form::Object {
            if let Some((set, _)) = self.object() {
                set.skiplist = true;
            }
        } else {
            self.become_object(true);
        }
    }

    /// Let a packed set, or one that comes to be, be an object.
    fn become_object(&mut self, skiplist: bool) {
        let bytes = match self.get() {
            Some(ZsetRef::Packed(bytes)) => bytes.to_vec(),
            _ => Vec::new(),
        };
        let mut database = self.keys.database_mut();
        let (slabs, hasher) = database.workshop();
        let mut set = SortedSet::new(hasher, skiplist);
        packed::members(&bytes).for_each(|found| set.insert(slabs, found.scored));
        let expiry = if self.form == Form::Missing { NewExpiry::None } else { NewExpiry::Keep };
        database.set(&self.key, NewValue::Object(Box::new(Object::SortedSet(set))), expiry);
        self.form = Form::Object;
    }

    /// Remove a member; false if it is not there. To be followed by [`close`](Self::close).
    pub fn remove(&mut self, member: &[u8]) -> bool {
        if self.form == Form::Object {
            return self.object().is_some_and(|(set, slabs)| set.remove(slabs, member).is_some());
        }
        let found = match self.get() {
            Some(ZsetRef::Packed(bytes)) => packed::find(bytes, member).map(|found| (found.start, found.end)),
            _ => None,
        };
        if let Some((start, end)) = found {
            self.splice(start, end - start, &[]);
        }
        found.is_some()
    }

    /// Remove `count` members from `rank` on, which there must be, after showing each to `visit`, in this direction. To
    /// be followed by [`close`](Self::close).
    pub fn remove_range(
        &mut self,
        rank: usize,
        count: usize,
        direction: Direction,
        mut visit: impl FnMut(ScoredMember<'_>),
    ) {
        if count == 0 {
            return;
        }
        if self.form == Form::Object {
            if let Some((set, slabs)) = self.object() {
                set.remove_range(slabs, rank, count, direction, visit);
            }
            return;
        }
        let Some(set) = self.get() else { return };
        let ZsetRef::Packed(bytes) = set else { return };
        let first = if direction == Direction::Up { rank } else { rank + count - 1 };
        set.iter(first, direction).take(count).for_each(&mut visit);
        let mut removed = packed::members(bytes).skip(rank).take(count);
        let Some(start) = removed.next() else { return };
        let end = removed.last().unwrap_or(start).end;
        let start = start.start;
        self.splice(start, end - start, &[]);
    }

    /// After members were removed: let a key go with its last member; returns whether it is gone.
    pub fn close(&mut self) -> bool {
        let empty = match self.get() {
            Some(ZsetRef::Packed(bytes)) => bytes.is_empty(),
            Some(ZsetRef::Object(set)) => set.is_empty(),
            None => false,
        };
        if empty {
            self.keys.remove(&self.key);
            self.form = Form::Missing;
        }
        empty
    }
}
