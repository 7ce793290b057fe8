//! Small lists as they lie in their keys' entries: the number of elements in two bytes, then the elements.

use super::element::{Element, listpack_bytes, place_of};
use super::limits::{Fill, LISTPACK_OVERHEAD_BYTES};
use super::{End, Iter, elements};

/// Bytes of the count.
const COUNT_BYTES: usize = 2;

/// A packed list, to be read.
#[derive(Clone, Copy)]
pub struct PackedList<'a>(&'a [u8]);

impl<'a> PackedList<'a> {
    /// The list that lies in an entry's bytes.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Number of elements.
    #[inline]
    pub fn len(self) -> usize {
        usize::from(u16::from_le_bytes([self.0[0], self.0[1]]))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The elements.
    #[inline]
    pub fn elements(self) -> &'a [u8] {
        &self.0[COUNT_BYTES..]
    }

    /// The elements from `index` on, towards an end; `index` may lie behind the last one.
    #[inline]
    pub fn iter(self, index: usize, towards: End) -> Iter<'a> {
        if index >= self.len() {
            return elements(&[], 0, towards);
        }
        let place = place_of(self.elements(), self.len(), index + usize::from(towards == End::Left));
        elements(self.elements(), place, towards)
    }

    /// The element at `index`.
    #[inline]
    pub fn get(self, index: usize) -> Option<Element<'a>> {
        self.iter(index, End::Right).next()
    }

    /// Whether the list would not be a small one any more with `count` elements of `bytes` in all added.
    pub fn would_exceed(self, fill: Fill, bytes: usize, count: usize) -> bool {
        // A listpack's entries are at most ten bytes to our seven; the sum needs to be known only near the limit.
        let roughly = self.0.len() + self.0.len() / 2 + LISTPACK_OVERHEAD_BYTES;
        if !fill.is_exceeded(roughly + bytes, self.len() + count) {
            return false;
        }
        let exactly = listpack_bytes(self.elements()) + LISTPACK_OVERHEAD_BYTES;
        fill.is_exceeded(exactly + bytes, self.len() + count)
    }
}
