//! Records of a large sorted set: score and member in one block.

use std::cmp::Ordering;
use std::ptr::NonNull;

use crate::collections::Record;
use crate::collections::length::{length_at, length_bytes, write_length};
use crate::keyspace::Cell;

const SCORE_BYTES: usize = size_of::<f64>();

/// A member with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredMember<'a> {
    pub score: f64,
    pub member: &'a [u8],
}

impl ScoredMember<'_> {
    /// Whether this one comes first: by score, and by member among equal scores.
    #[inline]
    pub fn is_before(self, other: ScoredMember<'_>) -> bool {
        self.score < other.score || (self.score == other.score && self.member < other.member)
    }

    /// Which of two comes first; scores are numbers.
    pub fn order(self, other: ScoredMember<'_>) -> Ordering {
        let by_score = self.score.partial_cmp(&other.score).unwrap_or(Ordering::Equal);
        by_score.then_with(|| self.member.cmp(other.member))
    }
}

/// A record lies as its score, its member's length and its member.
pub struct ScoredRecord;

// SAFETY: `write` writes what `size` counts, and `read` reads the same back.
unsafe impl Record for ScoredRecord {
    type View<'a> = ScoredMember<'a>;

    #[inline]
    unsafe fn read<'a>(cell: Cell) -> ScoredMember<'a> {
        // SAFETY: the caller's promise.
        unsafe { read_at(cell.pointer()) }
    }

    #[inline]
    fn key<'r>(view: &'r ScoredMember<'_>) -> &'r [u8] {
        view.member
    }

    #[inline]
    fn size(view: ScoredMember<'_>) -> usize {
        SCORE_BYTES + length_bytes(view.member.len()) + view.member.len()
    }

    #[inline]
    unsafe fn write(view: ScoredMember<'_>, block: NonNull<u8>) {
        // SAFETY: the block is aligned to eight and as large as `size` says.
        unsafe {
            block.cast::<f64>().write(view.score);
            let place = write_length(block.add(SCORE_BYTES), view.member.len());
            place.copy_from_nonoverlapping(NonNull::from(view.member).cast(), view.member.len());
        }
    }
}

/// The record at an address.
///
/// # Safety
/// A live record lies there, and is not changed during `'a`.
#[inline]
pub unsafe fn read_at<'a>(pointer: NonNull<u8>) -> ScoredMember<'a> {
    // SAFETY: the caller says that score, length and member lie there.
    unsafe {
        let score = pointer.cast::<f64>().read();
        let start = pointer.add(SCORE_BYTES);
        let (length, prefix_bytes) = length_at(start);
        let member = std::slice::from_raw_parts(start.add(prefix_bytes).as_ptr(), length);
        ScoredMember { score, member }
    }
}

/// Give the record at an address another score.
///
/// # Safety
/// A live record lies there, to which nothing else refers now.
#[inline]
pub unsafe fn write_score(pointer: NonNull<u8>, score: f64) {
    // SAFETY: a record begins with its score, aligned.
    unsafe { pointer.cast::<f64>().write(score) };
}
