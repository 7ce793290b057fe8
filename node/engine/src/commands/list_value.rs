//! Lists under their keys, in either of their forms.

use super::error::CommandError;
use crate::collections::list::packed::PackedList;
use crate::collections::list::{Element, Encoded, End, Fill, Iter, List};
use crate::collections::{Object, PACKED_BYTES_MAX};
use crate::keyspace::{Collection, HashedKey, Keys, NewExpiry, NewValue, Splice, ValueType};
use crate::memory::SlabAllocator;
use crate::server::Config;

/// An object that has become smaller than this is packed again: half of what a packed list may be, so that one that
/// grows and shrinks a little does not change its form every time.
const PACKED_AGAIN_BYTES_MAX: usize = PACKED_BYTES_MAX / 2;

/// A list, to be read.
#[derive(Clone, Copy)]
pub(super) enum ListRef<'a> {
    Packed(PackedList<'a>),
    Object(&'a List),
}

impl<'a> ListRef<'a> {
    /// The list that a collection is.
    #[inline]
    pub fn of(collection: Collection<'a>) -> Option<Self> {
        match collection {
            Collection::Packed { bytes, .. } => Some(Self::Packed(PackedList::new(bytes))),
            Collection::Object(object) => object.as_list().map(Self::Object),
        }
    }

    /// The list of a key, for a command that reads it.
    ///
    /// # Errors
    /// The key holds something else.
    #[inline]
    pub fn read(keys: &'a mut Keys<'_>, key: &HashedKey<'_>) -> Result<Option<Self>, CommandError> {
        Ok(keys.collection(key, ValueType::List)?.and_then(Self::of))
    }

    /// Number of elements.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            Self::Packed(list) => list.len(),
            Self::Object(list) => list.len(),
        }
    }

    /// The elements from `index` on, towards an end.
    #[inline]
    pub fn iter(self, index: usize, towards: End) -> Iter<'a> {
        match self {
            Self::Packed(list) => list.iter(index, towards),
            Self::Object(list) => list.iter(index, towards),
        }
    }
}

/// In which form a list was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Missing,
    Packed,
    Object,
}

/// A key's list, to be changed.
pub(super) struct ListEdit<'c, 'a> {
    keys: &'c mut Keys<'a>,
    key: HashedKey<'c>,
    fill: Fill,
    form: Form,
    len: usize,
    /// Whether something was done that may have made a large list a small one.
    may_be_small: bool,
}

impl<'c, 'a> ListEdit<'c, 'a> {
    /// The list of a key, or none yet.
    ///
    /// # Errors
    /// The key holds something else.
    #[inline]
    pub fn open(keys: &'c mut Keys<'a>, config: &Config, key: &HashedKey<'c>) -> Result<Self, CommandError> {
        let fill = Fill::new(config.packed.list_max_listpack_size);
        let (form, len) = match keys.collection_for_write(key, ValueType::List)?.and_then(ListRef::of) {
            None => (Form::Missing, 0),
            Some(list @ ListRef::Packed(_)) => (Form::Packed, list.len()),
            Some(list @ ListRef::Object(_)) => (Form::Object, list.len()),
        };
        Ok(Self { keys, key: *key, fill, form, len, may_be_small: false })
    }

