//! A segment: up to some hundreds of cells in one array, sorted by tag, without gaps.
//!
//! Tags are uniform, so a tag's place is close to `tag * count / 65536`: a look-up starts there and walks the few
//! cells to it, mostly within one cache line. Open addressing would walk as far at a load of 0.9, and pay for the
//! gaps with memory; what a sorted array pays is moving half of its cells on insertion, some hundred bytes.

use std::ptr::NonNull;

use super::cell::{Cell, tag_of};
use crate::memory::SlabAllocator;

/// A byte with one value: a node of a table that has another one there is a directory.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum SegmentMark {
    Segment = 0,
}

/// A sorted array of cells in a block of its own; an empty one has no block.
///
/// At most a sixteenth of its capacity is unused, or a few cells.
pub struct Segment {
    cells: *mut Cell,
    count: u16,
    capacity: u16,
    volatile: u16,
    #[expect(
        dead_code,
        reason = "its one value lets the compiler tell segments from directories without more space"
    )]
    mark: SegmentMark,
}

const CELL_BYTES: usize = size_of::<Cell>();

impl Segment {
    pub const EMPTY: Segment = Segment {
        cells: std::ptr::null_mut(),
        count: 0,
        capacity: 0,
        volatile: 0,
        mark: SegmentMark::Segment,
    };

    /// A segment of these cells, which are sorted by tag.
    pub fn from_sorted(slabs: &mut SlabAllocator, cells: &[Cell]) -> Segment {
        let mut segment = Segment::EMPTY;
        if cells.is_empty() {
            return segment;
        }
        let (block, capacity) = allocate_cells(slabs, cells.len());
        // SAFETY: the block is new and has room for that many cells.
        unsafe { std::ptr::copy_nonoverlapping(cells.as_ptr(), block, cells.len()) };
        segment.cells = block;
        segment.capacity = capacity;
        segment.count = to_u16(cells.len());
        segment.volatile = to_u16(cells.iter().filter(|cell| cell.is_volatile()).count());
        segment
    }

    /// The cells in order.
    #[inline]
    pub fn cells(&self) -> &[Cell] {
        if self.count == 0 {
            return &[];
        }
        // SAFETY: a segment with cells has a block whose first `count` cells are initialised.
        unsafe { std::slice::from_raw_parts(self.cells, usize::from(self.count)) }
    }

    #[inline]
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Number of cells with the volatile flag.
    #[inline]
    pub fn volatile_len(&self) -> usize {
        usize::from(self.volatile)
    }

    /// Bytes of the array.
    pub fn memory_bytes(&self) -> usize {
        usize::from(self.capacity) * CELL_BYTES
    }

    /// Index of the first cell whose tag is not below `tag`.
    #[inline]
    pub fn lower_bound(&self, tag: u16) -> usize {
        let cells = self.cells();
        let floor = Cell::floor(tag);
        let mut index = (usize::from(tag) * cells.len()) >> 16;
        while index > 0 && cells[index - 1].bits() >= floor {
            index -= 1;
        }
        while index < cells.len() && cells[index].bits() < floor {
            index += 1;
        }
        index
    }

    /// Index of the cell of this hash that `matches`.
    #[inline]
    pub fn position(&self, hash: u64, mut matches: impl FnMut(Cell) -> bool) -> Option<usize> {
        let tag = tag_of(hash);
        let start = self.lower_bound(tag);
        let same_tag = self.cells()[start..].iter().take_while(|cell| cell.tag() == tag);
        same_tag.enumerate().find(|&(_, &cell)| matches(cell)).map(|(offset, _)| start + offset)
    }

    /// Where in memory a look-up of `hash` starts to read.
    #[inline]
    pub fn probe_address(&self, hash: u64) -> *const u8 {
        let index = (usize::from(tag_of(hash)) * self.len()) >> 16;
        self.cells.wrapping_add(index).cast()
    }

    /// Replace the cell at `index` by one with the same tag; returns the old one.
    #[inline]
    pub fn replace(&mut self, index: usize, cell: Cell) -> Cell {
        assert!(index < self.len());
        // SAFETY: checked just now.
        let place = unsafe { &mut *self.cells.add(index) };
        debug_assert_eq!(place.tag(), cell.tag());
        let old = std::mem::replace(place, cell);
        self.volatile = self.volatile + u16::from(cell.is_volatile()) - u16::from(old.is_volatile());
        old
    }

    /// Insert a cell before the others of its tag.
    pub fn insert(&mut self, slabs: &mut SlabAllocator, cell: Cell) {
        let index = self.lower_bound(cell.tag());
        let count = self.len();
        let after = count - index;
        if count < usize::from(self.capacity) {
            // SAFETY: there is room for one cell more, and `index` is at most `count`.
            unsafe {
                let place = self.cells.add(index);
                std::ptr::copy(place, place.add(1), after);
                place.write(cell);
            }
        } else {
            let (block, capacity) = allocate_cells(slabs, count + 1);
            // SAFETY: the new block has room for one cell more than the old one has, which is freed once.
            unsafe {
                std::ptr::copy_nonoverlapping(self.cells, block, index);
                block.add(index).write(cell);
                std::ptr::copy_nonoverlapping(self.cells.wrapping_add(index), block.add(index + 1), after);
            }
            self.free_block(slabs);
            self.cells = block;
            self.capacity = capacity;
        }
        self.count = to_u16(count + 1);
        self.volatile += u16::from(cell.is_volatile());
    }

