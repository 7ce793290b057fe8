//! The one place in the engine where time and randomness enter.
//!
//! Everything else is handed a [`Now`] or a [`Rng`], so tests choose both.

use std::sync::OnceLock;

/// One reading of the clocks, taken once a batch of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Microseconds since 1970-01-01 UTC; may be set back by people.
    pub unix_us: i64,
    /// Microseconds on CLOCK_MONOTONIC.
    pub monotonic_us: u64,
}

impl Now {
    /// Read both clocks.
    pub fn read() -> Self {
        let unix = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        Self { unix_us: unix.tv_sec * 1_000_000 + unix.tv_nsec / 1_000, monotonic_us: monotonic_us() }
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[inline]
    pub fn unix_ms(&self) -> i64 {
        self.unix_us / 1_000
    }
}

/// Microseconds on CLOCK_MONOTONIC.
pub fn monotonic_us() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1_000
}

/// A cheap counter for timing single commands; [`ticks_to_us`] gives its differences a unit.
#[inline]
pub fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: RDTSC exists on every x86-64 processor and touches no memory.
    unsafe {
        core::arch::x86_64::_rdtsc()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
    }
}

/// Convert a difference of [`ticks`] to microseconds.
#[inline]
pub fn ticks_to_us(ticks: u64) -> f64 {
    ticks as f64 * *US_PER_TICK.get_or_init(calibrate)
}

static US_PER_TICK: OnceLock<f64> = OnceLock::new();

/// Compare the counter with the monotonic clock for a millisecond: 0.1 % is close enough for command statistics.
fn calibrate() -> f64 {
    let (start_us, start_ticks) = (monotonic_us(), ticks());
    loop {
        let elapsed_us = monotonic_us() - start_us;
        if elapsed_us >= 1_000 {
            return elapsed_us as f64 / (ticks() - start_ticks).max(1) as f64;
        }
    }
}

/// A small generator for sampling and jitter (SplitMix64); not for secrets.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator that repeats itself for a seed.
    pub fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator seeded by the operating system.
    pub fn from_system() -> Self {
        Self(random_seeds()[0])
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0. The bias is below `bound` / 2^64.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in 0.0 to 1.0, 1.0 excluded.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Seeds for keyed hashing, from the operating system's generator.
pub fn random_seeds() -> [u64; 4] {
    let mut bytes = [0u8; 32];
    // Without randomness there is no protection from hash flooding: better not to start.
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    let mut seeds = [0u64; 4];
    for (seed, chunk) in seeds.iter_mut().zip(bytes.chunks_exact(8)) {
        *seed = u64::from_le_bytes(chunk.try_into().expect("chunks of eight bytes"));
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_repeats_itself_for_a_seed_and_stays_below_the_bound() {
        let (mut a, mut b) = (Rng::from_seed(7), Rng::from_seed(7));
        for _ in 0..1_000 {
            let value = a.below(10);
            assert_eq!(value, b.below(10));
            assert!(value < 10);
        }
        assert_eq!(a.below(0), 0);
        assert!(a.unit() < 1.0);
    }

    #[test]
    fn ticks_convert_to_a_time_that_passed() {
        let start = ticks();
        let start_us = monotonic_us();
        while monotonic_us() - start_us < 500 {}
        let measured_us = ticks_to_us(ticks() - start);
        assert!((400.0..100_000.0).contains(&measured_us), "{measured_us} us");
    }
}
