//! What an entry says of itself to OBJECT ENCODING and MEMORY USAGE.

use super::cell::Cell;
use super::entry::EntryRef;
use super::value::{Collection, Value, ValueType};
use crate::collections::packed_encoding_name;
use crate::memory::SlabAllocator;

/// Bytes of the block in which Valkey keeps key and value together when it calls the value `embstr`.
const EMBSTR_BLOCK_BYTES_MAX: usize = 128;
/// What such a block takes beside the bytes of key and value, without the header of the key's length.
const EMBSTR_OVERHEAD_BYTES: usize = 14;

/// The counters of an `Arc` and the `Vec` in it, in front of a large value's bytes.
const LARGE_OVERHEAD_BYTES: usize = 2 * size_of::<usize>() + size_of::<Vec<u8>>();

impl EntryRef<'_> {
    /// What OBJECT ENCODING says.
    pub fn encoding_name(self) -> &'static str {
        match (self.value_type(), self.collection()) {
            (ValueType::String, _) => self.string_encoding_name(),
            (_, Collection::Object(object)) => object.encoding_name(),
            (value_type, Collection::Packed { bytes, flag }) => packed_encoding_name(value_type, bytes, flag),
        }
    }

    fn string_encoding_name(self) -> &'static str {
        match self.value() {
            Value::Int(_) => "int",
            Value::Bytes { bytes, raw: false }
                if embstr_block_bytes(self.key(), bytes) <= EMBSTR_BLOCK_BYTES_MAX =>
            {
                "embstr"
            }
            Value::Bytes { .. } | Value::Large(_) => "raw",
        }
    }

    /// Bytes of memory that the key takes, with its value and its cell in the table.
    pub fn memory_bytes(self) -> usize {
        let block = SlabAllocator::usable_bytes(self.layout().size());
        let large = match self.value() {
            Value::Large(bytes) => LARGE_OVERHEAD_BYTES + SlabAllocator::usable_bytes(bytes.capacity()),
            _ => self.object().map_or(0, |object| size_of_val(object) + object.memory_bytes()),
        };
        block + size_of::<Cell>() + large
    }
}

/// Bytes of Valkey's block for a key and its value; keys from 32 bytes on have a longer header.
fn embstr_block_bytes(key: &[u8], value: &[u8]) -> usize {
    let key_header_bytes = if key.len() < 32 { 1 } else { 3 };
    EMBSTR_OVERHEAD_BYTES + key_header_bytes + key.len() + value.len()
}
