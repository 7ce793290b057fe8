//! The members of a large set as records: a compact length and the bytes.

use std::ptr::NonNull;

use crate::collections::length::{length_at, length_bytes, write_length};
use crate::collections::record_table::Record;
use crate::keyspace::Cell;

/// Records of members and nothing else.
pub struct MemberRecord;

// SAFETY: the length tells where the member ends, both for reading and for the size.
unsafe impl Record for MemberRecord {
    type View<'a> = &'a [u8];

    #[inline]
    unsafe fn read<'a>(cell: Cell) -> &'a [u8] {
        // SAFETY: a record begins with a length, and as many bytes follow.
        unsafe {
            let (length, prefix) = length_at(cell.pointer());
            std::slice::from_raw_parts(cell.pointer().add(prefix).as_ptr(), length)
        }
    }

    #[inline]
    fn key<'r>(member: &'r &[u8]) -> &'r [u8] {
        member
    }

    #[inline]
    fn size(member: &[u8]) -> usize {
        length_bytes(member.len()) + member.len()
    }

    #[inline]
    unsafe fn write(member: &[u8], block: NonNull<u8>) {
        // SAFETY: the caller gives `size(member)` bytes, which are this length and the member.
        unsafe {
            write_length(block, member.len())
                .copy_from_nonoverlapping(NonNull::from(member).cast(), member.len());
        }
    }
}
