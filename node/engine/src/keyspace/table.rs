//! A hash table of cells that grows without ever moving more than one segment's cells.
//!
//! A small table is one [`Segment`]. A segment that is full becomes a directory of sixteen segments, chosen by the
//! next four bits of the hash from its top, and each of those may become a directory in turn. So no operation on a
//! table of any size costs more than a segment does, and there is no table-wide resizing to spread over requests.
//!
//! Cells have an order, by hash prefix and then by tag, that no insertion, removal or split changes: SCAN's cursor is
//! a place in it. (A split sends cells of a later prefix but a smaller tag to later segments, where a scan meets them
//! a second time, which SCAN allows. Segments are not merged, since that would do the opposite. A directory goes when
//! it is empty, when there is nothing left that a scan could miss.)

use std::ptr::NonNull;

use super::cell::{Cell, ORDER_BITS};
use super::segment::Segment;
use crate::memory::SlabAllocator;

/// Cells of a segment that make the next insertion split it.
pub const SEGMENT_CELLS_MAX: usize = 512;

/// Bits of hash that a directory consumes, and how many children that makes.
const FAN_OUT_BITS: u32 = 4;
const FAN_OUT: usize = 1 << FAN_OUT_BITS;

/// Directories above one another; below them segments no longer split. 16^6 segments are more than memory holds.
const LEVELS_MAX: u32 = 6;

const TAG_BITS: u32 = 16;
const _: () = assert!(ORDER_BITS == LEVELS_MAX * FAN_OUT_BITS + TAG_BITS);

/// A hash table of cells, sixteen bytes while empty. What the cells point to belongs to the user of the table, who
/// also owns the allocator and passes it in; a table that is dropped without [`Table::clear`] leaks its arrays.
pub struct Table(Node);

enum Node {
    Segment(Segment),
    Directory(NonNull<Directory>),
}

/// Sixteen nodes with the sums of what is in them.
struct Directory {
    total: u32,
    volatile: u32,
    children: [Node; FAN_OUT],
}

const _: () = assert!(size_of::<Table>() == 16);

/// What a table counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    All,
    Volatile,
}

impl Table {
    pub const EMPTY: Table = Table(Node::Segment(Segment::EMPTY));

