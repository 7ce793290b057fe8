//! The index of a large sorted set: a B+tree over its records, which knows how many are below each node.

use std::ptr::NonNull;

use super::inner::{Child, INNER_MAX, Inner, NodePointer, is_sparse, may_join};
use super::leaf::{Entry, LEAF_MAX, Leaf};
use super::place::{Order, Place};
use super::record::{ScoredMember, read_at, write_score};
use crate::memory::SlabAllocator;

/// Records in order of score and member. It does not own them: whoever does keeps them alive, and takes them out
/// before they are freed or changed. An index that is dropped before [`Index::free_step`] has emptied it leaks its
/// nodes.
pub struct Index {
    root: Option<NodePointer>,
    /// Of the root; zero is a leaf's.
    height: u8,
    len: u32,
}

// SAFETY: all nodes belong to the index alone.
unsafe impl Send for Index {}

/// A place found: in a leaf, in front of an entry or behind the last one, and its rank.
#[derive(Clone, Copy)]
struct Location {
    leaf: NodePointer,
    index: usize,
    rank: usize,
}

/// Whether a node is at an end of its level, where others are probably going to be added.
#[derive(Clone, Copy)]
struct Edge {
    first: bool,
    last: bool,
}

impl Index {
    /// No records.
    pub const EMPTY: Index = Index { root: None, height: 0, len: 0 };

    /// Number of records.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Bytes of all nodes. Looks at every inner node.
    pub fn memory_bytes(&self) -> usize {
        fn below(node: NodePointer, height: u8) -> usize {
            if height == 0 {
                return SlabAllocator::usable_bytes(size_of::<Leaf>());
            }
            // SAFETY: the nodes of an index are alive, and of the heights that follow from its own.
            let inner = unsafe { node.inner() };
            let own = SlabAllocator::usable_bytes(size_of::<Inner>());
            if height == 1 {
                return own + inner.len() * SlabAllocator::usable_bytes(size_of::<Leaf>());
            }
            own + inner.nodes().iter().map(|child| below(*child, height - 1)).sum::<usize>()
        }
        self.root.map_or(0, |root| below(root, self.height))
    }

    /// Number of records before a place.
    pub fn rank(&self, place: &Place<'_>) -> usize {
        self.locate(place).map_or(0, |location| location.rank)
    }

    /// Where the last leaf that begins before a place has it.
    fn locate(&self, place: &Place<'_>) -> Option<Location> {
        let mut node = self.root?;
        let mut rank = 0;
        for _ in 0..self.height {
            // SAFETY: as in `memory_bytes`.
            let inner = unsafe { node.inner() };
            let index = inner.find(place);
            rank += inner.counts()[..index].iter().map(|count| *count as usize).sum::<usize>();
            node = inner.nodes()[index];
        }
        // SAFETY: below `height` inner nodes are leaves.
        let index = unsafe { node.leaf() }.count_before(place);
        Some(Location { leaf: node, index, rank: rank + index })
    }

    /// The entries of the leaf that has record `rank`, and the rank's index among them; `None` if there is no such
    /// record.
    pub fn leaf_at(&self, mut rank: usize) -> Option<(&[Entry], usize)> {
        let mut node = self.root.filter(|_| rank < self.len())?;
        for _ in 0..self.height {
            // SAFETY: as in `memory_bytes`.
            let inner = unsafe { node.inner() };
            let (index, before) = inner.find_rank(rank);
            rank -= before;
            node = inner.nodes()[index];
        }
        // SAFETY: as in `rank`; the leaf is not changed while the index is borrowed.
        Some((unsafe { node.leaf() }.entries(), rank))
    }

