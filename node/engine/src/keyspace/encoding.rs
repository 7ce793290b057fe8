//! What an entry says of itself to OBJECT ENCODING and MEMORY USAGE.

use super::cell::Cell;
use super::entry::EntryRef;
use super::value::Value;
use crate::memory::SlabAllocator;

/// The longest string that OBJECT ENCODING calls `embstr`.
const EMBSTR_BYTES_MAX: usize = 44;

/// The counters of an `Arc` and the `Vec` in it, in front of a large value's bytes.
const LARGE_OVERHEAD_BYTES: usize = 2 * size_of::<usize>() + size_of::<Vec<u8>>();

impl EntryRef<'_> {
    /// What OBJECT ENCODING says.
    pub fn encoding_name(self) -> &'static str {
        match self.value() {
            Value::Int(_) => "int",
            Value::Bytes { bytes, raw: false } if bytes.len() <= EMBSTR_BYTES_MAX => "embstr",
            Value::Bytes { .. } | Value::Large(_) => "raw",
        }
    }

    /// Bytes of memory that the key takes, with its value and its cell in the table.
    pub fn memory_bytes(self) -> usize {
        let block = SlabAllocator::usable_bytes(self.layout().size());
        let large = match self.value() {
            Value::Large(bytes) => LARGE_OVERHEAD_BYTES + SlabAllocator::usable_bytes(bytes.capacity()),
            _ => 0,
        };
        block + size_of::<Cell>() + large
    }
}
