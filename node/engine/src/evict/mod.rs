//! Eviction: which keys go when memory runs short.

mod access;
mod evictor;
mod policy;
mod pool;
mod sampled;

pub use access::AccessClock;
pub use evictor::{Evictor, NoCandidate, time_budget_us};
pub use policy::Policy;
pub use sampled::SampledEvictor;
