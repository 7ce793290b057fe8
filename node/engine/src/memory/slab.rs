//! The allocator of entries and of small tables' arrays.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::{self, NonNull};

use super::classes::{BLOCK_ALIGN_BYTES, BLOCK_BYTES_MAX, CLASS_COUNT, CLASSES, SizeClass, class_of};
use super::region::{NO_BLOCK, REGION_BYTES, Region, SLAB_BYTES, Slab, release_memory, slab_of};

/// Empty slabs whose memory is kept for the next use; what becomes empty beyond them goes back to the system.
const WARM_SLABS_MAX: usize = 64;

/// Allocates blocks of up to some two kibibytes from slabs of equal blocks, larger ones from the system.
///
/// A block carries no header: who frees it says how large it is. One allocator belongs to one engine and thread.
/// Dropping it frees all blocks that came from slabs, but not the larger ones.
pub struct SlabAllocator {
    /// By class: the slabs with free blocks; allocation takes from the first.
    partial: [*mut Slab; CLASS_COUNT],
    /// Empty slabs with resident memory, and those without.
    warm: *mut Slab,
    warm_count: usize,
    cold: *mut Slab,
    regions: Vec<Region>,
    allocated_bytes: u64,
    slabs_in_use: usize,
}

// SAFETY: all pointers lead into the allocator's own regions, which no other thread knows of.
unsafe impl Send for SlabAllocator {}

impl Default for SlabAllocator {
    fn default() -> Self {
        Self::new()
    }
}

impl SlabAllocator {
    /// An allocator that has taken no memory yet.
    pub fn new() -> Self {
        Self {
            partial: [ptr::null_mut(); CLASS_COUNT],
            warm: ptr::null_mut(),
            warm_count: 0,
            cold: ptr::null_mut(),
            regions: Vec::new(),
            allocated_bytes: 0,
            slabs_in_use: 0,
        }
    }

    /// How many bytes a request for `size` bytes gets: requests with the same answer can share a block.
    #[inline]
    pub fn usable_bytes(size: usize) -> usize {
        if size <= BLOCK_BYTES_MAX {
            usize::from(CLASSES[class_of(size)].block_bytes)
        } else {
            // The system allocator keeps one word of its own and rounds the sum up to two words.
            (size + 8).next_multiple_of(16) - 8
        }
    }

    /// Bytes in blocks that are in use and came from slabs, without the larger blocks, which the heap counts.
    #[inline]
    pub fn allocated_bytes(&self) -> u64 {
        self.allocated_bytes
    }

    /// Bytes of the slabs that hold at least one block.
    pub fn slab_bytes(&self) -> u64 {
        (self.slabs_in_use * SLAB_BYTES) as u64
    }

    /// Give the memory of empty slabs back to the system.
    pub fn release_unused(&mut self) {
        while !self.warm.is_null() {
            // SAFETY: slabs in the list of empty ones are mapped and described, and no block of them is in use.
            unsafe {
                let slab = &mut *self.warm;
                self.warm = slab.next;
                release_memory(slab);
                slab.next = self.cold;
                self.cold = slab;
            }
        }
        self.warm_count = 0;
    }

    /// A block of at least `size` bytes (at least one), aligned to eight, with undefined contents.
    #[inline]
    pub fn allocate(&mut self, size: usize) -> NonNull<u8> {
        debug_assert!(size > 0);
        if size > BLOCK_BYTES_MAX {
            return allocate_large(size);
        }
        let class = class_of(size);
        let mut slab = self.partial[class];
        if slab.is_null() {
            slab = self.add_slab(class);
        }
        let SizeClass { block_bytes, blocks } = CLASSES[class];
        self.allocated_bytes += u64::from(block_bytes);
        // SAFETY: slabs in a `partial` list are mapped and described, have a free block, and nobody else holds a
        // reference to the description while `self` is borrowed.
        unsafe {
            let slab = &mut *slab;
            let offset = if slab.free == NO_BLOCK {
                let offset = usize::from(slab.fresh) * usize::from(block_bytes);
                slab.fresh += 1;
                offset
            } else {
                let offset = usize::from(slab.free) * BLOCK_ALIGN_BYTES;
                slab.free = slab.base.add(offset).cast::<u16>().read();
                offset
            };
            slab.live += 1;
            if slab.live == blocks {
                self.unlink_partial(slab);
            }
            NonNull::new_unchecked(slab.base.add(offset))
        }
    }

