//! Packed sequences: the elements of a small collection, one behind the other, each behind its compact length.
//!
//! A hash is packed as field, value, field, value; a set as its members. Nothing says how many there are: whoever
//! looks for one walks over the others anyway. Changes are [`Splice`]s, which the keyspace applies to the entry.

use super::length::{Prefix, length_bytes, read_length};
use crate::keyspace::Splice;

/// An element where it lies in its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    pub bytes: &'a [u8],
    /// Where the element begins, with its length.
    pub start: usize,
    /// Where the next one begins.
    pub end: usize,
}

impl Element<'_> {
    /// The change that removes the element.
    #[inline]
    pub fn removal(&self) -> Splice<'static> {
        Splice { at: self.start, remove: self.end - self.start, insert: &[] }
    }

    /// The change that puts another in its place, to be given as its [`Prefix`] and its bytes.
    #[inline]
    pub fn replacement<'p>(&self, insert: &'p [&'p [u8]]) -> Splice<'p> {
        Splice { at: self.start, remove: self.end - self.start, insert }
    }
}

/// Bytes that an element of `length` bytes takes in a sequence.
#[inline]
pub const fn element_bytes(length: usize) -> usize {
    length_bytes(length) + length
}

/// Append an element.
#[inline]
pub fn push(out: &mut Vec<u8>, element: &[u8]) {
    out.extend_from_slice(Prefix::new(element.len()).as_bytes());
    out.extend_from_slice(element);
}

/// The element that begins at `at`, or `None` at the end.
#[inline]
pub fn element_at(packed: &[u8], at: usize) -> Option<Element<'_>> {
    if at >= packed.len() {
        return None;
    }
    let (length, prefix) = read_length(&packed[at..]);
    let start = at + prefix;
    let end = start + length;
    Some(Element { bytes: &packed[start..end], start: at, end })
}

/// All elements in order.
#[inline]
pub fn elements(packed: &[u8]) -> Elements<'_> {
    Elements { packed, at: 0 }
}

/// The elements from place `at` on, where one begins.
#[inline]
pub fn elements_from(packed: &[u8], at: usize) -> Elements<'_> {
    Elements { packed, at }
}

/// Number of elements. Walks over all of them.
pub fn count(packed: &[u8]) -> usize {
    let mut at = 0;
    let mut count = 0;
    while at < packed.len() {
        let (length, prefix) = read_length(&packed[at..]);
        at += prefix + length;
        count += 1;
    }
    count
}

/// The element at `index`.
#[inline]
pub fn nth(packed: &[u8], index: usize) -> Option<Element<'_>> {
    elements(packed).nth(index)
}

/// Look for an element among every `stride`-th, the first included: with 2 among a hash's fields, with 1 among all.
///
/// # Errors
/// How many there are, when none is equal to `wanted`.
#[inline]
pub fn find<'a>(packed: &'a [u8], wanted: &[u8], stride: usize) -> Result<Element<'a>, usize> {
    let mut at = 0;
    let mut count = 0;
    while at < packed.len() {
        let (length, prefix) = read_length(&packed[at..]);
        let start = at + prefix;
        let end = start + length;
        if length == wanted.len() && &packed[start..end] == wanted {
            return Ok(Element { bytes: &packed[start..end], start: at, end });
        }
        at = end;
        for _ in 1..stride {
            let (length, prefix) = read_length(&packed[at..]);
            at += prefix + length;
        }
        count += 1;
    }
    Err(count)
}

/// Iterator over the elements of a sequence.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    packed: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        let element = element_at(self.packed, self.at)?;
        self.at = element.end;
        Some(element)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packed(list: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        list.iter().for_each(|element| push(&mut bytes, element));
        bytes
    }

    fn list() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let element = prop_oneof![
            9 => prop::collection::vec(any::<u8>(), 0..4),
            1 => prop::collection::vec(any::<u8>(), 250..260),
        ];
        prop::collection::vec(element, 0..20)
    }

    proptest! {
        #[test]
        fn a_sequence_reads_as_the_list_it_was_made_from(list in list()) {
            let bytes = packed(&list);
            prop_assert_eq!(count(&bytes), list.len());
            prop_assert_eq!(bytes.len(), list.iter().map(|element| element_bytes(element.len())).sum::<usize>());
            let read: Vec<_> = elements(&bytes).map(|element| element.bytes.to_vec()).collect();
            prop_assert_eq!(&read, &list);
            for (index, element) in list.iter().enumerate() {
                let found = nth(&bytes, index).unwrap();
                prop_assert_eq!(found.bytes, element);
                prop_assert_eq!(elements_from(&bytes, found.start).next(), Some(found));
            }
            prop_assert_eq!(nth(&bytes, list.len()), None);
        }

        #[test]
        fn find_gives_the_first_equal_element_or_the_number_of_candidates(list in list(), index in 0..40usize) {
            let wanted = list.get(index).cloned().unwrap_or_else(|| b"not in it".to_vec());
            let bytes = packed(&list);
            let first = list.iter().position(|element| *element == wanted).ok_or(list.len());
            prop_assert_eq!(find(&bytes, &wanted, 1), first.map(|index| nth(&bytes, index).unwrap()));
            let pairs = &list[..list.len() / 2 * 2];
            let fields: Vec<_> = pairs.iter().step_by(2).collect();
            let first = fields.iter().position(|field| **field == wanted).ok_or(fields.len());
            let bytes = packed(pairs);
            prop_assert_eq!(find(&bytes, &wanted, 2), first.map(|index| nth(&bytes, 2 * index).unwrap()));
        }

        #[test]
        fn a_splice_changes_the_sequence_as_it_would_the_list(
            mut list in list(),
            index in 0..20usize,
            new in prop::option::of(prop::collection::vec(any::<u8>(), 0..300)),
        ) {
            let mut bytes = packed(&list);
            let index = index.min(list.len());
            let prefix = Prefix::new(new.as_ref().map_or(0, Vec::len));
            let pieces = new.as_ref().map(|new| [prefix.as_bytes(), new]);
            let insert: &[&[u8]] = pieces.as_ref().map_or(&[], |pieces| pieces);
            let splice = match nth(&bytes, index) {
                Some(old) if insert.is_empty() => old.removal(),
                Some(old) => old.replacement(insert),
                None => Splice { at: bytes.len(), remove: 0, insert },
            };
            bytes.splice(splice.at..splice.at + splice.remove, splice.insert.concat());
            list.splice(index..(index + 1).min(list.len()), new);
            prop_assert_eq!(bytes, packed(&list));
        }
    }
}