    /// Number of cells.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.count(Kind::All)
    }

    /// Whether there is no cell.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of cells with the volatile flag.
    #[inline]
    pub fn volatile_len(&self) -> usize {
        self.0.count(Kind::Volatile)
    }

    /// Bytes of the table's arrays and directories, without what its cells point to.
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    /// The cell of this hash that `matches`.
    #[inline]
    pub fn find(&self, hash: u64, matches: impl FnMut(Cell) -> bool) -> Option<Cell> {
        let segment = self.segment_of(hash);
        segment.position(hash, matches).map(|index| segment.cells()[index])
    }

    /// Where in memory a look-up of `hash` starts to read, for prefetching.
    #[inline]
    pub fn probe_address(&self, hash: u64) -> *const u8 {
        self.segment_of(hash).probe_address(hash)
    }

    /// Insert a cell, whose record must not be in the table. `rehash` gives the hash of a record in the table.
    pub fn insert(&mut self, slabs: &mut SlabAllocator, hash: u64, cell: Cell, rehash: impl Fn(Cell) -> u64) {
        let mut node = &mut self.0;
        let mut level = 0;
        loop {
            if let Node::Segment(segment) = node {
                if segment.len() < SEGMENT_CELLS_MAX || level == LEVELS_MAX {
                    return segment.insert(slabs, cell);
                }
                node.split(slabs, level, &rehash);
            }
            if let Node::Directory(directory) = node {
                // SAFETY: a node owns its directory, and the node is borrowed mutably.
                let directory = unsafe { directory.as_mut() };
                directory.total += 1;
                directory.volatile += u32::from(cell.is_volatile());
                node = &mut directory.children[child_index(hash, level)];
                level += 1;
            }
        }
    }

    /// Take the cell of this hash that `matches` out.
    pub fn remove(
        &mut self,
        slabs: &mut SlabAllocator,
        hash: u64,
        mut matches: impl FnMut(Cell) -> bool,
    ) -> Option<Cell> {
        self.0.remove(slabs, 0, hash, &mut matches)
    }

    /// Replace the cell of this hash that `matches` by what `change` makes of it: another pointer or flag.
    /// Returns the new cell.
    #[inline]
    pub fn update(
        &mut self,
        hash: u64,
        matches: impl FnMut(Cell) -> bool,
        change: impl FnOnce(Cell) -> Cell,
    ) -> Option<Cell> {
        let segment = self.segment_of_mut(hash);
        let index = segment.position(hash, matches)?;
        let old = segment.cells()[index];
        let new = change(old);
        if new != old {
            segment.replace(index, new);
            if new.is_volatile() != old.is_volatile() {
                self.adjust_volatile(hash, new.is_volatile());
            }
        }
        Some(new)
    }

    /// Take some cell out.
    pub fn pop(&mut self, slabs: &mut SlabAllocator) -> Option<Cell> {
        self.0.pop(slabs)
    }

    /// Free all arrays, after showing every cell to `visit`, which disposes of the record.
    pub fn clear(&mut self, slabs: &mut SlabAllocator, mut visit: impl FnMut(&mut SlabAllocator, Cell)) {
        self.0.clear(slabs, &mut visit);
    }

    /// The cell at `rank` in the table's order, `rank < len()`; each is as likely as the next if `rank` is random.
    pub fn nth(&self, rank: usize) -> Option<Cell> {
        let mut found = None;
        self.0.walk(&mut { rank }, Kind::All, &mut 1, &mut |cell| found = Some(cell));
        found
    }

    /// Visit up to `left` cells in order, the first one at `rank`; `left` is lowered by their number.
    pub fn walk(&self, rank: usize, left: &mut usize, visit: &mut dyn FnMut(Cell)) {
        self.0.walk(&mut { rank }, Kind::All, left, visit);
    }

    /// As `walk`, among the volatile cells.
    pub fn walk_volatile(&self, rank: usize, left: &mut usize, visit: &mut dyn FnMut(Cell)) {
        self.0.walk(&mut { rank }, Kind::Volatile, left, visit);
    }

    /// Visit cells in order from place `from` on until `budget` were visited and no other has the last one's tag.
    /// `budget` is lowered by the number of cells visited.
    ///
    /// Returns the place to go on from, or `None` when the end was reached. A cell that is in the table from a scan's
    /// first call (`from` 0) to its last is visited at least once, whatever else is inserted and removed meanwhile.
    pub fn scan(&self, from: u64, budget: &mut usize, visit: &mut dyn FnMut(Cell)) -> Option<u64> {
        self.0.scan(0, 0, from, Kind::All, budget, visit)
    }

    /// As `scan`, visiting volatile cells only; segments without any cost nothing of the budget.
    pub fn scan_volatile(&self, from: u64, budget: &mut usize, visit: &mut dyn FnMut(Cell)) -> Option<u64> {
        self.0.scan(0, 0, from, Kind::Volatile, budget, visit)
    }

    /// Count one volatile cell more, or one less, in the directories above the segment of `hash`.
    fn adjust_volatile(&mut self, hash: u64, more: bool) {
        let mut node = &mut self.0;
        let mut level = 0;
        while let Some(directory) = node.directory_mut() {
            directory.volatile = if more { directory.volatile + 1 } else { directory.volatile - 1 };
            node = &mut directory.children[child_index(hash, level)];
            level += 1;
        }
    }

    #[inline]
    fn segment_of_mut(&mut self, hash: u64) -> &mut Segment {
        let mut node = &mut self.0;
        let mut level = 0;
        loop {
            match node {
                Node::Segment(segment) => return segment,
                Node::Directory(directory) => {
                    // SAFETY: a node owns its directory, and the node is borrowed mutably.
                    node = unsafe { &mut directory.as_mut().children[child_index(hash, level)] };
                    level += 1;
                }
            }
        }
    }

    #[inline]
    fn segment_of(&self, hash: u64) -> &Segment {
        let mut node = &self.0;
        let mut level = 0;
        loop {
            match node {
                Node::Segment(segment) => return segment,
                Node::Directory(directory) => {
                    // SAFETY: a node owns its directory, and the node is borrowed.
                    node = unsafe { &directory.as_ref().children[child_index(hash, level)] };
                    level += 1;
                }
            }
        }
    }
}

