//! Nodes: stretches of a list's elements, each in a block of memory with room at both ends.

use std::ptr::NonNull;

use super::element::{Encoded, first, first_size, listpack_bytes, place_of};
use super::limits::LISTPACK_OVERHEAD_BYTES;
use crate::memory::SlabAllocator;

/// The smallest block of a node that may grow.
const CAPACITY_MIN: usize = 64;
/// A node below this doubles its block when it needs a larger one; beyond it grows by a quarter.
const DOUBLED_BYTES_MAX: usize = 4096;

/// Some elements, at least one except while it is being filled. It owns a block of the allocator that is passed in,
/// always the same; a node that is dropped without [`Node::free`] leaks it.
pub struct Node {
    block: NonNull<u8>,
    capacity: u32,
    /// The elements lie from `start` to `end` in the block.
    start: u32,
    end: u32,
    count: u32,
    /// What the elements would take in a listpack; with `PLAIN` set, the length of the only one.
    listpack: u32,
}

/// In `Node::listpack`: the node is for one large element alone.
const PLAIN: u32 = 1 << 31;

impl Node {
    /// An empty node with room for `bytes`.
    pub fn new(slabs: &mut SlabAllocator, bytes: usize) -> Self {
        let capacity = SlabAllocator::usable_bytes(bytes.max(CAPACITY_MIN));
        let block = slabs.allocate(capacity);
        Self { block, capacity: to_u32(capacity), start: 0, end: 0, count: 0, listpack: 0 }
    }

    /// A node with one element; `plain` says that it is to stay alone.
    pub fn with(slabs: &mut SlabAllocator, element: &Encoded<'_>, length: usize, plain: bool) -> Self {
        let mut node = Self::new(slabs, element.size());
        node.insert(slabs, 0, element);
        if plain {
            node.listpack = PLAIN | to_u32(length);
        }
        node
    }

    /// A node with the elements of a sequence.
    pub fn of(slabs: &mut SlabAllocator, elements: &[u8], count: usize) -> Self {
        let mut node = Self::new(slabs, elements.len());
        node.splice(slabs, 0, 0, &[elements]);
        node.count = to_u32(count);
        node.listpack = to_u32(listpack_bytes(elements));
        node
    }

    /// The elements.
    #[inline]
    pub fn elements(&self) -> &[u8] {
        // SAFETY: the block's bytes from `start` to `end` are initialised, and not changed while `self` is borrowed.
        unsafe {
            std::slice::from_raw_parts(
                self.block.as_ptr().add(self.start as usize),
                (self.end - self.start) as usize,
            )
        }
    }