    /// Take the cell at `index` out.
    pub fn remove(&mut self, slabs: &mut SlabAllocator, index: usize) -> Cell {
        let count = self.len();
        let cell = self.cells()[index];
        let after = count - index - 1;
        // SAFETY: `index` is below `count`, so everything moved lies in the block.
        unsafe {
            let place = self.cells.add(index);
            std::ptr::copy(place.add(1), place, after);
        }
        self.count -= 1;
        self.volatile -= u16::from(cell.is_volatile());
        self.shrink(slabs);
        cell
    }

    /// Take the last cell out.
    pub fn pop(&mut self, slabs: &mut SlabAllocator) -> Option<Cell> {
        let last = self.len().checked_sub(1)?;
        Some(self.remove(slabs, last))
    }

    /// Free the array and become empty; what the cells point to is not touched.
    pub fn clear(&mut self, slabs: &mut SlabAllocator) {
        self.free_block(slabs);
        *self = Segment::EMPTY;
    }

    /// Move into a smaller block when two growth steps would fit into what is unused: one step back is left, so that
    /// a key that comes and goes does not move the array every time.
    fn shrink(&mut self, slabs: &mut SlabAllocator) {
        let count = self.len();
        if count == 0 {
            return self.clear(slabs);
        }
        if count + 2 * growth_step(count) >= usize::from(self.capacity) {
            return;
        }
        let (block, capacity) = allocate_cells(slabs, count);
        // SAFETY: the new block has room for `count` cells, as many as the old one holds.
        unsafe { std::ptr::copy_nonoverlapping(self.cells, block, count) };
        self.free_block(slabs);
        self.cells = block;
        self.capacity = capacity;
    }

    fn free_block(&mut self, slabs: &mut SlabAllocator) {
        if let Some(block) = NonNull::new(self.cells) {
            // SAFETY: the block was allocated with a size that leads to this capacity, and `self` forgets it.
            unsafe { slabs.free(block.cast(), usize::from(self.capacity) * CELL_BYTES) };
        }
    }
}

/// By how many cells a segment of `count` grows at a time.
fn growth_step(count: usize) -> usize {
    match count {
        0..=15 => 1,
        16..=63 => 4,
        64..=127 => 8,
        128..=255 => 16,
        _ => 32,
    }
}

/// A block for at least `count` cells, and its capacity.
fn allocate_cells(slabs: &mut SlabAllocator, count: usize) -> (*mut Cell, u16) {
    let wanted = count.next_multiple_of(growth_step(count));
    let capacity = SlabAllocator::usable_bytes(wanted * CELL_BYTES) / CELL_BYTES;
    (slabs.allocate(capacity * CELL_BYTES).cast().as_ptr(), to_u16(capacity))
}

fn to_u16(count: usize) -> u16 {
    // More would need 65 536 keys whose hashes agree in 24 bits: a quarter of an exabyte of them.
    u16::try_from(count).expect("a segment holds fewer than 65 536 cells")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(tag: u16, address: usize, volatile: bool) -> Cell {
        let pointer = NonNull::new(std::ptr::without_provenance_mut(address * 8)).unwrap();
        Cell::new(u64::from(tag) << 24, pointer, volatile)
    }

    #[test]
    fn cells_stay_sorted_and_counted_through_insertions_and_removals() {
        let mut slabs = SlabAllocator::new();
        let mut segment = Segment::EMPTY;
        for i in 1..=500usize {
            segment.insert(&mut slabs, cell((i * 40_503 % 65_536) as u16, i, i % 3 == 0));
            assert!(segment.cells().is_sorted_by_key(|cell| cell.tag()));
        }
        assert_eq!((segment.len(), segment.volatile_len()), (500, 166));
        while segment.len() > 0 {
            segment.remove(&mut slabs, segment.len() / 2);
            assert!(segment.cells().is_sorted_by_key(|cell| cell.tag()));
            let unused = segment.memory_bytes() / CELL_BYTES - segment.len();
            assert!(unused <= 3 * growth_step(segment.len()), "{unused} of {}", segment.len());
        }
        assert_eq!(segment.volatile_len(), 0);
        assert_eq!(slabs.allocated_bytes(), 0);
    }

    #[test]
    fn a_segment_wastes_no_more_than_a_growth_step() {
        let mut slabs = SlabAllocator::new();
        for count in 1..=SlabAllocator::usable_bytes(1) * 100 {
            let (block, capacity) = allocate_cells(&mut slabs, count);
            assert!(usize::from(capacity) <= count + growth_step(count) + 2, "{capacity} for {count}");
            // SAFETY: allocated just now with this size.
            unsafe { slabs.free(NonNull::new(block).unwrap().cast(), usize::from(capacity) * CELL_BYTES) };
        }
    }

    #[test]
    fn equal_tags_are_told_apart_by_the_match() {
        let mut slabs = SlabAllocator::new();
        let mut segment = Segment::EMPTY;
        for address in 1..=20 {
            segment.insert(&mut slabs, cell(7, address, false));
        }
        let wanted = cell(7, 13, false);
        let index = segment.position(7 << 24, |cell| cell.pointer() == wanted.pointer()).unwrap();
        assert_eq!(segment.cells()[index], wanted);
        assert_eq!(segment.position(7 << 24, |_| false), None);
        segment.clear(&mut slabs);
    }
}