#[inline]
fn child_index(hash: u64, level: u32) -> usize {
    (hash >> (64 - FAN_OUT_BITS * (level + 1))) as usize % FAN_OUT
}

impl Node {
    /// The directory, if this is one.
    #[inline]
    fn directory(&self) -> Option<&Directory> {
        match self {
            Node::Segment(_) => None,
            // SAFETY: a node owns its directory, and the node is borrowed.
            Node::Directory(directory) => Some(unsafe { directory.as_ref() }),
        }
    }

    /// The directory, if this is one, to be changed.
    #[inline]
    fn directory_mut(&mut self) -> Option<&mut Directory> {
        match self {
            Node::Segment(_) => None,
            // SAFETY: a node owns its directory, and the node is borrowed mutably.
            Node::Directory(directory) => Some(unsafe { directory.as_mut() }),
        }
    }

    #[inline]
    fn count(&self, kind: Kind) -> usize {
        match (self, kind) {
            (Node::Segment(segment), Kind::All) => segment.len(),
            (Node::Segment(segment), Kind::Volatile) => segment.volatile_len(),
            (Node::Directory(_), _) => self.directory().map_or(0, |directory| directory.count(kind)),
        }
    }

    fn memory_bytes(&self) -> usize {
        match self {
            Node::Segment(segment) => segment.memory_bytes(),
            Node::Directory(_) => {
                let children = self.directory().into_iter().flat_map(|directory| &directory.children);
                size_of::<Directory>() + children.map(Node::memory_bytes).sum::<usize>()
            }
        }
    }

    /// Turn a full segment into a directory. The cells keep their order, so every child is filled from its start.
    #[cold]
    fn split(&mut self, slabs: &mut SlabAllocator, level: u32, rehash: &impl Fn(Cell) -> u64) {
        let Node::Segment(segment) = self else { return };
        let mut parts: [Vec<Cell>; FAN_OUT] = Default::default();
        for &cell in segment.cells() {
            // The records' hashes follow: reading all of their cache lines at once hides most of the wait.
            super::prefetch::prefetch(cell.pointer().as_ptr());
        }
        for &cell in segment.cells() {
            parts[child_index(rehash(cell), level)].push(cell);
        }
        let directory = Directory {
            total: segment.len() as u32,
            volatile: segment.volatile_len() as u32,
            children: std::array::from_fn(|child| Node::Segment(Segment::from_sorted(slabs, &parts[child]))),
        };
        segment.clear(slabs);
        let block = slabs.allocate(size_of::<Directory>()).cast::<Directory>();
        // SAFETY: the block is new, large enough, and aligned to eight as a directory is.
        unsafe { block.write(directory) };
        *self = Node::Directory(block);
    }

    /// Replace a directory in which nothing is left by an empty segment.
    fn collapse_if_empty(&mut self, slabs: &mut SlabAllocator) {
        let Node::Directory(block) = *self else { return };
        if self.count(Kind::All) == 0 {
            // All children are empty segments, which own nothing: an emptied child has collapsed before its parent.
            *self = Node::Segment(Segment::EMPTY);
            // SAFETY: the block was allocated with this size, and the node has just forgotten it.
            unsafe { slabs.free(block.cast(), size_of::<Directory>()) };
        }
    }

    fn remove(
        &mut self,
        slabs: &mut SlabAllocator,
        level: u32,
        hash: u64,
        matches: &mut impl FnMut(Cell) -> bool,
    ) -> Option<Cell> {
        let directory = match self {
            Node::Segment(segment) => {
                let index = segment.position(hash, matches)?;
                return Some(segment.remove(slabs, index));
            }
            Node::Directory(_) => self.directory_mut()?,
        };
        let cell = directory.children[child_index(hash, level)].remove(slabs, level + 1, hash, matches)?;
        directory.forget(cell);
        self.collapse_if_empty(slabs);
        Some(cell)
    }