    /// Number of elements.
    #[inline]
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// Whether the node is for one large element alone.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.listpack & PLAIN != 0
    }

    /// Bytes of the listpack that Redis would have for this node.
    #[inline]
    pub fn listpack_bytes(&self) -> usize {
        if self.is_plain() {
            (self.listpack & !PLAIN) as usize
        } else {
            self.listpack as usize + LISTPACK_OVERHEAD_BYTES
        }
    }

    /// Bytes of the block.
    pub fn memory_bytes(&self) -> usize {
        self.capacity as usize
    }

    /// Place of an element in `elements()`; `index == count()` is the place behind the last.
    #[inline]
    pub fn place_of(&self, index: usize) -> usize {
        place_of(self.elements(), self.count(), index)
    }

    /// Insert an element at a place where one begins or the last ends.
    #[inline]
    pub fn insert(&mut self, slabs: &mut SlabAllocator, place: usize, element: &Encoded<'_>) {
        self.splice(slabs, place, 0, &element.pieces());
        self.count += 1;
        self.listpack += element.listpack_bytes() as u32;
    }

    /// Put an element into the place of the one at `place`.
    pub fn replace(&mut self, slabs: &mut SlabAllocator, place: usize, element: &Encoded<'_>) {
        let old = first(&self.elements()[place..]);
        let (old_size, old_listpack) = (old.raw.len(), old.listpack_bytes());
        self.splice(slabs, place, old_size, &element.pieces());
        if !self.is_plain() {
            self.listpack = self.listpack + element.listpack_bytes() as u32 - old_listpack as u32;
        }
    }

    /// Set what a plain node tells of its element's length.
    pub fn set_plain_length(&mut self, length: usize) {
        self.listpack = PLAIN | to_u32(length);
    }

    /// Remove `count` elements from element `index` on; returns how many are left.
    pub fn remove(&mut self, slabs: &mut SlabAllocator, index: usize, count: usize) -> usize {
        let from = self.place_of(index);
        let to = if count == 1 {
            from + first_size(&self.elements()[from..])
        } else {
            self.place_of(index + count)
        };
        if !self.is_plain() {
            self.listpack -= to_u32(listpack_bytes(&self.elements()[from..to]));
        }
        self.splice(slabs, from, to - from, &[]);
        self.count -= to_u32(count);
        self.count()
    }

    /// Remove `limit` elements with a value, after the first `skip` of them; there must be as many.
    pub fn remove_equal(
        &mut self,
        slabs: &mut SlabAllocator,
        value: &Encoded<'_>,
        mut skip: usize,
        limit: usize,
    ) {
        let bytes = self.end as usize - self.start as usize;
        let (mut read, mut write, mut removed) = (0, 0, 0);
        while read < bytes {
            let raw = &self.elements()[read..];
            let size = first_size(raw);
            if removed < limit && value.is(&raw[..size]) {
                if skip == 0 {
                    removed += 1;
                    read += size;
                    continue;
                }
                skip -= 1;
            }
            if write != read {
                self.elements_mut().copy_within(read..read + size, write);
            }
            (read, write) = (read + size, write + size);
        }
        if removed > 0 && !self.is_plain() {
            self.listpack -= (removed * value.listpack_bytes()) as u32;
        }
        self.count -= to_u32(removed);
        self.splice(slabs, write, bytes - write, &[]);
    }

    /// How many elements have a value.
    pub fn count_equal(&self, value: &Encoded<'_>) -> usize {
        let mut rest = self.elements();
        let mut equal = 0;
        while !rest.is_empty() {
            let (raw, behind) = rest.split_at(first_size(rest));
            equal += usize::from(value.is(raw));
            rest = behind;
        }
        equal
    }

    /// Cut the elements from `index` on off into a node of their own.
    pub fn split_off(&mut self, slabs: &mut SlabAllocator, index: usize) -> Node {
        let place = self.place_of(index);
        let moved = &self.elements()[place..];
        let moved_bytes = moved.len();
        let other = Node::of(slabs, moved, self.count() - index);
        self.splice(slabs, place, moved_bytes, &[]);
        self.count -= other.count;
        self.listpack -= other.listpack;
        other
    }

    /// Add the elements of another node behind the own ones.
    pub fn append(&mut self, slabs: &mut SlabAllocator, other: Node) {
        self.splice(slabs, self.elements().len(), 0, &[other.elements()]);
        self.count += other.count;
        self.listpack += other.listpack;
        other.free(slabs);
    }

    /// Give up what room there is for more elements.
    pub fn shrink_to_fit(&mut self, slabs: &mut SlabAllocator) {
        let bytes = self.elements().len();
        if SlabAllocator::usable_bytes(bytes.max(CAPACITY_MIN)) < self.capacity as usize {
            self.relocate(slabs, bytes, 0, 0, 0, false);
        }
    }

    /// A copy in a block of its own.
    pub fn duplicate(&self, slabs: &mut SlabAllocator) -> Node {
        let mut copy = Self::new(slabs, self.elements().len());
        copy.splice(slabs, 0, 0, &[self.elements()]);
        Self { count: self.count, listpack: self.listpack, ..copy }
    }

    /// Free the block.
    pub fn free(self, slabs: &mut SlabAllocator) {
        // SAFETY: the block was allocated with a size that leads to this capacity, and `self` ends here.
        unsafe { slabs.free(self.block, self.capacity as usize) };
    }

    #[inline]
    fn elements_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `elements`; `self` is borrowed mutably.
        unsafe {
            std::slice::from_raw_parts_mut(
                self.block.as_ptr().add(self.start as usize),
                (self.end - self.start) as usize,
            )
        }
    }

    /// Let `remove` bytes from `place` on give way to the pieces of `insert`.
    #[inline]
    fn splice(&mut self, slabs: &mut SlabAllocator, place: usize, remove: usize, insert: &[&[u8]]) {
        let inserted = insert.iter().map(|piece| piece.len()).sum();
        self.make_gap(slabs, place, remove, inserted);
        // SAFETY: a gap of that many bytes is there now; the pieces are borrowed from elsewhere, as `self` is borrowed
        // mutably.
        unsafe {
            let mut to = self.block.as_ptr().add(self.start as usize + place);
            for piece in insert {
                to.copy_from_nonoverlapping(piece.as_ptr(), piece.len());
                to = to.add(piece.len());
            }
        }
    }

    /// Let `remove` bytes from `place` on give way to `insert` bytes that are to be written next.
    #[inline]
    fn make_gap(&mut self, slabs: &mut SlabAllocator, place: usize, remove: usize, insert: usize) {
        let bytes = self.elements().len();
        let after = bytes - place - remove;
        let (start, end, capacity) = (self.start as usize, self.end as usize, self.capacity as usize);
        let length = bytes - remove + insert;
        // The shorter side moves, if there is room for it.
        let moves_front = place < after;
        let front_fits = insert <= remove + start;
        let back_fits = end + insert <= capacity + remove;
        if insert == 0 && length < capacity / 2 && capacity > CAPACITY_MIN {
            self.relocate(slabs, length, place, remove, insert, false);
        } else if front_fits && (moves_front || !back_fits) {
            let new_start = start + remove - insert;
            // SAFETY: the front, `place` bytes, moves within the block: `front_fits` says that `new_start` is in it,
            // and it ends before the back begins.
            unsafe { self.block.add(new_start).copy_from(self.block.add(start), place) };
            self.start = to_u32(new_start);
        } else if back_fits {
            let new_end = start + place + insert + after;
            // SAFETY: the back, `after` bytes, ends within the block, as `back_fits` says.
            unsafe {
                let back = self.block.add(start + place + remove);
                self.block.add(start + place + insert).copy_from(back, after);
            }
            self.end = to_u32(new_end);
        } else {
            let grown = if length <= DOUBLED_BYTES_MAX { 2 * length } else { length + length / 4 };
            // Who pushes at one end will probably go on there.
            self.relocate(slabs, grown, place, remove, insert, moves_front);
        }
    }

    /// Do what `make_gap` does in a new block with room for `capacity`, all slack in front or all at the end.
    #[cold]
    fn relocate(
        &mut self,
        slabs: &mut SlabAllocator,
        capacity: usize,
        place: usize,
        remove: usize,
        insert: usize,
        slack_in_front: bool,
    ) {
        let bytes = self.elements().len();
        let after = bytes - place - remove;
        let length = bytes - remove + insert;
        let capacity = SlabAllocator::usable_bytes(capacity.max(CAPACITY_MIN));
        let block = slabs.allocate(capacity);
        let start = if slack_in_front { capacity - length } else { 0 };
        let old = self.elements();
        // SAFETY: the new block has room for `length` bytes from `start` on; front and back lie within the old
        // elements. The old block is freed with the size it was allocated with, and forgotten.
        unsafe {
            let to = block.add(start).as_ptr();
            to.copy_from_nonoverlapping(old.as_ptr(), place);
            to.add(place + insert).copy_from_nonoverlapping(old.as_ptr().add(place + remove), after);
            slabs.free(self.block, self.capacity as usize);
        }
        self.block = block;
        self.capacity = to_u32(capacity);
        self.start = to_u32(start);
        self.end = to_u32(start + length);
    }
}