    /// Number of elements; 0: there is no such key (any more).
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The list as it is now.
    pub fn get(&mut self) -> Option<ListRef<'_>> {
        match self.keys.peek(&self.key) {
            Some(entry) if self.form != Form::Missing => ListRef::of(entry.collection()),
            _ => None,
        }
    }

    #[inline]
    fn object(&mut self) -> Option<(&mut List, &mut SlabAllocator)> {
        self.keys.object_mut(&self.key)?.into_list()
    }

    /// Add elements at an end, one after the other; the key comes to be if there is none.
    #[inline]
    pub fn push(&mut self, end: End, values: &[&[u8]]) {
        let bytes = values.iter().map(|value| value.len()).sum();
        if self.form != Form::Object && !self.push_packed(end, values, bytes) {
            self.become_object();
        }
        let fill = self.fill;
        if self.form == Form::Object
            && let Some((list, slabs)) = self.object()
        {
            list.prepare_to_grow(fill, bytes, values.len());
            values.iter().for_each(|value| list.push(slabs, end, value));
        }
        self.len += values.len();
    }

    /// Add elements to a packed list, or make one; false if it would not be a packed one any more.
    fn push_packed(&mut self, end: End, values: &[&[u8]], bytes: usize) -> bool {
        // Values are hardly shorter when encoded, so that this spares the work for those that do not fit anyway.
        if bytes > PACKED_BYTES_MAX * 3 || !self.stays_packed(bytes, values.len()) {
            return false;
        }
        let single;
        let pieces;
        let mut joined = Vec::new();
        let encoded: &[&[u8]] = if let [value] = values {
            single = Encoded::new(value);
            pieces = single.pieces();
            &pieces
        } else {
            let mut add = |value: &&[u8]| {
                Encoded::new(value).pieces().iter().for_each(|piece| joined.extend_from_slice(piece));
            };
            match end {
                End::Left => values.iter().rev().for_each(&mut add),
                End::Right => values.iter().for_each(&mut add),
            }
            pieces = [&joined, &[], &[]];
            &pieces
        };
        self.insert_packed(end, encoded, values.len())
    }

    /// Put encoded elements at an end of a packed list; false if it would become too long.
    fn insert_packed(&mut self, end: End, encoded: &[&[u8]], count: usize) -> bool {
        let old_bytes = match self.get() {
            Some(ListRef::Packed(list)) => list.bytes().len(),
            _ => 0,
        };
        let added: usize = encoded.iter().map(|piece| piece.len()).sum();
        let Ok(new_len) = u16::try_from(self.len + count) else { return false };
        if old_bytes.max(PackedList::COUNT_BYTES) + added > PACKED_BYTES_MAX {
            return false;
        }
        let count = new_len.to_le_bytes();
        if self.form == Form::Missing {
            let bytes = [&count, encoded.concat().as_slice()].concat();
            self.set_packed(&bytes, NewExpiry::None);
            return true;
        }
        match end {
            End::Left => {
                let mut insert: [&[u8]; 4] = [&count, &[], &[], &[]];
                insert[1..=encoded.len()].copy_from_slice(encoded);
                self.splice(0, PackedList::COUNT_BYTES, &insert);
            }
            End::Right => {
                self.splice(old_bytes, 0, encoded);
                self.splice(0, PackedList::COUNT_BYTES, &[&count]);
            }
        }
        true
    }

    /// Whether a list that is not an object yet is still small with some elements more.
    fn stays_packed(&mut self, bytes: usize, count: usize) -> bool {
        let fill = self.fill;
        match self.get() {
            Some(ListRef::Packed(list)) => !list.would_exceed(fill, bytes, count),
            Some(ListRef::Object(_)) => false,
            None => !PackedList::EMPTY.would_exceed(fill, bytes, count),
        }
    }

    /// Let the list, or one that comes to be, be an object.
    fn become_object(&mut self) {
        let (elements, count) = match self.get() {
            Some(ListRef::Packed(list)) => (list.elements().to_vec(), list.len()),
            Some(ListRef::Object(_)) => return,
            None => (Vec::new(), 0),
        };
        let expiry = if self.form == Form::Missing { NewExpiry::None } else { NewExpiry::Keep };
        let mut database = self.keys.database_mut();
        let list = List::of(database.workshop().0, &elements, count);
        database.set(&self.key, NewValue::Object(Box::new(Object::List(list))), expiry);
        self.form = Form::Object;
    }

    /// Get ready for an element of `bytes` to be taken in, as every command does before it knows whether it will be.
    pub fn make_room(&mut self, bytes: usize) {
        if self.form == Form::Packed && !self.stays_packed(bytes, 1) {
            self.become_object();
        }
        let fill = self.fill;
        if self.form == Form::Object
            && let Some((list, _)) = self.object()
        {
            list.prepare_to_grow(fill, bytes, 1);
        }
    }

    /// Insert an element beside the one at `index`, on one side of it, after [`make_room`](Self::make_room).
    pub fn insert(&mut self, index: usize, side: End, value: &[u8]) {
        let encoded = Encoded::new(value);
        if self.can_splice(encoded.size()) {
            let index = index + usize::from(side == End::Right);
            if let Some(at) = self.packed_place(index) {
                self.splice(at, 0, &encoded.pieces());
                let count = ((self.len + 1) as u16).to_le_bytes();
                self.splice(0, PackedList::COUNT_BYTES, &[&count]);
            }
        } else if let Some((list, slabs)) = self.object() {
            list.insert(slabs, index, side, value);
        }
        self.len += 1;
    }

    /// Put an element into the place of the one at `index`, which is below `len()`, after
    /// [`make_room`](Self::make_room).
    pub fn replace(&mut self, index: usize, value: &[u8]) {
        let encoded = Encoded::new(value);
        if self.can_splice(encoded.size()) {
            if let (Some(from), Some(to)) = (self.packed_place(index), self.packed_place(index + 1)) {
                self.splice(from, to - from, &encoded.pieces());
            }
        } else if let Some((list, slabs)) = self.object() {
            list.replace(slabs, index, value);
            self.may_be_small = true;
        }
    }

    /// Whether the list is packed and stays so with `added` bytes more; if not, it is an object afterwards.
    fn can_splice(&mut self, added: usize) -> bool {
        if let Some(ListRef::Packed(list)) = self.get() {
            let fits = list.bytes().len() + added <= PACKED_BYTES_MAX && list.len() < usize::from(u16::MAX);
            if !fits {
                self.become_object();
            }
            return fits;
        }
        false
    }

    /// Where in the bytes of a packed list an element begins, or the last one ends.
    fn packed_place(&mut self, index: usize) -> Option<usize> {
        match self.get() {
            Some(ListRef::Packed(list)) => Some(list.place_of(index)),
            _ => None,
        }
    }

    /// Remove `count` elements from `start` on, which lie within the list, after showing them to `visit`, towards an
    /// end. The key goes with its last element. To be followed by [`settle`](Self::settle).
    #[inline]
    pub fn remove_range(&mut self, start: usize, count: usize, towards: End, visit: impl FnMut(Element<'_>)) {
        if count == 0 {
            return;
        }
        let first = if towards == End::Right { start } else { start + count - 1 };
        self.len -= count;
        if self.form == Form::Object && self.len > 0 {
            return self.cut_object(start, count, |list| {
                list.iter(first, towards).take(count).for_each(visit);
            });
        }
        let Some(list) = self.get() else { return };
        list.iter(first, towards).take(count).for_each(visit);
        if self.len == 0 {
            self.keys.remove(&self.key);
            self.form = Form::Missing;
        } else if let (Some(from), Some(to)) = (self.packed_place(start), self.packed_place(start + count)) {
            let left = (self.len as u16).to_le_bytes();
            if start == 0 {
                self.splice(0, to, &[&left]);
            } else {
                self.splice(from, to - from, &[]);
                self.splice(0, PackedList::COUNT_BYTES, &[&left]);
            }
        }
    }

    #[inline]
    fn cut_object(&mut self, start: usize, count: usize, last_look: impl FnOnce(&List)) {
        let Some((list, slabs)) = self.object() else { return };
        last_look(list);
        let taken = list.remove_range(slabs, start, count);
        self.may_be_small = list.is_one_node();
        if !taken.is_empty() {
            self.keys.keyspace.discard(Object::List(taken));
        }
    }

    /// Remove the elements with a value, `limit` of them at most, those nearest to an end; returns how many. The key
    /// goes with its last element. To be followed by [`settle`](Self::settle).
    pub fn remove_equal(&mut self, value: &[u8], from: End, limit: usize) -> usize {
        self.may_be_small = true;
        let removed = if self.form == Form::Object {
            self.object().map_or(0, |(list, slabs)| list.remove_equal(slabs, value, from, limit))
        } else {
            self.remove_equal_packed(value, from, limit)
        };
        self.len -= removed;
        if self.len == 0 {
            self.keys.remove(&self.key);
            self.form = Form::Missing;
        }
        removed
    }

    fn remove_equal_packed(&mut self, value: &[u8], from: End, limit: usize) -> usize {
        let Some(ListRef::Packed(list)) = self.get() else { return 0 };
        let (kept, removed) = list.without(&Encoded::new(value), from, limit);
        let old_bytes = list.bytes().len();
        if removed > 0 {
            let count = ((self.len - removed) as u16).to_le_bytes();
            self.splice(0, old_bytes, &[&count, &kept]);
        }
        removed
    }

    /// After elements were removed or exchanged: let a list that has become small say so, and pack it.
    #[inline]
    pub fn settle(&mut self) {
        if self.form != Form::Object || !self.may_be_small {
            return;
        }
        let fill = self.fill;
        let Some((list, _)) = self.object() else { return };
        list.settle_after_shrinking(fill);
        let Some((elements, count)) = list.listpack_elements() else { return };
        if elements.len() < PACKED_AGAIN_BYTES_MAX {
            let bytes = [&(count as u16).to_le_bytes(), elements].concat();
            self.set_packed(&bytes, NewExpiry::Keep);
        }
    }

    fn set_packed(&mut self, bytes: &[u8], expiry: NewExpiry) {
        let value = NewValue::Packed { value_type: ValueType::List, bytes, flag: false };
        self.keys.database_mut().set(&self.key, value, expiry);
        self.form = Form::Packed;
    }

    #[inline]
    fn splice(&mut self, at: usize, remove: usize, insert: &[&[u8]]) {
        self.keys.splice(&self.key, Splice { at, remove, insert });
    }
}
