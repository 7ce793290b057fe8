//! Regions: large stretches of address space that are cut into slabs.
//!
//! A region is aligned to its own size and keeps the descriptions of all its slabs in its first slab. So the way from
//! a block to its slab's description is arithmetic, and the descriptions of neighbouring slabs share cache lines; a
//! header at every slab's start would put all of them into the same few sets of the cache.

use std::ptr::{self, NonNull};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// Bytes of a slab, and its alignment.
pub const SLAB_BYTES: usize = 64 << 10;

/// Bytes of a region, and its alignment. Only what is touched becomes resident.
pub const REGION_BYTES: usize = 32 << 20;

const SLABS_PER_REGION: usize = REGION_BYTES / SLAB_BYTES;

/// No block: the end of a slab's list of free blocks.
pub const NO_BLOCK: u16 = u16::MAX;

/// What is known of one slab. Lies in the region's first slab.
#[repr(C, align(32))]
pub struct Slab {
    /// Neighbours in the list this slab is in: the slabs of its class with free blocks, or the empty ones.
    pub next: *mut Slab,
    pub previous: *mut Slab,
    /// First byte of the slab.
    pub base: *mut u8,
    /// The first free block, in units of eight bytes from `base`, or [`NO_BLOCK`]; its first two bytes name the next.
    pub free: u16,
    /// Blocks that were ever handed out: what lies behind them is untouched and not resident.
    pub fresh: u16,
    /// Blocks in use.
    pub live: u16,
    /// The size class its blocks have.
    pub class: u16,
}

const _: () = assert!(size_of::<Slab>() * SLABS_PER_REGION <= SLAB_BYTES);

/// A mapped region; its slabs are handed out one by one.
pub struct Region {
    base: NonNull<u8>,
    slabs_taken: usize,
}

impl Region {
    /// Map a region. `None` when the system has no address space left.
    pub fn map() -> Option<Region> {
        let spare = REGION_BYTES * 2;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a fresh private mapping at an address of the system's choice touches nothing that exists.
        let mapped =
            unsafe { mmap_anonymous(ptr::null_mut(), spare, ProtFlags::READ | ProtFlags::WRITE, flags) };
        let start = mapped.ok()?.cast::<u8>();
        let before = start.align_offset(REGION_BYTES);
        let base = start.wrapping_add(before);
        let after = REGION_BYTES - before;
        // SAFETY: both ends lie inside the mapping just made, outside the region that is kept, and hold no data.
        unsafe {
            if before > 0 {
                munmap(start.cast(), before).ok()?;
            }
            if after > 0 {
                munmap(base.wrapping_add(REGION_BYTES).cast(), after).ok()?;
            }
        }
        // Slab 0 holds the descriptions.
        Some(Region { base: NonNull::new(base)?, slabs_taken: 1 })
    }

    /// A slab that was never used, or `None` when all have been taken.
    pub fn take_slab(&mut self) -> Option<NonNull<Slab>> {
        if self.slabs_taken == SLABS_PER_REGION {
            return None;
        }
        let index = self.slabs_taken;
        self.slabs_taken += 1;
        // SAFETY: `index` is below the number of slabs: description and slab both lie inside the region, the
        // description is aligned (the region is) and nobody else refers to it, as each index is taken once.
        unsafe {
            let slab = self.base.cast::<Slab>().add(index);
            slab.write(Slab {
                next: ptr::null_mut(),
                previous: ptr::null_mut(),
                base: self.base.as_ptr().add(index * SLAB_BYTES),
                free: NO_BLOCK,
                fresh: 0,
                live: 0,
                class: 0,
            });
            Some(slab)
        }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the region was mapped by `map` with this address and size; its owner uses none of it any more.
        // Nothing can be done about a failure, which would only leak address space.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), REGION_BYTES) };
    }
}

/// The slab a block lies in.
///
/// # Safety
/// `block` came from a slab of a mapped region.
#[inline]
pub unsafe fn slab_of(block: NonNull<u8>) -> NonNull<Slab> {
    let offset = block.as_ptr() as usize & (REGION_BYTES - 1);
    // SAFETY: the region is aligned to its size, so this is its base, where the descriptions are, one for each slab.
    unsafe { block.sub(offset).cast::<Slab>().add(offset / SLAB_BYTES) }
}

/// Give the memory of an empty slab back to the system; its address space stays.
///
/// # Safety
/// No block of the slab is in use.
pub unsafe fn release_memory(slab: &mut Slab) {
    // SAFETY: the slab is whole pages of our own mapping, and the caller says that nothing in it is needed.
    // A failure leaves the memory resident, which is not wrong.
    let _ = unsafe { madvise(slab.base.cast(), SLAB_BYTES, Advice::LinuxDontNeed) };
}
