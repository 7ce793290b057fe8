//! What an evictor does, whichever way it chooses.

use super::policy::Policy;
use crate::clock::Rng;
use crate::keyspace::Keyspace;

/// How far to go.
pub struct EvictionLimit<'a> {
    /// Bytes that may be in use.
    pub limit_bytes: u64,
    /// Bytes in use now.
    pub used_bytes: &'a dyn Fn(&Keyspace) -> u64,
    /// Whether there is time left; asked after every few keys.
    pub go_on: &'a mut dyn FnMut() -> bool,
}

/// How far it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionOutcome {
    /// No more bytes are in use than may be.
    WithinLimit,
    /// Time was up first: to be called again in the next turn, while commands may go on.
    Unfinished,
}

/// Too much memory is in use, and no key may be evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCandidate;

/// Chooses the keys that go when memory runs short.
pub trait Evictor {
    /// Take over settings: the policy, and `maxmemory-samples`.
    fn configure(&mut self, policy: Policy, samples: usize);

    /// Evict keys until the limit is kept.
    ///
    /// # Errors
    /// [`NoCandidate`] when the policy allows to evict no key that is there.
    fn make_room(
        &mut self,
        keyspace: &mut Keyspace,
        limit: &mut EvictionLimit<'_>,
        rng: &mut Rng,
    ) -> Result<EvictionOutcome, NoCandidate>;
}

/// Microseconds that eviction may take at once, by `maxmemory-eviction-tenacity` (0 to 100); `None`: any time.
///
/// Redis's rule: 50 us a step up to 10, from there 15 % more a step, and no end at 100.
pub fn time_budget_us(tenacity: u32) -> Option<u64> {
    match tenacity {
        0..=10 => Some(50 * u64::from(tenacity)),
        11..=99 => Some((500.0 * 1.15f64.powi(tenacity as i32 - 10)) as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenacity_sets_the_time_from_nothing_to_no_end() {
        assert_eq!(time_budget_us(0), Some(0));
        assert_eq!(time_budget_us(10), Some(500));
        assert_eq!(time_budget_us(11), Some(575));
        assert!(time_budget_us(99).is_some_and(|us| us > 100_000_000));
        assert_eq!(time_budget_us(100), None);
    }
}
