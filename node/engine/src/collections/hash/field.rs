//! The fields of a large hash as records: an expiry if the field has one, two compact lengths, name and value.

use std::ptr::NonNull;

use crate::collections::length::{length_at, length_bytes, write_length};
use crate::collections::record_table::Record;
use crate::keyspace::Cell;

const EXPIRY_BYTES: usize = size_of::<i64>();

/// A field of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    /// Unix time in milliseconds at which the field expires.
    pub expiry_ms: Option<i64>,
}

impl Field<'_> {
    /// Whether the field's time is over.
    #[inline]
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expiry_ms.is_some_and(|expiry_ms| expiry_ms <= now_ms)
    }
}

/// Records of fields. Those that expire are the volatile ones, so a cell tells whether its record begins with an expiry.
pub struct FieldRecord;

// SAFETY: the expiry is there exactly if the cell is volatile, and the lengths tell where name and value end.
unsafe impl Record for FieldRecord {
    type View<'a> = Field<'a>;

    #[inline]
    unsafe fn read<'a>(cell: Cell) -> Field<'a> {
        let start = cell.pointer();
        // SAFETY: the parts lie one behind the other as `write` put them; the expiry, at the start, is aligned.
        unsafe {
            let (expiry_ms, place) = if cell.is_volatile() {
                (Some(start.cast::<i64>().read()), start.add(EXPIRY_BYTES))
            } else {
                (None, start)
            };
            let (name_length, prefix) = length_at(place);
            let place = place.add(prefix);
            let (value_length, prefix) = length_at(place);
            let name = place.add(prefix);
            Field {
                name: std::slice::from_raw_parts(name.as_ptr(), name_length),
                value: std::slice::from_raw_parts(name.add(name_length).as_ptr(), value_length),
                expiry_ms,
            }
        }
    }

    #[inline]
    fn key<'r>(field: &'r Field<'_>) -> &'r [u8] {
        field.name
    }

    #[inline]
    fn size(field: Field<'_>) -> usize {
        let Field { name, value, expiry_ms } = field;
        usize::from(expiry_ms.is_some()) * EXPIRY_BYTES
            + length_bytes(name.len())
            + length_bytes(value.len())
            + name.len()
            + value.len()
    }

    #[inline]
    fn is_volatile(field: Field<'_>) -> bool {
        field.expiry_ms.is_some()
    }

    #[inline]
    unsafe fn write(field: Field<'_>, block: NonNull<u8>) {
        let Field { name, value, expiry_ms } = field;
        // SAFETY: the caller gives `size(field)` bytes, which are the sum of these parts, aligned to eight.
        unsafe {
            let mut place = block;
            if let Some(expiry_ms) = expiry_ms {
                place.cast::<i64>().write(expiry_ms);
                place = place.add(EXPIRY_BYTES);
            }
            place = write_length(place, name.len());
            place = write_length(place, value.len());
            place.copy_from_nonoverlapping(NonNull::from(name).cast(), name.len());
            place.add(name.len()).copy_from_nonoverlapping(NonNull::from(value).cast(), value.len());
        }
    }
}
