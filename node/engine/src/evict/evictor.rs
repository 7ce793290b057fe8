//! What an evictor does, whichever way it chooses.

use super::policy::Policy;
use crate::clock::Rng;
use crate::keyspace::Keyspace;

/// Too much memory is in use, and no key may be evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCandidate;

/// Chooses the keys that go when memory runs short.
pub trait Evictor {
    /// Take over settings: the policy, and `maxmemory-samples`. Cheap when they are the same as before.
    fn configure(&mut self, policy: Policy, samples: usize);

    /// Evict one key. What it held may be freed later, see [`Keyspace::free_step`].
    ///
    /// # Errors
    /// [`NoCandidate`] when the policy allows to evict no key that is there.
    fn evict_one(&mut self, keyspace: &mut Keyspace, rng: &mut Rng) -> Result<(), NoCandidate>;
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
