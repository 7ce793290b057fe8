//! The eviction policies, by Redis's names.

use std::fmt;

/// Which keys are evicted when the memory limit is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// None: commands that need memory fail.
    #[default]
    NoEviction,
    AllKeysLru,
    AllKeysLfu,
    AllKeysRandom,
    VolatileLru,
    VolatileLfu,
    VolatileRandom,
    /// The key that expires next.
    VolatileTtl,
}

/// By what a policy ranks keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranking {
    /// Longest unused first.
    Idle,
    /// Least used first.
    Frequency,
    /// Next to expire first.
    TimeToLive,
    /// By chance.
    Random,
}

impl Policy {
    const ALL: [Policy; 8] = [
        Policy::VolatileLru,
        Policy::VolatileLfu,
        Policy::VolatileRandom,
        Policy::VolatileTtl,
        Policy::AllKeysLru,
        Policy::AllKeysLfu,
        Policy::AllKeysRandom,
        Policy::NoEviction,
    ];

    /// The names of all policies, in the order in which Redis's error lists them.
    pub const NAMES: [&'static str; 8] = {
        let mut names = [""; 8];
        let mut index = 0;
        while index < names.len() {
            names[index] = Policy::ALL[index].name();
            index += 1;
        }
        names
    };

    /// The policy of this name, in upper or lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name().eq_ignore_ascii_case(name))
    }

    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Policy::NoEviction => "noeviction",
            Policy::AllKeysLru => "allkeys-lru",
            Policy::AllKeysLfu => "allkeys-lfu",
            Policy::AllKeysRandom => "allkeys-random",
            Policy::VolatileLru => "volatile-lru",
            Policy::VolatileLfu => "volatile-lfu",
            Policy::VolatileRandom => "volatile-random",
            Policy::VolatileTtl => "volatile-ttl",
        }
    }

    /// Whether only keys with an expiry are evicted.
    pub const fn is_volatile_only(self) -> bool {
        matches!(
            self,
            Policy::VolatileLru | Policy::VolatileLfu | Policy::VolatileRandom | Policy::VolatileTtl
        )
    }

    /// Whether access bits count uses instead of telling the last one.
    pub const fn is_lfu(self) -> bool {
        matches!(self, Policy::AllKeysLfu | Policy::VolatileLfu)
    }

    /// How candidates are ranked; `None` when nothing is evicted.
    pub const fn ranking(self) -> Option<Ranking> {
        match self {
            Policy::NoEviction => None,
            Policy::AllKeysLru | Policy::VolatileLru => Some(Ranking::Idle),
            Policy::AllKeysLfu | Policy::VolatileLfu => Some(Ranking::Frequency),
            Policy::VolatileTtl => Some(Ranking::TimeToLive),
            Policy::AllKeysRandom | Policy::VolatileRandom => Some(Ranking::Random),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_found_by_its_name_in_any_case() {
        for policy in Policy::ALL {
            assert_eq!(Policy::from_name(policy.name()), Some(policy));
            assert_eq!(Policy::from_name(&policy.to_string().to_uppercase()), Some(policy));
            assert_eq!(policy.is_volatile_only(), policy.name().starts_with("volatile"));
        }
        assert_eq!(Policy::from_name("lru"), None);
    }
}
