//! Collections: the structures behind hashes, lists, sets, sorted sets and streams.
//!
//! A small collection is *packed*: bytes that lie in its key's entry, edited by splices. A large one is an [`Object`]
//! whose parts lie in blocks of the keyspace's slab allocator, most of them records that a [`RecordTable`] finds. Which
//! of them a value is does not follow Redis's thresholds; those decide what OBJECT ENCODING says.

mod field;
pub mod length;
pub mod list;
mod member;
mod object;
pub mod packed;
mod record_table;
pub mod stream;

pub use field::{Field, FieldRecord};
pub use member::MemberRecord;
pub use object::{Object, ObjectMut};
pub use record_table::{Record, RecordTable, Records};

/// The longest collection that is kept packed in its entry: in a longer one, finding and moving bytes would cost more
/// than a structure does.
pub const PACKED_BYTES_MAX: usize = 4 << 10;
