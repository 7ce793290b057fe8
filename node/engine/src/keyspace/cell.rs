//! A table's cell: sixteen bits of hash, a pointer and two flags in eight bytes.

use std::ptr::NonNull;

const POINTER_BITS: u32 = 48;
const FLAG_MASK: u64 = 0b111;
const POINTER_MASK: u64 = ((1 << POINTER_BITS) - 1) & !FLAG_MASK;
const VOLATILE: u64 = 0b001;

/// The bits of a hash that order a table: the 24 above choose the segment, the 16 below are the cell's tag.
pub const ORDER_BITS: u32 = 40;

/// Where a hash stands in a table's order: its upper 40 bits.
#[inline]
pub fn order_of(hash: u64) -> u64 {
    hash >> (64 - ORDER_BITS)
}

/// The lower 16 bits of the order.
#[inline]
pub fn tag_of(hash: u64) -> u16 {
    order_of(hash) as u16
}

/// One record of a table: its tag, where it lies, and whether it expires. Cells compare by tag first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Cell(u64);

impl Cell {
    /// A cell for a record at `pointer`, which is aligned to eight bytes.
    #[inline]
    pub fn new(hash: u64, pointer: NonNull<u8>, volatile: bool) -> Self {
        let address = pointer.as_ptr().expose_provenance() as u64;
        // x86-64 and AArch64 Linux hand out no addresses above 47 and 48 bits unless asked to.
        debug_assert_eq!(
            address & !POINTER_MASK,
            0,
            "a record's address has bits that a cell has no room for"
        );
        Self(u64::from(tag_of(hash)) << POINTER_BITS | address | (u64::from(volatile) * VOLATILE))
    }

    /// The record's address.
    #[inline]
    pub fn pointer(self) -> NonNull<u8> {
        let address = std::ptr::with_exposed_provenance_mut((self.0 & POINTER_MASK) as usize);
        NonNull::new(address).expect("cells are made from pointers that are not null")
    }

    /// The same cell with its record elsewhere.
    #[inline]
    pub fn moved_to(self, pointer: NonNull<u8>) -> Self {
        let address = pointer.as_ptr().expose_provenance() as u64;
        debug_assert_eq!(address & !POINTER_MASK, 0);
        Self(self.0 & !POINTER_MASK | address)
    }

    /// Whether the record has an expiry.
    #[inline]
    pub fn is_volatile(self) -> bool {
        self.0 & VOLATILE != 0
    }

    /// The same cell, with an expiry or without.
    #[inline]
    pub fn with_volatile(self, volatile: bool) -> Self {
        Self(self.0 & !VOLATILE | (u64::from(volatile) * VOLATILE))
    }

    #[inline]
    pub fn tag(self) -> u16 {
        (self.0 >> POINTER_BITS) as u16
    }

    /// The cell as a number that sorts by tag: not below `floor(tag)` exactly when its tag is not below `tag`.
    #[inline]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The least bits that a cell with this tag can have.
    #[inline]
    pub fn floor(tag: u16) -> u64 {
        u64::from(tag) << POINTER_BITS
    }
}
