//! Small sorted sets as they lie in their keys' entries: score, member, score, member, in order.
//!
//! A score is one byte if it is a small whole number, else a byte that says in which form it follows.

use super::place::Place;
use super::record::ScoredMember;
use crate::collections::length::{Prefix, read_length};

/// First bytes below this are the score.
const SMALL_END: u8 = 0xf0;
const I16: u8 = 0xf0;
const I32: u8 = 0xf1;
/// Six bytes of a whole number: milliseconds since 1970 need them.
const I48: u8 = 0xf2;
const F32: u8 = 0xf3;
const F64: u8 = 0xf4;

/// A score as it is written, for instance as a piece of a splice.
#[derive(Clone, Copy, Debug)]
pub struct PackedScore {
    bytes: [u8; 9],
    count: u8,
}

impl PackedScore {
    /// The shortest form of a score.
    pub fn new(score: f64) -> Self {
        let mut packed = Self { bytes: [0; 9], count: 1 };
        let whole = score as i64;
        // The negative zero is not the whole number that it is equal to.
        if whole as f64 == score && !(whole == 0 && score.is_sign_negative()) {
            if (0..i64::from(SMALL_END)).contains(&whole) {
                packed.bytes[0] = whole as u8;
                return packed;
            }
            for (form, count) in [(I16, 2), (I32, 4), (I48, 6)] {
                let unused_bits = 64 - 8 * count as u32;
                if whole << unused_bits >> unused_bits == whole {
                    return packed.of_form(form, &whole.to_le_bytes()[..count]);
                }
            }
        }
        if f64::from(score as f32) == score {
            packed.of_form(F32, &(score as f32).to_le_bytes())
        } else {
            packed.of_form(F64, &score.to_le_bytes())
        }
    }

    fn of_form(mut self, form: u8, bytes: &[u8]) -> Self {
        self.bytes[0] = form;
        self.bytes[1..=bytes.len()].copy_from_slice(bytes);
        self.count = 1 + bytes.len() as u8;
        self
    }

    /// The bytes to write.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.count)]
    }
}

/// The score at the start of `bytes`, and the bytes it takes.
#[inline]
fn read_score(bytes: &[u8]) -> (f64, usize) {
    fn number<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes[1..=N].try_into().expect("the slice has that length")
    }
    match bytes[0] {
        small @ ..SMALL_END => (f64::from(small), 1),
        I16 => (f64::from(i16::from_le_bytes(number(bytes))), 3),
        I32 => (f64::from(i32::from_le_bytes(number(bytes))), 5),
        I48 => {
            let [a, b, c, d, e, f] = number(bytes);
            ((i64::from_le_bytes([0, 0, a, b, c, d, e, f]) >> 16) as f64, 7)
        }
        F32 => (f64::from(f32::from_le_bytes(number(bytes))), 5),
        _ => (f64::from_le_bytes(number(bytes)), 9),
    }
}

/// A member where it lies in a packed sorted set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PackedMember<'a> {
    pub scored: ScoredMember<'a>,
    /// Where its score begins.
    pub start: usize,
    /// Where the next member's score begins.
    pub end: usize,
}

/// Iterator over the members of a packed sorted set.
#[derive(Clone, Debug)]
pub struct PackedMembers<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The members of a packed sorted set, in order.
#[inline]
pub fn members(bytes: &[u8]) -> PackedMembers<'_> {
    PackedMembers { bytes, at: 0 }
}

impl<'a> Iterator for PackedMembers<'a> {
    type Item = PackedMember<'a>;

    #[inline]
    fn next(&mut self) -> Option<PackedMember<'a>> {
        let start = self.at;
        let rest = &self.bytes[start..];
        if rest.is_empty() {
            return None;
        }
        let (score, score_bytes) = read_score(rest);
        let (length, prefix_bytes) = read_length(&rest[score_bytes..]);
        let member_start = score_bytes + prefix_bytes;
        let member = &rest[member_start..member_start + length];
        self.at = start + member_start + length;
        Some(PackedMember { scored: ScoredMember { score, member }, start, end: self.at })
    }
}

/// The member with this name.
pub fn find<'a>(bytes: &'a [u8], member: &[u8]) -> Option<PackedMember<'a>> {
    members(bytes).find(|found| found.scored.member == member)
}

/// Number of members, and bytes of the longest one.
pub fn measure(bytes: &[u8]) -> (usize, usize) {
    members(bytes).fold((0, 0), |(count, longest), found| (count + 1, longest.max(found.scored.member.len())))
}

/// Number of members.
pub fn count(bytes: &[u8]) -> usize {
    members(bytes).count()
}

/// Number of members before a place, and where in `bytes` it is.
pub fn locate(bytes: &[u8], place: &Place<'_>) -> (usize, usize) {
    let mut rank = 0;
    let mut at = 0;
    for found in members(bytes).take_while(|found| place.is_behind(found.scored)) {
        rank += 1;
        at = found.end;
    }
    (rank, at)
}

/// Append a member, which must come behind all that are there.
pub fn push(out: &mut Vec<u8>, new: ScoredMember<'_>) {
    out.extend_from_slice(PackedScore::new(new.score).as_bytes());
    out.extend_from_slice(Prefix::new(new.member.len()).as_bytes());
    out.extend_from_slice(new.member);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scores_take_as_few_bytes_as_they_need() {
        for (score, bytes) in [
            (0.0, 1),
            (239.0, 1),
            (240.0, 3),
            (-1.0, 3),
            (1e5, 5),
            (1_700_000_000.0, 5),
            (1_700_000_000_000.0, 7),
            (1e15, 9),
            (0.5, 5),
            (0.1, 9),
            (-0.0, 5),
            (f64::INFINITY, 5),
            (f64::NEG_INFINITY, 5),
            (1e300, 9),
        ] {
            let packed = PackedScore::new(score);
            assert_eq!(packed.as_bytes().len(), bytes, "{score}");
            let (read, read_bytes) = read_score(packed.as_bytes());
            assert_eq!((read.to_bits(), read_bytes), (score.to_bits(), bytes), "{score}");
        }
    }

    proptest! {
        #[test]
        fn members_read_as_they_were_pushed(
            list in prop::collection::vec((any::<f64>(), prop::collection::vec(any::<u8>(), 0..300)), 0..10),
        ) {
            let mut bytes = Vec::new();
            for (score, member) in &list {
                push(&mut bytes, ScoredMember { score: *score, member });
            }
            let read: Vec<_> =
                members(&bytes).map(|found| (found.scored.score.to_bits(), found.scored.member.to_vec())).collect();
            let written: Vec<_> = list.iter().map(|(score, member)| (score.to_bits(), member.clone())).collect();
            prop_assert_eq!(read, written);
            prop_assert_eq!(count(&bytes), list.len());
        }
    }
}