    fn pop(&mut self, slabs: &mut SlabAllocator) -> Option<Cell> {
        let directory = match self {
            Node::Segment(segment) => return segment.pop(slabs),
            Node::Directory(_) => self.directory_mut()?,
        };
        let child = directory.children.iter_mut().rev().find(|child| child.count(Kind::All) > 0)?;
        let cell = child.pop(slabs)?;
        directory.forget(cell);
        self.collapse_if_empty(slabs);
        Some(cell)
    }

    fn clear(&mut self, slabs: &mut SlabAllocator, visit: &mut impl FnMut(&mut SlabAllocator, Cell)) {
        match self {
            Node::Segment(segment) => {
                for &cell in segment.cells() {
                    visit(slabs, cell);
                }
                segment.clear(slabs);
            }
            Node::Directory(_) => {
                if let Some(directory) = self.directory_mut() {
                    directory.children.iter_mut().for_each(|child| child.clear(slabs, visit));
                    directory.total = 0;
                    directory.volatile = 0;
                }
                self.collapse_if_empty(slabs);
            }
        }
    }

    /// Visit up to `left` cells from the one at `rank` on; both are lowered by what was passed and visited.
    fn walk(&self, rank: &mut usize, kind: Kind, left: &mut usize, visit: &mut dyn FnMut(Cell)) {
        let count = self.count(kind);
        if *rank >= count || *left == 0 {
            *rank -= count.min(*rank);
            return;
        }
        match self {
            Node::Segment(segment) => {
                let cells = segment.cells().iter().filter(|cell| kind == Kind::All || cell.is_volatile());
                for cell in cells.skip(*rank).take(*left) {
                    *left -= 1;
                    visit(*cell);
                }
                *rank = 0;
            }
            Node::Directory(_) => {
                for child in self.directory().into_iter().flat_map(|directory| &directory.children) {
                    child.walk(rank, kind, left, visit);
                }
            }
        }
    }

    /// `prefix` is the upper part of the order, up to this node's level, in place.
    fn scan(
        &self,
        level: u32,
        prefix: u64,
        from: u64,
        kind: Kind,
        budget: &mut usize,
        visit: &mut dyn FnMut(Cell),
    ) -> Option<u64> {
        if self.count(kind) == 0 {
            return None;
        }
        let children = match self {
            Node::Segment(segment) => return scan_segment(segment, prefix, from, kind, budget, visit),
            Node::Directory(_) => &self.directory()?.children,
        };
        let shift = ORDER_BITS - FAN_OUT_BITS * (level + 1);
        // `from` lies in this node, so in one of the children, or at the start of the first.
        let first = (from >> shift) as usize % FAN_OUT;
        for (index, child) in children.iter().enumerate().skip(first) {
            let child_prefix = prefix | (index as u64) << shift;
            if *budget == 0 && child.count(kind) > 0 {
                return Some(child_prefix.max(from));
            }
            if let Some(next) =
                child.scan(level + 1, child_prefix, from.max(child_prefix), kind, budget, visit)
            {
                return Some(next);
            }
        }
        None
    }
}

impl Directory {
    #[inline]
    fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::All => self.total as usize,
            Kind::Volatile => self.volatile as usize,
        }
    }

    /// Count a cell out that was removed below.
    fn forget(&mut self, cell: Cell) {
        self.total -= 1;
        self.volatile -= u32::from(cell.is_volatile());
    }
}

fn scan_segment(
    segment: &Segment,
    prefix: u64,
    from: u64,
    kind: Kind,
    budget: &mut usize,
    visit: &mut dyn FnMut(Cell),
) -> Option<u64> {
    // Prefixes of child segments that this segment does not have (any more) may stand above the tag.
    let first = segment.lower_bound(from as u16);
    let mut last_tag = None;
    for &cell in &segment.cells()[first..] {
        // Equal tags cannot be told apart by a place in the order, so they are not divided between calls.
        if *budget == 0 && last_tag != Some(cell.tag()) {
            return Some(prefix | u64::from(cell.tag()));
        }
        if kind == Kind::All || cell.is_volatile() {
            visit(cell);
            *budget = budget.saturating_sub(1);
            last_tag = Some(cell.tag());
        }
    }
    None
}
