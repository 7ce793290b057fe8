//! Drawing members of a collection at random.

use std::collections::HashSet;

use super::call::Call;
use super::error::CommandError;
use crate::clock::Rng;

/// Members that one command draws with repeats: more would only fill memory with them.
const REPEATS_MAX: u64 = 10_000_000;

/// Argument `index` as a number of members to draw; negative when they may repeat.
///
/// # Errors
/// It is no integer, or the one that has no opposite.
pub(super) fn sampling_count(call: &Call<'_>, index: usize) -> Result<i64, CommandError> {
    match call.integer(index)? {
        i64::MIN => Err(CommandError::new(format!(
            "ERR value is out of range, value must between {} and {}",
            -i64::MAX,
            i64::MAX
        ))),
        count => Ok(count),
    }
}

/// How many members a negative count asks for.
///
/// # Errors
/// Too many.
pub(super) fn checked_repeats(count: i64) -> Result<usize, CommandError> {
    let repeats = count.unsigned_abs();
    if repeats > REPEATS_MAX { Err(CommandError::VALUE_OUT_OF_RANGE) } else { Ok(repeats as usize) }
}

/// `count` different numbers below `bound` in increasing order, every choice as likely as the next; `count` is at most
/// `bound`.
///
/// Source: Knuth, The Art of Computer Programming, volume 2, algorithm S, for many; Bentley and Floyd, "Programming
/// pearls: a sample of brilliance", 1987, for few.
pub(super) fn sample(rng: &mut Rng, bound: usize, count: usize) -> Vec<usize> {
    if count >= bound / 4 {
        let mut drawn = Vec::with_capacity(count);
        for number in 0..bound {
            let (left, wanted) = (bound - number, count - drawn.len());
            if (rng.below(left as u64) as usize) < wanted {
                drawn.push(number);
            }
        }
        return drawn;
    }
    let mut drawn = HashSet::with_capacity(count);
    for last in bound - count..bound {
        let number = rng.below(last as u64 + 1) as usize;
        if !drawn.insert(number) {
            drawn.insert(last);
        }
    }
    let mut drawn: Vec<usize> = drawn.into_iter().collect();
    drawn.sort_unstable();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_distinct_and_every_number_is_as_likely_as_the_next() {
        let mut rng = Rng::from_seed(1);
        for (bound, count) in [(1, 0), (1, 1), (10, 2), (10, 5), (10, 10), (40, 3), (40, 30)] {
            let mut hits = vec![0u32; bound];
            for _ in 0..4_000 {
                let drawn = sample(&mut rng, bound, count);
                assert_eq!(drawn.len(), count);
                assert!(drawn.is_sorted_by(|one, next| one < next));
                drawn.iter().for_each(|number| hits[*number] += 1);
            }
            let expected = 4_000.0 * count as f64 / bound as f64;
            for hits in hits {
                assert!(
                    (f64::from(hits) - expected).abs() <= 6.0 * expected.sqrt() + 1.0,
                    "{hits}, not {expected}"
                );
            }
        }
    }
}
