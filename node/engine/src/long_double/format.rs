//! Printing numbers for people, as Redis does: never with an exponent, with up to seventeen decimals.

use super::big::Big;
use super::{LongDouble, Magnitude};

/// Decimals printed at most.
const DECIMALS: usize = 17;
const DECIMALS_SCALE: u128 = 10u128.pow(DECIMALS as u32);

impl LongDouble {
    /// Append the number, rounded to seventeen decimals, without zeros at their end.
    pub fn push_to(self, out: &mut Vec<u8>) {
        let (significand, exponent) = match self.magnitude {
            Magnitude::Finite { significand, exponent } => (significand, exponent),
            Magnitude::Zero => return out.push(b'0'),
            Magnitude::Infinite => {
                return out.extend_from_slice(if self.negative { b"-inf" } else { b"inf" });
            }
        };
        if self.negative {
            out.push(b'-');
        }
        if exponent >= 0 {
            let mut whole = Big::from_u64(significand);
            whole.shift_left(exponent.unsigned_abs());
            return whole.push_to(out);
        }
        let (whole, decimals) = split(significand, exponent.unsigned_abs());
        if self.negative && whole == 0 && decimals == 0 {
            out.pop();
        }
        out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
        if decimals > 0 {
            let digits = format!("{decimals:0DECIMALS$}");
            out.push(b'.');
            out.extend_from_slice(digits.trim_end_matches('0').as_bytes());
        }
    }
}

/// `significand / 2^bits` as a whole number and its decimals, rounded to the even one of two that are as near.
fn split(significand: u64, bits: u32) -> (u128, u128) {
    // A significand times 10^17 has at most 121 bits: divided by 2^127 it is nothing.
    if bits >= 127 {
        return (0, 0);
    }
    let significand = u128::from(significand);
    let whole = significand >> bits;
    let scaled = (significand & ((1 << bits) - 1)) * DECIMALS_SCALE;
    let (rest, half) = (scaled & ((1 << bits) - 1), 1 << (bits - 1));
    let mut decimals = scaled >> bits;
    decimals += u128::from(rest > half || (rest == half && decimals & 1 == 1));
    (whole + decimals / DECIMALS_SCALE, decimals % DECIMALS_SCALE)
}