    /// Record `rank`.
    pub fn nth(&self, rank: usize) -> Option<ScoredMember<'_>> {
        let (entries, index) = self.leaf_at(rank)?;
        // SAFETY: the records are alive, and not changed while the index is borrowed.
        Some(unsafe { entries[index].read() })
    }

    /// Add a record.
    ///
    /// # Safety
    /// It is alive, not in the index yet, and stays alive and as it is until it is taken out.
    pub unsafe fn insert(&mut self, slabs: &mut SlabAllocator, record: NonNull<u8>) {
        // SAFETY: the caller's promise.
        let scored = unsafe { read_at(record) };
        let root = *self.root.get_or_insert_with(|| NodePointer::new_leaf(slabs, Leaf::EMPTY));
        let new = New { record, place: Place::At(scored), order: Order::of(scored.score) };
        let edge = Edge { first: true, last: true };
        let split = insert_below(slabs, root, self.height, &new, edge);
        self.len += 1;
        if let Some(right) = split {
            // SAFETY: the root is alive, and has kept some of its records.
            let left = unsafe { root.describe(self.height) };
            self.root = Some(NodePointer::new_inner(slabs, Inner::of(&[left, right])));
            self.height += 1;
        }
    }

    /// Take record `rank` out; `None` if there is no such record.
    pub fn remove(&mut self, slabs: &mut SlabAllocator, rank: usize) -> Option<NonNull<u8>> {
        let root = self.root.filter(|_| rank < self.len())?;
        let record = remove_below(slabs, root, self.height, rank);
        self.len -= 1;
        self.lower_root(slabs);
        Some(record)
    }

    /// Let the only child of a root be the root.
    fn lower_root(&mut self, slabs: &mut SlabAllocator) {
        let Some(mut root) = self.root else { return };
        // SAFETY: the root is alive and of that height; a node that is not the root any more is freed once.
        unsafe {
            while self.height > 0 && root.inner().len() == 1 {
                let child = root.inner().nodes()[0];
                root.free(slabs, self.height);
                root = child;
                self.height -= 1;
            }
            self.root = Some(root);
            if self.len == 0 {
                root.free(slabs, self.height);
                *self = Self::EMPTY;
            }
        }
    }

    /// Give a record another score.
    ///
    /// # Safety
    /// The record is in the index, and nothing else refers to it now.
    pub unsafe fn set_score(&mut self, slabs: &mut SlabAllocator, record: NonNull<u8>, score: f64) {
        // SAFETY: records of the index are alive.
        let old = unsafe { read_at(record) };
        let Some(Location { leaf, index, rank }) = self.locate(&Place::At(old)) else { return };
        // SAFETY: `locate` found a leaf; `self` is borrowed mutably.
        let leaf = unsafe { leaf.leaf_mut() };
        let new = ScoredMember { score, member: old.member };
        let entries = leaf.entries();
        // SAFETY: the neighbours' records are alive.
        let stays = index > 0
            && index + 1 < entries.len()
            && unsafe {
                entries[index - 1].read().is_before(new) && new.is_before(entries[index + 1].read())
            };
        if stays {
            // SAFETY: the caller says that nothing else refers to the record; `old` and `new` are not used again.
            unsafe { write_score(record, score) };
            return leaf.set_order(index, Order::of(score));
        }
        self.remove(slabs, rank);
        // SAFETY: as above; the record is in no leaf now.
        unsafe {
            write_score(record, score);
            self.insert(slabs, record);
        }
    }

    /// Free nodes with about `budget` records; true when none is left. The records need not be alive any more.
    pub fn free_step(&mut self, slabs: &mut SlabAllocator, budget: usize) -> bool {
        if let Some(root) = self.root {
            let mut left = budget.div_ceil(LEAF_MAX / 2);
            if free_below(slabs, root, self.height, &mut left) {
                *self = Self::EMPTY;
            }
        }
        self.root.is_none()
    }
}

/// A record on its way into the index.
struct New<'a> {
    record: NonNull<u8>,
    place: Place<'a>,
    order: Order,
}

/// Add a record below a node; returns the node that was split off behind it, if it was full.
fn insert_below(
    slabs: &mut SlabAllocator,
    node: NodePointer,
    height: u8,
    new: &New<'_>,
    edge: Edge,
) -> Option<Child> {
    if height == 0 {
        return insert_into_leaf(slabs, node, new, edge);
    }
    // SAFETY: the nodes of an index are alive, and each is referred to by one parent only; the index is borrowed
    // mutably. Only one node is referred to at a time, parent or child.
    unsafe {
        let inner = node.inner();
        let index = inner.find(&new.place);
        let below = inner.nodes()[index];
        let child_edge =
            Edge { first: edge.first && index == 0, last: edge.last && index + 1 == inner.len() };
        let split = insert_below(slabs, below, height - 1, new, child_edge);
        let inner = node.inner_mut();
        let mut child = inner.child(index);
        child.count += 1;
        if let Some(right) = split {
            child.count -= right.count;
        }
        if index == 0 && new.order <= child.order {
            // The new record may be the first one below now.
            let described = below.describe(height - 1);
            (child.first, child.order) = (described.first, described.order);
        }
        inner.set(index, child);
        insert_child(slabs, node, index + 1, split?, edge)
    }
}

/// Insert a child into an inner node; returns the node that was split off behind it, if it was full.
///
/// # Safety
/// `node` is a live inner node that nothing else refers to.
unsafe fn insert_child(
    slabs: &mut SlabAllocator,
    node: NodePointer,
    index: usize,
    child: Child,
    edge: Edge,
) -> Option<Child> {
    // SAFETY: the caller's promise.
    let inner = unsafe { node.inner_mut() };
    if inner.len() < INNER_MAX {
        inner.insert(index, child);
        return None;
    }
    // At the end of a level, what is full stays full: members often come in order.
    let at = if edge.last && index == INNER_MAX {
        INNER_MAX
    } else if edge.first && index <= 1 {
        1
    } else {
        INNER_MAX / 2
    };
    let mut right = inner.split_off(at);
    if index <= at && at < INNER_MAX {
        inner.insert(index, child);
    } else {
        right.insert(index - at, child);
    }
    let right = NodePointer::new_inner(slabs, right);
    // SAFETY: the node was made just now and has a child. For what is no leaf, the height does not matter.
    Some(unsafe { right.describe(1) })
}

