//! Hashes: fields with their values.

mod field;
mod object;
mod packed_hash;
mod view;

pub use field::{Field, FieldRecord};
pub use object::{FieldsExpired, HashObject};
pub use packed_hash::PackedHash;
pub use view::{Fields, HashView};

/// Up to where OBJECT ENCODING calls a hash a listpack: `hash-max-listpack-entries` and `hash-max-listpack-value`.
#[derive(Clone, Copy, Debug)]
pub struct HashLimits {
    pub entries: usize,
    /// Bytes of a name or value.
    pub value_bytes: usize,
}

impl HashLimits {
    /// Whether a field is too long for a listpack.
    #[inline]
    fn is_long(&self, name: &[u8], value: &[u8]) -> bool {
        name.len() > self.value_bytes || value.len() > self.value_bytes
    }
}
