//! Leaves of the index: addresses of records in order, each with a tag that often spares looking at the record.
//!
//! A tag is a score's order on the scale of its leaf, in sixteen bits; scores beyond the ends of the scale have its
//! first or last tag. So tags never contradict the order, and only records with the tag that is searched for have to be
//! looked at. A cache miss is what looking at a record costs, and a search without tags would have six in each leaf.

use std::ptr::NonNull;

use super::place::{Order, Place};
use super::record::{ScoredMember, read_at};

/// Entries of a leaf.
pub const LEAF_MAX: usize = 64;

const POINTER_BITS: u32 = 48;
const POINTER_MASK: u64 = (1 << POINTER_BITS) - 1;
const TAG_MAX: u64 = u16::MAX as u64;
/// A leaf whose tags differ by less than this gets a new scale when it is split.
const TAG_SPAN_MIN: u64 = 0x2000;

/// A record's address and tag.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Entry(u64);

impl Entry {
    #[inline]
    fn new(record: NonNull<u8>, tag: u64) -> Self {
        let address = record.as_ptr().expose_provenance() as u64;
        debug_assert_eq!(
            address & !POINTER_MASK,
            0,
            "a record's address has bits that an entry has no room for"
        );
        Self(tag << POINTER_BITS | address)
    }

    /// The record's address.
    #[inline]
    pub fn record(self) -> NonNull<u8> {
        let address = std::ptr::with_exposed_provenance_mut((self.0 & POINTER_MASK) as usize);
        NonNull::new(address).expect("entries are made from pointers that are not null")
    }

    /// The record.
    ///
    /// # Safety
    /// It is alive, and not changed during `'a`.
    #[inline]
    pub unsafe fn read<'a>(self) -> ScoredMember<'a> {
        // SAFETY: the caller's promise.
        unsafe { read_at(self.record()) }
    }

    #[inline]
    fn tag(self) -> u64 {
        self.0 >> POINTER_BITS
    }
}

/// Up to [`LEAF_MAX`] entries in order. All records in it are alive.
#[repr(C)]
pub struct Leaf {
    /// The order at which the scale begins, and by how many bits orders are shifted to become tags.
    base: u64,
    shift: u8,
    len: u16,
    entries: [Entry; LEAF_MAX],
}

impl Leaf {
    /// A leaf without entries.
    pub const EMPTY: Leaf = Leaf { base: 0, shift: 48, len: 0, entries: [Entry(0); LEAF_MAX] };

    /// The entries in order.
    #[inline]
    pub fn entries(&self) -> &[Entry] {
        &self.entries[..usize::from(self.len)]
    }

    /// Number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    #[inline]
    fn tag_of(&self, order: Order) -> u64 {
        (order.0.saturating_sub(self.base) >> self.shift).min(TAG_MAX)
    }

    /// Number of entries before a place.
    #[inline]
    pub fn count_before(&self, place: &Place<'_>) -> usize {
        let (low, high) = match place.order() {
            None => (0, self.len()),
            Some(order) => {
                let tag = self.tag_of(order);
                let low = self.entries().partition_point(|entry| entry.tag() < tag);
                let same = self.entries()[low..].partition_point(|entry| entry.tag() == tag);
                (low, low + same)
            }
        };
        // SAFETY: a leaf's records are alive, and not changed while it is borrowed.
        low + self.entries()[low..high].partition_point(|entry| place.is_behind(unsafe { entry.read() }))
    }

    /// Insert a record at `index`; there must be room.
    pub fn insert(&mut self, index: usize, record: NonNull<u8>, order: Order) {
        let len = self.len();
        self.entries.copy_within(index..len, index + 1);
        self.entries[index] = Entry::new(record, self.tag_of(order));
        self.len += 1;
        // A young leaf does not know yet which scores it will have.
        if len < LEAF_MAX / 2 && (len + 1).is_power_of_two() {
            self.rescale();
        }
    }

    /// Take an entry out.
    pub fn remove(&mut self, index: usize) -> Entry {
        let removed = self.entries[index];
        let len = self.len();
        self.entries.copy_within(index + 1..len, index);
        self.len -= 1;
        removed
    }

    /// Move the entries from `index` on into an empty leaf.
    pub fn split_into(&mut self, index: usize, other: &mut Leaf) {
        let moved = &self.entries[index..self.len()];
        other.entries[..moved.len()].copy_from_slice(moved);
        other.len = moved.len() as u16;
        (other.base, other.shift) = (self.base, self.shift);
        self.len = index as u16;
        self.rescale_if_coarse();
        other.rescale_if_coarse();
    }

    /// Add the entries of the leaf behind this one; there must be room.
    pub fn append(&mut self, other: &Leaf) {
        let len = self.len();
        self.entries[len..len + other.len()].copy_from_slice(other.entries());
        self.len += other.len;
        self.rescale();
    }

    /// Tell of a score that was changed without changing the order.
    pub fn set_order(&mut self, index: usize, order: Order) {
        self.entries[index] = Entry::new(self.entries[index].record(), self.tag_of(order));
    }

    fn rescale_if_coarse(&mut self) {
        if let [first, .., last] = self.entries() {
            let (low, high) = (first.tag(), last.tag());
            let coarse = high.saturating_sub(low) < TAG_SPAN_MIN || low == 0 || high == TAG_MAX;
            if coarse && self.order(0) != self.order(self.len() - 1) {
                self.rescale();
            }
        }
    }

    #[inline]
    fn order(&self, index: usize) -> Order {
        // SAFETY: a leaf's records are alive, and not changed while it is borrowed.
        Order::of(unsafe { self.entries()[index].read() }.score)
    }

    /// Choose the scale anew: what there is gets its middle half, for others to come before and behind.
    #[cold]
    fn rescale(&mut self) {
        let len = self.len();
        if len == 0 {
            return;
        }
        let first = self.order(0).0;
        let span = self.order(len - 1).0 - first;
        if span > 0 {
            self.base = first.saturating_sub(span / 2);
            let used_bits = 64 - span.leading_zeros();
            // Twice the span is to fit into sixteen bits.
            self.shift = (used_bits + 1).saturating_sub(16) as u8;
        }
        for index in 0..len {
            self.set_order(index, self.order(index));
        }
    }
}