fn insert_into_leaf(
    slabs: &mut SlabAllocator,
    node: NodePointer,
    new: &New<'_>,
    edge: Edge,
) -> Option<Child> {
    // SAFETY: as in `insert_below`.
    let leaf = unsafe { node.leaf_mut() };
    let index = leaf.count_before(&new.place);
    if leaf.len() < LEAF_MAX {
        leaf.insert(index, new.record, new.order);
        return None;
    }
    let at = if edge.last && index == LEAF_MAX {
        LEAF_MAX
    } else if edge.first && index == 0 {
        0
    } else {
        LEAF_MAX / 2
    };
    let right = NodePointer::new_leaf(slabs, Leaf::EMPTY);
    // SAFETY: the leaf was made just now.
    let right_leaf = unsafe { right.leaf_mut() };
    leaf.split_into(at, right_leaf);
    if index <= at && at < LEAF_MAX {
        leaf.insert(index, new.record, new.order);
    } else {
        right_leaf.insert(index - at, new.record, new.order);
    }
    // SAFETY: it has a record.
    Some(unsafe { right.describe(0) })
}

/// Take record `rank` below a node out.
fn remove_below(slabs: &mut SlabAllocator, node: NodePointer, height: u8, rank: usize) -> NonNull<u8> {
    // SAFETY: as in `insert_below`.
    unsafe {
        if height == 0 {
            return node.leaf_mut().remove(rank).record();
        }
        let (index, before) = node.inner().find_rank(rank);
        let below = node.inner().nodes()[index];
        let record = remove_below(slabs, below, height - 1, rank - before);
        let inner = node.inner_mut();
        let mut child = inner.child(index);
        child.count -= 1;
        if child.count == 0 {
            // An inner node without records has no children any more.
            below.free(slabs, height - 1);
            inner.remove(index);
            return record;
        }
        if rank == before {
            let described = below.describe(height - 1);
            (child.first, child.order) = (described.first, described.order);
        }
        inner.set(index, child);
        join_if_sparse(slabs, inner, index, height - 1);
        record
    }
}

/// Join a child that has become small with a neighbour, if they do not fill one node too much.
///
/// # Safety
/// `inner` is a live node's contents, with children of this height.
unsafe fn join_if_sparse(slabs: &mut SlabAllocator, inner: &mut Inner, index: usize, height: u8) {
    let max = if height == 0 { LEAF_MAX } else { INNER_MAX };
    // SAFETY: children of a live node are alive, and of the height that the caller says.
    let len = |index: usize| unsafe { node_len(inner.nodes()[index], height) };
    if !is_sparse(len(index), max) {
        return;
    }
    let neighbours = [index.checked_sub(1), (index + 1 < inner.len()).then_some(index)];
    let left = neighbours.into_iter().flatten().find(|left| may_join(len(*left) + len(*left + 1), max));
    let Some(left) = left else { return };
    let (mut one, other) = (inner.child(left), inner.child(left + 1));
    // SAFETY: both are alive and different; the second is freed once, as its parent forgets it.
    unsafe {
        if height == 0 {
            one.node.leaf_mut().append(other.node.leaf());
        } else {
            one.node.inner_mut().append(other.node.inner());
        }
        other.node.free(slabs, height);
    }
    one.count += other.count;
    inner.set(left, one);
    inner.remove(left + 1);
}

/// # Safety
/// It is a live node of that height.
unsafe fn node_len(node: NodePointer, height: u8) -> usize {
    // SAFETY: the caller's promise.
    unsafe { if height == 0 { node.leaf().len() } else { node.inner().len() } }
}

/// Free `left` leaves at most, from the end, and inner nodes that are empty then; true if the node itself is gone.
fn free_below(slabs: &mut SlabAllocator, node: NodePointer, height: u8, left: &mut usize) -> bool {
    if *left == 0 {
        return false;
    }
    // SAFETY: the nodes of an index are alive, and each is freed once: its parent forgets it.
    unsafe {
        if height == 0 {
            *left -= 1;
        } else {
            let inner = node.inner_mut();
            while let Some(last) = inner.len().checked_sub(1) {
                if !free_below(slabs, inner.nodes()[last], height - 1, left) {
                    return false;
                }
                inner.remove(last);
            }
        }
        node.free(slabs, height);
    }
    true
}
