//! The Redis serialization protocol: requests in, replies out.

mod arg_store;
mod inline;
mod number;
mod parser;
mod push;
mod reply;

pub use arg_store::{ArgStore, StoredArgs};
pub use number::{format_double, parse_i64, push_double, push_i64};
pub use parser::{Arg, Args, Parser, Progress, ProtocolError, RequestLimits};
pub use push::Push;
pub use reply::{Deferred, Mark, Protocol, Reply, SendQueue};
