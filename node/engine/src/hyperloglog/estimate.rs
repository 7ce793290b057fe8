//! From registers to a number of elements.
//!
//! The estimator is Otmar Ertl's, from "New cardinality estimation algorithms for HyperLogLog sketches" (2017): it needs
//! neither a correction for small numbers nor tables of a bias. The order of its steps decides the last digit.

use super::{HASH_BITS, REGISTERS, VALUE_MAX};

/// How many registers have each value.
pub(super) type Histogram = [u32; VALUE_MAX as usize + 1];

/// 1 / (2 ln 2): what the constant of the raw estimate tends to with many registers.
const ALPHA: f64 = 0.721_347_520_444_481_7;

const TOO_MANY: u64 = 1 << 63;

/// About how many different elements registers with these values have seen.
pub(super) fn estimate(histogram: &Histogram) -> u64 {
    let registers = REGISTERS as f64;
    let share = |count: u32| f64::from(count) / registers;
    let full = HASH_BITS + 1;
    let mut sum = registers * tau((registers - f64::from(histogram[full])) / registers);
    for count in histogram[1..full].iter().rev() {
        sum = (sum + f64::from(*count)) * 0.5;
    }
    sum += registers * sigma(share(histogram[0]));
    let estimate = (ALPHA * registers * registers / sum).round();
    // Registers that no hash could fill make it infinite, which is this in C.
    if estimate < TOO_MANY as f64 { estimate as u64 } else { TOO_MANY }
}

/// What registers that are still zero add.
fn sigma(mut share: f64) -> f64 {
    if share == 1.0 {
        return f64::INFINITY;
    }
    let (mut factor, mut sum) = (1.0, share);
    loop {
        share *= share;
        let before = sum;
        sum += share * factor;
        factor += factor;
        if sum == before {
            return sum;
        }
    }
}

/// What registers add that can't rise any more; `share` is that of the others.
fn tau(mut share: f64) -> f64 {
    if share == 0.0 || share == 1.0 {
        return 0.0;
    }
    let (mut factor, mut sum) = (1.0, 1.0 - share);
    loop {
        share = share.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - share) * (1.0 - share) * factor;
        if sum == before {
            return sum / 3.0;
        }
    }
}
