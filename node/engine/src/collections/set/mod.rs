//! Sets: members without order, of text or, while all are whole numbers, of integers.

mod builder;
mod encoding;
pub mod intset;
mod member;
mod object;
mod packed_set;
mod view;

pub use builder::{BuiltSet, SetBuilder};
pub use encoding::{SetEncoding, SetLimits};
pub use member::MemberRecord;
pub use object::SetObject;
pub use packed_set::{PackedSet, packed_encoding};
pub use view::{Member, Members, SetView, encoding_of};
