//! Collections: the structures behind hashes, lists, sets, sorted sets and streams.
//!
//! A small collection is *packed*: bytes that lie in its key's entry, edited by splices. A large one is an [`Object`]
//! whose parts lie in blocks of the keyspace's slab allocator. Which of them a value is does not follow Redis's
//! thresholds; those decide what OBJECT ENCODING says.

mod object;

pub use object::{Object, ObjectMut};

/// The longest collection that is kept packed in its entry: in a longer one, finding and moving bytes would cost more
/// than a structure does.
pub const PACKED_BYTES_MAX: usize = 4 << 10;
