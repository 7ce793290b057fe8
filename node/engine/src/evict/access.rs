//! The 24 access bits of an entry: when it was last used, or how often.
//!
//! LRU: the second of the last use, which wraps after 194 days. LFU: sixteen bits with the minute of the last decay,
//! which wrap after 45 days, and a counter of eight bits that grows logarithmically with the number of uses.
//!
//! Source: Redis documentation, "Key eviction".

use super::policy::Policy;
use crate::clock::Rng;

const LRU_RESOLUTION_MS: i64 = 1_000;
const LRU_CLOCK_MASK: u32 = 0xff_ffff;
/// What a new key's counter starts with, so that it is not evicted before it had the chance to be used again.
const LFU_COUNT_INITIAL: u8 = 5;
const MINUTE_MS: i64 = 60_000;

/// Reads and writes access bits, by a time that is set once a turn.
#[derive(Clone, Debug)]
pub struct AccessClock {
    lfu: bool,
    /// `lfu-log-factor`: the larger, the more uses it takes to saturate the counter.
    log_factor: u32,
    /// `lfu-decay-time`: minutes after which the counter loses one; 0: never.
    decay_minutes: u32,
    /// Seconds, 24 bits.
    lru_clock: u32,
    minutes: u16,
    rng: Rng,
}

impl AccessClock {
    /// A clock for LRU, at time 0, with Redis's default settings for LFU.
    pub fn new(seed: u64) -> Self {
        Self {
            lfu: false,
            log_factor: 10,
            decay_minutes: 1,
            lru_clock: 0,
            minutes: 0,
            rng: Rng::from_seed(seed),
        }
    }

    /// Set what the policy and the settings `lfu-log-factor` and `lfu-decay-time` say. Bits written before a change
    /// between LRU and LFU are misread afterwards, until they are written again.
    pub fn configure(&mut self, policy: Policy, log_factor: u32, decay_minutes: u32) {
        self.lfu = policy.is_lfu();
        self.log_factor = log_factor;
        self.decay_minutes = decay_minutes;
    }

    /// Set the time, in milliseconds since 1970.
    #[inline]
    pub fn set_time(&mut self, unix_ms: i64) {
        self.lru_clock = (unix_ms / LRU_RESOLUTION_MS) as u32 & LRU_CLOCK_MASK;
        self.minutes = (unix_ms / MINUTE_MS) as u16;
    }

    /// Whether access bits count uses (OBJECT FREQ works, IDLETIME does not).
    #[inline]
    pub fn is_lfu(&self) -> bool {
        self.lfu
    }

    /// Access bits of a new key.
    #[inline]
    pub fn initial(&self) -> u32 {
        if self.lfu { self.lfu_bits(LFU_COUNT_INITIAL) } else { self.lru_clock }
    }

    /// Access bits after one more use.
    #[inline]
    pub fn touch(&mut self, bits: u32) -> u32 {
        if !self.lfu {
            return self.lru_clock;
        }
        let mut count = self.frequency(bits);
        let over = u32::from(count.saturating_sub(LFU_COUNT_INITIAL));
        let chance = 1.0 / (f64::from(over) * f64::from(self.log_factor) + 1.0);
        if count < u8::MAX && self.rng.unit() < chance {
            count += 1;
        }
        self.lfu_bits(count)
    }

    /// Milliseconds since the last use, in whole seconds.
    #[inline]
    pub fn idle_ms(&self, bits: u32) -> u64 {
        let seconds = self.lru_clock.wrapping_sub(bits) & LRU_CLOCK_MASK;
        u64::from(seconds) * LRU_RESOLUTION_MS as u64
    }

    /// The logarithmic counter as it is now, decayed.
    #[inline]
    pub fn frequency(&self, bits: u32) -> u8 {
        let elapsed = u32::from(self.minutes.wrapping_sub((bits >> 8) as u16));
        let decay = elapsed.checked_div(self.decay_minutes).unwrap_or(0);
        (bits as u8).saturating_sub(u8::try_from(decay).unwrap_or(u8::MAX))
    }

    /// Access bits of a key that has been idle for `idle_seconds` (RESTORE IDLETIME).
    pub fn bits_idle_since(&self, idle_seconds: u32) -> u32 {
        self.lru_clock.wrapping_sub(idle_seconds) & LRU_CLOCK_MASK
    }

    /// Access bits of a key with this counter (RESTORE FREQ).
    pub fn bits_with_frequency(&self, count: u8) -> u32 {
        self.lfu_bits(count)
    }

    #[inline]
    fn lfu_bits(&self, count: u8) -> u32 {
        u32::from(self.minutes) << 8 | u32::from(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lfu(log_factor: u32, decay_minutes: u32) -> AccessClock {
        let mut clock = AccessClock::new(1);
        clock.configure(Policy::AllKeysLfu, log_factor, decay_minutes);
        clock
    }

    #[test]
    fn idle_time_is_right_when_the_clock_has_wrapped() {
        let mut clock = AccessClock::new(1);
        clock.set_time(i64::from(LRU_CLOCK_MASK) * 1_000);
        let bits = clock.initial();
        clock.set_time((i64::from(LRU_CLOCK_MASK) + 8) * 1_000);
        assert_eq!(clock.idle_ms(bits), 8_000);
        assert_eq!(clock.idle_ms(clock.bits_idle_since(30)), 30_000);
    }

    #[test]
    fn counter_grows_with_the_logarithm_of_uses() {
        let mut clock = lfu(10, 1);
        let mut bits = clock.initial();
        assert_eq!(clock.frequency(bits), 5);
        let mut after = Vec::new();
        for uses in 1..=100_000 {
            bits = clock.touch(bits);
            if [100, 1_000, 100_000].contains(&uses) {
                after.push(clock.frequency(bits));
            }
        }
        // Redis's documentation gives 10, 18 and 142 for a factor of 10.
        assert!((8..=13).contains(&after[0]), "{after:?}");
        assert!((14..=24).contains(&after[1]), "{after:?}");
        assert!((125..=160).contains(&after[2]), "{after:?}");
    }

    #[test]
    fn counter_decays_by_one_each_decay_time() {
        let mut clock = lfu(10, 2);
        clock.set_time(65_530 * MINUTE_MS);
        let bits = clock.bits_with_frequency(10);
        clock.set_time(65_537 * MINUTE_MS);
        assert_eq!(clock.frequency(bits), 7);
        clock.set_time(65_600 * MINUTE_MS);
        assert_eq!(clock.frequency(bits), 0);
        clock.configure(Policy::AllKeysLfu, 10, 0);
        assert_eq!(clock.frequency(bits), 10);
    }
}
