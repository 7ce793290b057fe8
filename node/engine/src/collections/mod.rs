//! Collections: the structures behind hashes, lists, sets, sorted sets and streams.
//!
//! A small collection is *packed*: bytes that lie in its key's entry, edited by splices. A large one is an [`Object`]
//! whose parts lie in blocks of the keyspace's slab allocator, most of them records that a [`RecordTable`] finds. Which
//! of them a value is does not follow Redis's thresholds; those decide what OBJECT ENCODING says.

mod hash;
pub mod length;
pub mod list;
mod object;
pub mod packed;
mod record_table;
mod set;
pub mod sorted_set;
pub mod stream;

pub use hash::{Field, FieldRecord, Fields, FieldsExpired, HashLimits, HashObject, HashView, PackedHash};
pub use object::{Object, ObjectMut};
pub use record_table::{Record, RecordTable, Records};
pub use set::{
    BuiltSet, Member, MemberRecord, Members, PackedSet, SetBuilder, SetEncoding, SetLimits, SetObject,
    SetView, encoding_of, intset,
};

use crate::keyspace::ValueType;

/// The longest collection that is kept packed in its entry: in a longer one, finding and moving bytes would cost more
/// than a structure does.
pub const PACKED_BYTES_MAX: usize = 4 << 10;

/// What OBJECT ENCODING says of a packed collection.
pub fn packed_encoding_name(value_type: ValueType, bytes: &[u8], flag: bool) -> &'static str {
    match value_type {
        ValueType::Set => set::packed_encoding(bytes, flag).name(),
        ValueType::Hash if flag => "hashtable",
        ValueType::Stream => "stream",
        _ => "listpack",
    }
}
