//! The Redis serialization protocol: requests in, replies out.

mod arg_store;
mod double;
mod inline;
mod number;
mod parser;
mod push;
mod reply;

pub use arg_store::{ArgStore, StoredArgs};
pub use double::{format_double, parse_double, parse_score, push_double};
pub use number::{parse_i64, push_i64};
pub use parser::{Arg, Args, Parser, Progress, ProtocolError, RequestLimits};
pub use push::Push;
pub use reply::{Deferred, Mark, Protocol, Reply, SendQueue};
