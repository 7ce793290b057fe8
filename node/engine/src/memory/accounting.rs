//! How many bytes the process has allocated on the Rust heap, counted as they are allocated.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static HEAP_BYTES: AtomicUsize = AtomicUsize::new(0);

/// What the system allocator adds to a request (one size word), and the multiple it rounds the sum up to.
const CHUNK_HEADER_BYTES: usize = 8;
const CHUNK_ALIGN_BYTES: usize = 16;

/// Bytes on the Rust heap now, with the system allocator's overhead. Slabs are not in it: see
/// [`SlabAllocator::allocated_bytes`](super::SlabAllocator::allocated_bytes).
pub fn heap_bytes() -> u64 {
    HEAP_BYTES.load(Ordering::Relaxed) as u64
}

/// Have the system allocator give unused memory back to the system.
pub fn trim_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call has no preconditions and leaves what is allocated alone.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The system allocator with a count of what it handed out; to be installed by `#[global_allocator]`.
///
/// The counter is exact with any number of threads: small objects, which are the frequent ones, live in slabs and
/// never come here, so an atomic addition (some 6 ns) a call costs less than a counter that may drift.
pub struct CountingAllocator;

fn chunk_bytes(size: usize) -> usize {
    (size + CHUNK_HEADER_BYTES).next_multiple_of(CHUNK_ALIGN_BYTES)
}

// SAFETY: every call is passed on unchanged to `System`; the counter has no influence on it.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HEAP_BYTES.fetch_add(chunk_bytes(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        HEAP_BYTES.fetch_add(chunk_bytes(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HEAP_BYTES.fetch_sub(chunk_bytes(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        HEAP_BYTES.fetch_add(chunk_bytes(new_size), Ordering::Relaxed);
        HEAP_BYTES.fetch_sub(chunk_bytes(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_has_a_size_word_and_is_rounded_up() {
        assert_eq!(chunk_bytes(8), 16);
        assert_eq!(chunk_bytes(24), 32);
        assert_eq!(chunk_bytes(25), 48);
    }
}
