//! Inner nodes of the index: up to 32 children, each with what it begins with and how many records are below it.

use std::ptr::NonNull;

use super::leaf::Leaf;
use super::place::{Order, Place};
use super::record::read_at;
use crate::memory::SlabAllocator;

/// Children of an inner node.
pub const INNER_MAX: usize = 32;

/// A node that gets this small is joined with a neighbour, if both together fill no more than three quarters of one.
const QUARTER: usize = 4;

/// A node with what its parent knows of it.
#[derive(Clone, Copy)]
pub struct Child {
    pub node: NodePointer,
    /// Records below.
    pub count: u32,
    /// The first record below, and the order of its score.
    pub first: NonNull<u8>,
    pub order: Order,
}

/// The address of a node; the height, which whoever has it knows, says of which kind: leaves have height zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NodePointer(NonNull<u8>);

impl NodePointer {
    /// Put a leaf into a block of its own.
    pub fn new_leaf(slabs: &mut SlabAllocator, leaf: Leaf) -> Self {
        let block = slabs.allocate(size_of::<Leaf>());
        // SAFETY: the block is new, large enough, and aligned to eight, as a leaf is.
        unsafe { block.cast::<Leaf>().write(leaf) };
        Self(block)
    }

    /// Put an inner node into a block of its own.
    pub fn new_inner(slabs: &mut SlabAllocator, inner: Inner) -> Self {
        let block = slabs.allocate(size_of::<Inner>());
        // SAFETY: as in `new_leaf`.
        unsafe { block.cast::<Inner>().write(inner) };
        Self(block)
    }

    /// # Safety
    /// This is a leaf's address; it is alive and not changed during `'a`.
    #[inline]
    pub unsafe fn leaf<'a>(self) -> &'a Leaf {
        // SAFETY: the caller's promise.
        unsafe { self.0.cast::<Leaf>().as_ref() }
    }

    /// # Safety
    /// This is a leaf's address; it is alive, and nothing else refers to it during `'a`.
    #[inline]
    pub unsafe fn leaf_mut<'a>(self) -> &'a mut Leaf {
        // SAFETY: the caller's promise.
        unsafe { self.0.cast::<Leaf>().as_mut() }
    }

    /// # Safety
    /// This is an inner node's address; it is alive and not changed during `'a`.
    #[inline]
    pub unsafe fn inner<'a>(self) -> &'a Inner {
        // SAFETY: the caller's promise.
        unsafe { self.0.cast::<Inner>().as_ref() }
    }

    /// # Safety
    /// This is an inner node's address; it is alive, and nothing else refers to it during `'a`.
    #[inline]
    pub unsafe fn inner_mut<'a>(self) -> &'a mut Inner {
        // SAFETY: the caller's promise.
        unsafe { self.0.cast::<Inner>().as_mut() }
    }

    /// Free the node's block, but nothing below it.
    ///
    /// # Safety
    /// This is a live node of that height, and its address is not used again.
    pub unsafe fn free(self, slabs: &mut SlabAllocator, height: u8) {
        let size = if height == 0 { size_of::<Leaf>() } else { size_of::<Inner>() };
        // SAFETY: the block was allocated with that size.
        unsafe { slabs.free(self.0, size) };
    }

    /// What a parent is to know of this node; it has at least one record.
    ///
    /// # Safety
    /// This is a live node of that height, as are its records.
    pub unsafe fn describe(self, height: u8) -> Child {
        // SAFETY: the caller's promise.
        unsafe {
            if height == 0 {
                let leaf = self.leaf();
                let first = leaf.entries()[0].record();
                let order = Order::of(read_at(first).score);
                Child { node: self, count: leaf.len() as u32, first, order }
            } else {
                let inner = self.inner();
                let count = inner.counts().iter().sum();
                Child { node: self, count, ..inner.child(0) }
            }
        }
    }
}

/// One to [`INNER_MAX`] children in order, all of the same height.
#[repr(C)]
pub struct Inner {
    len: u16,
    counts: [u32; INNER_MAX],
    orders: [Order; INNER_MAX],
    firsts: [NonNull<u8>; INNER_MAX],
    nodes: [NodePointer; INNER_MAX],
}

