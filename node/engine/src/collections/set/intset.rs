//! Sets of integers: sorted, each as wide as the widest needs.
//!
//! The first byte is the width of an integer in bytes, 2, 4 or 8; the integers follow, the lowest byte first.

/// The integer set without members.
pub const EMPTY: [u8; 1] = [2];

/// Number of integers.
#[inline]
pub fn len(set: &[u8]) -> usize {
    (set.len() - 1) / usize::from(set[0])
}

/// The integer at `index` of their order, `index < len()`.
#[inline]
pub fn get(set: &[u8], index: usize) -> i64 {
    let width = usize::from(set[0]);
    let at = 1 + index * width;
    match &set[at..at + width] {
        &[a, b] => i64::from(i16::from_le_bytes([a, b])),
        &[a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        bytes => i64::from_le_bytes(bytes.try_into().expect("a width is 2, 4 or 8")),
    }
}

/// The integers, the least first.
pub fn iter(set: &[u8]) -> impl Iterator<Item = i64> {
    (0..len(set)).map(move |index| get(set, index))
}

/// Whether an integer is in the set.
#[inline]
pub fn contains(set: &[u8], value: i64) -> bool {
    position(set, value).is_ok()
}

/// Add an integer; false if it is there already.
pub fn insert(set: &mut Vec<u8>, value: i64) -> bool {
    let Err(index) = position(set, value) else { return false };
    let width = width_of(value);
    if width > usize::from(set[0]) {
        widen(set, width);
    }
    let width = usize::from(set[0]);
    let at = 1 + index * width;
    set.splice(at..at, value.to_le_bytes()[..width].iter().copied());
    true
}

/// Remove an integer; false if it is not there. The others stay as wide as they are.
pub fn remove(set: &mut Vec<u8>, value: i64) -> bool {
    let Ok(index) = position(set, value) else { return false };
    let width = usize::from(set[0]);
    let at = 1 + index * width;
    set.drain(at..at + width);
    true
}

/// The index of an integer, or the one it would have.
#[inline]
fn position(set: &[u8], value: i64) -> Result<usize, usize> {
    let (mut low, mut high) = (0, len(set));
    while low < high {
        let middle = (low + high) / 2;
        match get(set, middle).cmp(&value) {
            std::cmp::Ordering::Equal => return Ok(middle),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

fn width_of(value: i64) -> usize {
    if i16::try_from(value).is_ok() {
        2
    } else if i32::try_from(value).is_ok() {
        4
    } else {
        8
    }
}

fn widen(set: &mut Vec<u8>, width: usize) {
    let mut wider = Vec::with_capacity(1 + (len(set) + 1) * width);
    wider.push(width as u8);
    iter(set).for_each(|value| wider.extend_from_slice(&value.to_le_bytes()[..width]));
    *set = wider;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn an_integer_set_holds_what_a_tree_holds(
            operations in prop::collection::vec(
                (
                    prop_oneof![
                        4 => -20..20i64,
                        2 => -70_000..70_000i64,
                        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>()],
                    ],
                    any::<bool>(),
                ),
                0..200,
            )
        ) {
            let mut set = EMPTY.to_vec();
            let mut twin = BTreeSet::new();
            let mut widest = 2;
            for (value, adds) in operations {
                if adds {
                    widest = widest.max(width_of(value));
                    prop_assert_eq!(insert(&mut set, value), twin.insert(value));
                } else {
                    prop_assert_eq!(contains(&set, value), twin.contains(&value));
                    prop_assert_eq!(remove(&mut set, value), twin.remove(&value));
                }
                prop_assert_eq!(len(&set), twin.len());
                prop_assert_eq!(usize::from(set[0]), widest);
            }
            prop_assert!(iter(&set).eq(twin));
        }
    }
}
