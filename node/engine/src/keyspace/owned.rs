//! Owned entries, and changes to an entry in its place.

use std::ptr::NonNull;
use std::sync::Arc;

use super::draft::EntryDraft;
use super::entry::{EntryRef, Layout};
use super::header::{Encoding, HEADER_BYTES, Header};
use crate::memory::SlabAllocator;

/// An entry that belongs to whoever holds this, not to a table. Dropping it leaks the entry: give it to a table or to
/// [`EntryBox::dispose`].
#[must_use]
pub(super) struct EntryBox(NonNull<u8>);

impl EntryBox {
    /// Write a new entry.
    #[inline]
    pub fn build(slabs: &mut SlabAllocator, draft: EntryDraft<'_>) -> EntryBox {
        let block = slabs.allocate(draft.size());
        // SAFETY: the block is new and large enough; what the draft borrows cannot lie in it.
        unsafe { draft.write(block) };
        EntryBox(block)
    }

    /// Take over the entry that a cell points to.
    ///
    /// # Safety
    /// It is a live entry, and the cell is not used as a pointer to it any more, unless it gets the entry back.
    #[inline]
    pub unsafe fn from_pointer(pointer: NonNull<u8>) -> Self {
        Self(pointer)
    }

    /// The entry's address, for a cell that takes the entry over.
    #[inline]
    pub fn into_pointer(self) -> NonNull<u8> {
        self.0
    }

    #[inline]
    pub fn get(&self) -> EntryRef<'_> {
        // SAFETY: the entry is alive as long as its owner, and not changed while that is borrowed.
        unsafe { EntryRef::from_pointer(self.0) }
    }

    /// Free the entry and its value.
    #[inline]
    pub fn dispose(self, slabs: &mut SlabAllocator) {
        let size = self.get().layout().size();
        self.drop_value();
        // SAFETY: a block is always allocated, and overwritten, with an entry of its size class.
        unsafe { slabs.free(self.0, size) };
    }

    /// Make the entry what `draft` says, in its place if the new one needs a block of the same size. The old value is
    /// freed, the address may change.
    #[inline]
    pub fn overwrite(self, slabs: &mut SlabAllocator, draft: EntryDraft<'_>) -> EntryBox {
        if SlabAllocator::usable_bytes(self.get().layout().size())
            != SlabAllocator::usable_bytes(draft.size())
        {
            let new = EntryBox::build(slabs, draft);
            self.dispose(slabs);
            return new;
        }
        self.drop_value();
        // SAFETY: the block is large enough; the draft came from outside, as no reference into this entry can be
        // alive while its owner is consumed.
        unsafe { draft.write(self.0) };
        self
    }

    /// The same value with another expiry. The address may change.
    pub fn with_expiry(self, slabs: &mut SlabAllocator, expiry_ms: Option<i64>) -> EntryBox {
        let entry = self.get();
        if let (Some(expiry_ms), true) = (expiry_ms, entry.header().has_expiry()) {
            // SAFETY: an entry with an expiry has it after the header, aligned.
            unsafe { self.0.add(HEADER_BYTES).cast::<i64>().write(expiry_ms) };
            return self;
        }
        let new = EntryBox::build(slabs, EntryDraft::of(entry, entry.key(), expiry_ms));
        self.dispose(slabs);
        new
    }

    /// Give up this entry's share of a large value.
    #[inline]
    fn drop_value(&self) {
        if self.get().header().encoding() == Encoding::Large {
            let Layout { value_start, .. } = self.get().layout();
            // SAFETY: that is where the `Arc` is; the entry is freed or overwritten next.
            unsafe { self.0.add(value_start).cast::<Arc<Vec<u8>>>().drop_in_place() };
        }
    }
}

/// An entry in a table, to be changed without changing its size class.
pub struct EntryMut<'a>(EntryRef<'a>, NonNull<u8>);

impl<'a> EntryMut<'a> {
    /// # Safety
    /// `pointer` is a live entry's, and nothing else refers to it during `'a`.
    #[inline]
    pub(super) unsafe fn from_pointer(pointer: NonNull<u8>) -> Self {
        // SAFETY: the caller's promise; methods that change the entry borrow `self` mutably.
        Self(unsafe { EntryRef::from_pointer(pointer) }, pointer)
    }

    /// The entry, to be read.
    #[inline]
    pub fn get(&self) -> EntryRef<'_> {
        self.0
    }

    /// The entry, to be read for as long as it is borrowed from its table.
    #[inline]
    pub fn into_ref(self) -> EntryRef<'a> {
        self.0
    }

    #[inline]
    fn set_header(&mut self, header: Header) {
        // SAFETY: an entry starts with an aligned header.
        unsafe { self.1.cast::<Header>().write(header) };
    }

    /// Set the 24 access bits.
    #[inline]
    pub fn set_access(&mut self, access: u32) {
        // A header that stays the same is not written: that would make its cache line dirty for nothing.
        if self.0.access() != access {
            self.set_header(self.0.header().with_access(access));
        }
    }

    /// Replace an integer by another; false if the value is no integer or the new one needs another form.
    #[inline]
    pub fn set_int(&mut self, value: i64) -> bool {
        let header = self.0.header();
        match (header.encoding(), u16::try_from(value)) {
            (Encoding::ShortInt, Ok(short)) => self.set_header(header.with_value_length(short)),
            (Encoding::Int, _) => {
                let Layout { value_start, .. } = self.0.layout();
                // SAFETY: an integer lies there.
                unsafe { self.1.add(value_start).cast::<i64>().write_unaligned(value) };
            }
            _ => return false,
        }
        true
    }

    /// Give an embedded byte value another length, zeros added at its end, and mark it as modified. Returns the value,
    /// or `None` if the value is of another form or the block is not of the size that the new length needs.
    pub fn resize_value(&mut self, length: usize) -> Option<&mut [u8]> {
        let header = self.0.header();
        let Layout { value_start, value_bytes, .. } = self.0.layout();
        let usable = SlabAllocator::usable_bytes(value_start + value_bytes);
        if header.encoding() != Encoding::Bytes || SlabAllocator::usable_bytes(value_start + length) != usable
        {
            return None;
        }
        self.set_header(header.with_value_length(u16::try_from(length).ok()?).with_raw(true));
        // SAFETY: the block has room for the longer value, of which the first `value_bytes` are initialised.
        unsafe {
            let start = self.1.add(value_start);
            start.add(value_bytes.min(length)).write_bytes(0, length.saturating_sub(value_bytes));
            Some(std::slice::from_raw_parts_mut(start.as_ptr(), length))
        }
    }

    /// A large value, to be changed: copied first if replies that are still being sent share it.
    pub fn large_value(&mut self) -> Option<&mut Vec<u8>> {
        if self.0.header().encoding() != Encoding::Large {
            return None;
        }
        let Layout { value_start, .. } = self.0.layout();
        // SAFETY: that is where the aligned `Arc` is, and `self` is borrowed as long as the vector.
        let value = unsafe { self.1.add(value_start).cast::<Arc<Vec<u8>>>().as_mut() };
        Some(Arc::make_mut(value))
    }
}
