//! Owned entries, and changes to an entry in its place.

use std::ptr::NonNull;
use std::sync::Arc;

use super::draft::EntryDraft;
use super::entry::{EntryRef, Layout};
use super::header::{Encoding, HEADER_BYTES, Header};
use super::store::Store;
use super::value::Splice;
use crate::collections::Object;
use crate::memory::SlabAllocator;

/// An entry that belongs to whoever holds this, not to a table. Dropping it leaks the entry: give it to a table or to
/// [`EntryBox::dispose`].
#[must_use]
pub(super) struct EntryBox(NonNull<u8>);

impl EntryBox {
    /// Write a new entry.
    #[inline]
    pub fn build(store: &mut Store, draft: EntryDraft<'_>) -> EntryBox {
        let block = store.slabs.allocate(draft.size());
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
    pub fn dispose(self, store: &mut Store) {
        self.drop_value(store);
        self.free_block(store);
    }

    #[inline]
    fn free_block(self, store: &mut Store) {
        let size = self.get().layout().size();
        // SAFETY: a block is always allocated, and overwritten, with an entry of its size class.
        unsafe { store.slabs.free(self.0, size) };
    }

    /// Make the entry what `draft` says, in its place if the new one needs a block of the same size. The old value is
    /// freed, the address may change.
    #[inline]
    pub fn overwrite(self, store: &mut Store, draft: EntryDraft<'_>) -> EntryBox {
        if SlabAllocator::usable_bytes(self.get().layout().size())
            != SlabAllocator::usable_bytes(draft.size())
        {
            let new = EntryBox::build(store, draft);
            self.dispose(store);
            return new;
        }
        self.drop_value(store);
        // SAFETY: the block is large enough; the draft came from outside, as no reference into this entry can be
        // alive while its owner is consumed.
        unsafe { draft.write(self.0) };
        self
    }

    /// The same value with another expiry. The address may change.
    pub fn with_expiry(self, store: &mut Store, expiry_ms: Option<i64>) -> EntryBox {
        let entry = self.get();
        if let (Some(expiry_ms), true) = (expiry_ms, entry.header().has_expiry()) {
            // SAFETY: an entry with an expiry has it after the header, aligned.
            unsafe { self.0.add(HEADER_BYTES).cast::<i64>().write(expiry_ms) };
            return self;
        }
        let object = self.take_object();
        let new = EntryBox::build(store, EntryDraft::of(entry, object, entry.key(), expiry_ms));
        self.dispose_without_object(store);
        new
    }

    /// The same value, with its expiry, under another key.
    pub fn with_key(self, store: &mut Store, key: &[u8]) -> EntryBox {
        let entry = self.get();
        let object = self.take_object();
        let new = EntryBox::build(store, EntryDraft::of(entry, object, key, entry.expiry_ms()));
        self.dispose_without_object(store);
        new
    }

    /// A packed value with a change made to it. The address may change.
    pub fn spliced(self, store: &mut Store, splice: Splice<'_>) -> EntryBox {
        let entry = self.get();
        let Layout { value_start, value_bytes, .. } = entry.layout();
        let Splice { at, remove, insert } = splice;
        debug_assert!(entry.header().encoding() == Encoding::Bytes && at + remove <= value_bytes);
        let length = value_bytes - remove + splice.inserted_bytes();
        let header = entry.header().with_value_length(packed_length(length));
        let block = store.slabs.allocate(value_start + length);
        // SAFETY: the new block has room for the head of the old one up to `at`, the pieces, and the old tail; `at` and
        // `remove` lie within the old value. The blocks are distinct, and the pieces borrowed from outside.
        unsafe {
            block.copy_from_nonoverlapping(self.0, value_start + at);
            block.cast::<Header>().write(header);
            let mut to = block.add(value_start + at);
            for piece in insert {
                to.copy_from_nonoverlapping(NonNull::from(*piece).cast(), piece.len());
                to = to.add(piece.len());
            }
            to.copy_from_nonoverlapping(self.0.add(value_start + at + remove), value_bytes - at - remove);
        }
        self.free_block(store);
        EntryBox(block)
    }

    /// Give up this entry's share of a large string, or free its object.
    #[inline]
    fn drop_value(&self, store: &mut Store) {
        match self.get().header().encoding() {
            Encoding::Bytes | Encoding::ShortInt | Encoding::Int => {}
            Encoding::Large => {
                let Layout { value_start, .. } = self.get().layout();
                // SAFETY: that is where the `Arc` is; the entry is freed or overwritten next.
                unsafe { self.0.add(value_start).cast::<Arc<Vec<u8>>>().drop_in_place() };
            }
            Encoding::Object => {
                if let Some(object) = self.take_object() {
                    store.dispose(object);
                }
            }
        }
    }

    /// Take an object over; the entry is freed or overwritten next, without another look at its value.
    fn take_object(&self) -> Option<Box<Object>> {
        if self.get().header().encoding() != Encoding::Object {
            return None;
        }
        let Layout { value_start, .. } = self.get().layout();
        // SAFETY: that is where the `Box` is, and the caller sees to it that this copy is the only one that is used.
        Some(unsafe { self.0.add(value_start).cast::<Box<Object>>().read() })
    }

    /// As `dispose`, for an entry whose object was taken, if it had one.
    fn dispose_without_object(self, store: &mut Store) {
        if self.get().header().encoding() != Encoding::Object {
            self.drop_value(store);
        }
        self.free_block(store);
    }
}

fn packed_length(length: usize) -> u16 {
    u16::try_from(length).expect("a packed value is converted long before it has 64 KiB")
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

    /// Make a change to a packed value, if that needs no block of another size; false, and nothing done, if it does.
    #[inline]
    pub fn splice(&mut self, splice: Splice<'_>) -> bool {
        let header = self.0.header();
        let Layout { value_start, value_bytes, .. } = self.0.layout();
        let Splice { at, remove, insert } = splice;
        debug_assert!(header.encoding() == Encoding::Bytes && at + remove <= value_bytes);
        let inserted = splice.inserted_bytes();
        let length = value_bytes - remove + inserted;
        if SlabAllocator::usable_bytes(value_start + length)
            != SlabAllocator::usable_bytes(value_start + value_bytes)
        {
            return false;
        }
        self.set_header(header.with_value_length(packed_length(length)));
        // SAFETY: the block has room for `length` bytes of value, and `at` and `remove` lie within the old one. The
        // pieces are borrowed from outside: nothing else refers to this entry.
        unsafe {
            let mut to = self.1.add(value_start + at);
            to.add(inserted).copy_from(to.add(remove), value_bytes - at - remove);
            for piece in insert {
                to.copy_from_nonoverlapping(NonNull::from(*piece).cast(), piece.len());
                to = to.add(piece.len());
            }
        }
        true
    }

    /// Set a packed value's own flag.
    pub fn set_flag(&mut self, flag: bool) {
        self.set_header(self.0.header().with_raw(flag));
    }

    /// The object that the value is, to be changed.
    #[inline]
    pub fn into_object(self) -> Option<&'a mut Object> {
        if self.0.header().encoding() != Encoding::Object {
            return None;
        }
        let Layout { value_start, .. } = self.0.layout();
        // SAFETY: that is where the aligned `Box` is; nothing else refers to the entry during `'a`.
        Some(unsafe { self.1.add(value_start).cast::<Box<Object>>().as_mut() })
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