impl Inner {
    /// A node with these children.
    pub fn of(children: &[Child]) -> Self {
        let nowhere = NonNull::dangling();
        let mut inner = Self {
            len: 0,
            counts: [0; INNER_MAX],
            orders: [Order(0); INNER_MAX],
            firsts: [nowhere; INNER_MAX],
            nodes: [NodePointer(nowhere); INNER_MAX],
        };
        for (index, child) in children.iter().enumerate() {
            inner.insert(index, *child);
        }
        inner
    }

    /// Number of children.
    #[inline]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// How many records are below each child.
    #[inline]
    pub fn counts(&self) -> &[u32] {
        &self.counts[..self.len()]
    }

    /// The nodes below.
    #[inline]
    pub fn nodes(&self) -> &[NodePointer] {
        &self.nodes[..self.len()]
    }

    /// A child.
    #[inline]
    pub fn child(&self, index: usize) -> Child {
        Child {
            node: self.nodes[index],
            count: self.counts[index],
            first: self.firsts[index],
            order: self.orders[index],
        }
    }

    /// Replace what is known of a child.
    #[inline]
    pub fn set(&mut self, index: usize, child: Child) {
        self.nodes[index] = child.node;
        self.counts[index] = child.count;
        self.firsts[index] = child.first;
        self.orders[index] = child.order;
    }

    /// Insert a child; there must be room.
    pub fn insert(&mut self, index: usize, child: Child) {
        let len = self.len();
        self.nodes.copy_within(index..len, index + 1);
        self.counts.copy_within(index..len, index + 1);
        self.firsts.copy_within(index..len, index + 1);
        self.orders.copy_within(index..len, index + 1);
        self.len += 1;
        self.set(index, child);
    }

    /// Take a child out.
    pub fn remove(&mut self, index: usize) {
        let len = self.len();
        self.nodes.copy_within(index + 1..len, index);
        self.counts.copy_within(index + 1..len, index);
        self.firsts.copy_within(index + 1..len, index);
        self.orders.copy_within(index + 1..len, index);
        self.len -= 1;
    }

    /// Cut the children from `index` on off into another node.
    pub fn split_off(&mut self, index: usize) -> Inner {
        let moved: Vec<Child> = (index..self.len()).map(|index| self.child(index)).collect();
        self.len = index as u16;
        Self::of(&moved)
    }

    /// Add the children of the node behind this one; there must be room.
    pub fn append(&mut self, other: &Inner) {
        for index in 0..other.len() {
            self.insert(self.len(), other.child(index));
        }
    }

    /// The child in which a place is: the last one that begins before it, or the first.
    #[inline]
    pub fn find(&self, place: &Place<'_>) -> usize {
        let order = place.order();
        let begins_before = |index: usize| match order {
            Some(order) if self.orders[index] != order => self.orders[index] < order,
            // SAFETY: the first records of children are alive, and not changed while the node is borrowed.
            _ => place.is_behind(unsafe { read_at(self.firsts[index]) }),
        };
        let (mut low, mut high) = (1, self.len());
        while low < high {
            let middle = (low + high) / 2;
            if begins_before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low - 1
    }

    /// The child that has record `rank`, which is below the sum of all counts, and how many records there are in front
    /// of that child.
    #[inline]
    pub fn find_rank(&self, rank: usize) -> (usize, usize) {
        let mut before = 0;
        for (index, count) in self.counts().iter().enumerate() {
            let behind = before + *count as usize;
            if rank < behind {
                return (index, before);
            }
            before = behind;
        }
        let last = self.len() - 1;
        (last, before - self.counts[last] as usize)
    }
}

/// Whether a node with `len` of `max` places used is to be joined with a neighbour.
pub fn is_sparse(len: usize, max: usize) -> bool {
    len < max / QUARTER
}

/// Whether two nodes with `len` used places together are to be one.
pub fn may_join(len: usize, max: usize) -> bool {
    len <= max - max / QUARTER
}