    /// Give a block back.
    ///
    /// # Safety
    /// `block` came from `allocate` of this allocator with a size of the same [`usable_bytes`](Self::usable_bytes),
    /// has not been freed since, and is not used afterwards.
    #[inline]
    pub unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        if size > BLOCK_BYTES_MAX {
            // SAFETY: the caller's promise, passed on.
            return unsafe { free_large(block, size) };
        }
        // SAFETY: the block came from a slab of ours, whose description nobody else refers to.
        unsafe {
            let slab = slab_of(block).as_mut();
            let class = usize::from(slab.class);
            debug_assert_eq!(
                class,
                class_of(size),
                "a block was freed with another size than it was allocated with"
            );
            let SizeClass { block_bytes, blocks } = CLASSES[class];
            block.cast::<u16>().write(slab.free);
            slab.free = ((block.as_ptr() as usize - slab.base as usize) / BLOCK_ALIGN_BYTES) as u16;
            self.allocated_bytes -= u64::from(block_bytes);
            slab.live -= 1;
            if slab.live == blocks - 1 {
                self.link_partial(slab);
            }
            if slab.live == 0 {
                self.retire(slab);
            }
        }
    }

    /// Put a slab that just got its first free block at the head of its class: being nearly full, it fills up again
    /// first, while emptier ones, behind it, get the time to become empty.
    fn link_partial(&mut self, slab: &mut Slab) {
        let head = &mut self.partial[usize::from(slab.class)];
        slab.previous = ptr::null_mut();
        slab.next = *head;
        if !slab.next.is_null() {
            // SAFETY: listed slabs are mapped and described, and `next` is not `slab`, which was in no list.
            unsafe { (*slab.next).previous = slab };
        }
        *head = slab;
    }

    fn unlink_partial(&mut self, slab: &mut Slab) {
        // SAFETY: the neighbours in a list are mapped, described and other slabs than this one.
        unsafe {
            if slab.previous.is_null() {
                self.partial[usize::from(slab.class)] = slab.next;
            } else {
                (*slab.previous).next = slab.next;
            }
            if !slab.next.is_null() {
                (*slab.next).previous = slab.previous;
            }
        }
    }

    /// Take an empty slab out of its class, unless it is the class's only one with free blocks: one block that comes
    /// and goes should not take its slab to the pool and back every time.
    fn retire(&mut self, slab: &mut Slab) {
        if slab.previous.is_null() && slab.next.is_null() {
            return;
        }
        self.unlink_partial(slab);
        self.slabs_in_use -= 1;
        if self.warm_count < WARM_SLABS_MAX {
            slab.next = self.warm;
            self.warm = slab;
            self.warm_count += 1;
        } else {
            // SAFETY: no block of the slab is in use.
            unsafe { release_memory(slab) };
            slab.next = self.cold;
            self.cold = slab;
        }
    }

    #[cold]
    fn add_slab(&mut self, class: usize) -> *mut Slab {
        // SAFETY: slabs in the lists of empty ones, and those new from a region, are mapped and described, and nobody
        // else refers to them.
        let slab = unsafe {
            if !self.warm.is_null() {
                let slab = &mut *self.warm;
                self.warm = slab.next;
                self.warm_count -= 1;
                slab
            } else if !self.cold.is_null() {
                let slab = &mut *self.cold;
                self.cold = slab.next;
                slab
            } else {
                self.new_slab().as_mut()
            }
        };
        slab.class = class as u16;
        slab.free = NO_BLOCK;
        slab.fresh = 0;
        slab.live = 0;
        self.slabs_in_use += 1;
        self.link_partial(slab);
        slab
    }

    fn new_slab(&mut self) -> NonNull<Slab> {
        if let Some(slab) = self.regions.last_mut().and_then(Region::take_slab) {
            return slab;
        }
        let slab = Region::map().and_then(|region| {
            self.regions.push(region);
            self.regions.last_mut().and_then(Region::take_slab)
        });
        slab.unwrap_or_else(|| handle_alloc_error(Layout::new::<[u8; REGION_BYTES]>()))
    }
}

/// All sizes that may share a block have the same layout.
fn large_layout(size: usize) -> Layout {
    Layout::from_size_align(SlabAllocator::usable_bytes(size), BLOCK_ALIGN_BYTES)
        .expect("a block is smaller than the address space")
}

#[cold]
fn allocate_large(size: usize) -> NonNull<u8> {
    let layout = large_layout(size);
    // SAFETY: the layout's size is not zero.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// # Safety
/// As [`SlabAllocator::free`].
#[cold]
unsafe fn free_large(block: NonNull<u8>, size: usize) {
    // SAFETY: the block came from `allocate_large`.
    unsafe { dealloc(block.as_ptr(), large_layout(size)) }
}