fn to_u32(number: usize) -> u32 {
    // An element is at most 512 MB long, and a node of several of them is far smaller.
    u32::try_from(number).expect("a node is smaller than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(node: &Node) -> Vec<String> {
        let mut rest = node.elements();
        let mut texts = Vec::new();
        while !rest.is_empty() {
            let located = first(rest);
            texts.push(String::from_utf8(located.element.to_vec()).unwrap());
            rest = &rest[located.raw.len()..];
        }
        texts
    }

    #[test]
    fn a_node_grows_and_shrinks_at_both_ends_and_in_the_middle() {
        let mut slabs = SlabAllocator::new();
        let mut node = Node::new(&mut slabs, 0);
        let mut twin: Vec<String> = Vec::new();
        for number in 0..3_000usize {
            let value = format!("value{number}");
            let index = match number % 3 {
                0 => 0,
                1 => twin.len(),
                _ => number * 7 % (twin.len() + 1),
            };
            node.insert(&mut slabs, node.place_of(index), &Encoded::new(value.as_bytes()));
            twin.insert(index, value);
        }
        assert_eq!(texts(&node), twin);
        assert_eq!(node.listpack_bytes(), listpack_bytes(node.elements()) + 7);
        while twin.len() > 1 {
            let index = twin.len() * 5 % 7 * (twin.len() - 1) / 6;
            let count = (twin.len() - index).min(3);
            twin.drain(index..index + count);
            assert_eq!(node.remove(&mut slabs, index, count), twin.len());
            assert_eq!(texts(&node), twin);
            assert!(node.memory_bytes() <= 2 * node.elements().len() + 2 * CAPACITY_MIN);
        }
        node.free(&mut slabs);
        assert_eq!(slabs.allocated_bytes(), 0);
    }

    #[test]
    fn equal_elements_are_removed_except_the_first_few() {
        let mut slabs = SlabAllocator::new();
        let mut node = Node::new(&mut slabs, 0);
        for value in ["a", "12", "a", "b", "12", "a"] {
            node.insert(&mut slabs, node.place_of(node.count()), &Encoded::new(value.as_bytes()));
        }
        assert_eq!(node.count_equal(&Encoded::new(b"a")), 3);
        node.remove_equal(&mut slabs, &Encoded::new(b"a"), 1, 2);
        assert_eq!(texts(&node), ["a", "12", "b", "12"]);
        node.remove_equal(&mut slabs, &Encoded::new(b"12"), 0, 2);
        assert_eq!(node.listpack_bytes(), listpack_bytes(node.elements()) + 7);
        let other = node.split_off(&mut slabs, 1);
        assert_eq!((texts(&node), texts(&other)), (vec!["a".to_owned()], vec!["b".to_owned()]));
        node.append(&mut slabs, other);
        assert_eq!(texts(&node), ["a", "b"]);
        node.free(&mut slabs);
    }
}
