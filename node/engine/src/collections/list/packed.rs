//! Small lists as they lie in their keys' entries: the number of elements in two bytes, then the elements.

use super::element::{Element, Encoded, first_size, listpack_bytes, place_of};
use super::limits::{Fill, LISTPACK_OVERHEAD_BYTES};
use super::{End, Iter, elements};

/// A packed list, to be read.
#[derive(Clone, Copy, Debug)]
pub struct PackedList<'a>(&'a [u8]);

impl<'a> PackedList<'a> {
    /// Bytes of the count, in front of the elements.
    pub const COUNT_BYTES: usize = 2;

    /// The list without elements; it is not kept under a key.
    pub const EMPTY: PackedList<'static> = PackedList(&[0; Self::COUNT_BYTES]);

    /// The list that lies in an entry's bytes.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// All of its bytes.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        self.0
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
        &self.0[Self::COUNT_BYTES..]
    }

    /// Where in `bytes()` element `index` begins; where the last one ends if there are `index` of them.
    #[inline]
    pub fn place_of(self, index: usize) -> usize {
        Self::COUNT_BYTES + place_of(self.elements(), self.len(), index)
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

    /// The elements without those of a value, `limit` of which are left out, the nearest to an end; and how many that
    /// were.
    pub fn without(self, value: &Encoded<'_>, from: End, limit: usize) -> (Vec<u8>, usize) {
        let equal = self.raw_elements().filter(|raw| value.is(raw)).count();
        let left_out = equal.min(limit);
        let mut skip = if from == End::Left { 0 } else { equal - left_out };
        let mut removed = 0;
        let mut kept = Vec::with_capacity(self.0.len());
        for raw in self.raw_elements() {
            if removed < left_out && value.is(raw) {
                if skip == 0 {
                    removed += 1;
                    continue;
                }
                skip -= 1;
            }
            kept.extend_from_slice(raw);
        }
        (kept, removed)
    }

    fn raw_elements(self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.elements();
        std::iter::from_fn(move || {
            let size = (!rest.is_empty()).then(|| first_size(rest))?;
            let (raw, behind) = rest.split_at(size);
            rest = behind;
            Some(raw)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(values: &[&str]) -> Vec<u8> {
        let mut bytes = (values.len() as u16).to_le_bytes().to_vec();
        for value in values {
            bytes.extend(Encoded::new(value.as_bytes()).pieces().concat());
        }
        bytes
    }

    #[test]
    fn equal_elements_are_left_out_from_either_end() {
        let bytes = packed(&["a", "10", "a", "b", "a"]);
        let list = PackedList::new(&bytes);
        let without = |from, limit| {
            let (kept, removed) = list.without(&Encoded::new(b"a"), from, limit);
            let texts =
                elements(&kept, 0, End::Right).map(|element| String::from_utf8(element.to_vec()).unwrap());
            (texts.collect::<Vec<_>>().join(" "), removed)
        };
        assert_eq!(without(End::Left, 2), ("10 b a".to_owned(), 2));
        assert_eq!(without(End::Right, 2), ("a 10 b".to_owned(), 2));
        assert_eq!(without(End::Right, 9), ("10 b".to_owned(), 3));
        assert_eq!(without(End::Left, 0), ("a 10 a b a".to_owned(), 0));
    }

    #[test]
    fn the_limit_is_met_to_the_byte() {
        let values = vec!["x"; 100];
        let bytes = packed(&values);
        let list = PackedList::new(&bytes);
        // A listpack of these takes 300 bytes and seven more.
        assert!(!list.would_exceed(Fill::new(-1), 4096 - 307, 1));
        assert!(list.would_exceed(Fill::new(-1), 4096 - 306, 1));
        assert!(!list.would_exceed(Fill::new(101), 10, 1));
        assert!(list.would_exceed(Fill::new(101), 10, 2));
    }
}
