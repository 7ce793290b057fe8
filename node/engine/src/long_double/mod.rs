//! Numbers with 64 significant bits, as x87 processors calculate: what INCRBYFLOAT's results depend on.
//!
//! They are calculated in integers, so that every platform gives the results that Redis gives on x86-64.

mod big;
mod format;
mod parse;

use std::cmp::Ordering;

const SIGNIFICAND_BITS: i32 = 64;
/// Powers of two: every number is below the first, and positive ones are above the second, half the smallest that x87
/// can hold.
const EXPONENT_OVERFLOW: i32 = 16_384;
const EXPONENT_UNDERFLOW: i32 = -16_446;

/// A number, finite or infinite; never "not a number".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongDouble {
    negative: bool,
    magnitude: Magnitude,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Magnitude {
    Zero,
    /// `significand * 2^exponent`; the significand's top bit is set.
    Finite {
        significand: u64,
        exponent: i32,
    },
    Infinite,
}

impl LongDouble {
    const ZERO: Self = Self { negative: false, magnitude: Magnitude::Zero };

    /// The sum, rounded to 64 bits; `None` if it is infinite or undefined.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let (large, small) = match (self.magnitude, other.magnitude) {
            (Magnitude::Infinite, _) | (_, Magnitude::Infinite) => return None,
            (_, Magnitude::Zero) => return Some(self),
            (Magnitude::Zero, _) => return Some(other),
            (Magnitude::Finite { .. }, Magnitude::Finite { .. })
                if self.cmp_magnitude(&other) == Ordering::Less =>
            {
                (other, self)
            }
            (Magnitude::Finite { .. }, Magnitude::Finite { .. }) => (self, other),
        };
        let ((a, exponent), (b, b_exponent)) = (large.parts()?, small.parts()?);
        // Below the significands there is room for 63 more bits; `lost` tells of those beyond.
        let shift = exponent.abs_diff(b_exponent);
        let a = u128::from(a) << 63;
        let b_whole = u128::from(b) << 63;
        let b = b_whole.checked_shr(shift).unwrap_or(0);
        let lost = b.checked_shl(shift) != Some(b_whole);
        let sum = if large.negative == small.negative { a + b } else { a - b - u128::from(lost) };
        if sum == 0 {
            return Some(Self::ZERO);
        }
        let sum = Self::rounded(large.negative, sum, exponent - 63, lost);
        (sum.magnitude != Magnitude::Infinite).then_some(sum)
    }

    /// Whether the number is not infinite.
    pub fn is_finite(self) -> bool {
        self.magnitude != Magnitude::Infinite
    }

    /// The product with a whole number, rounded up to a whole number; `None` if that is `i64::MAX` or more. What is
    /// below `i64::MIN` counts as that.
    pub fn ceil_product(self, factor: u32) -> Option<i64> {
        let Some((significand, exponent)) = self.parts() else {
            return match self.magnitude {
                Magnitude::Infinite if !self.negative => None,
                Magnitude::Infinite => Some(i64::MIN),
                _ => Some(0),
            };
        };
        let product = u128::from(significand) * u128::from(factor);
        let product = Self::rounded(self.negative, product, exponent, false);
        let Some((significand, exponent)) = product.parts() else { return Some(0) };
        // The top bit is set: anything but a fraction of it would not fit.
        let Some(shift) = exponent.checked_neg().filter(|shift| *shift > 0) else {
            return self.negative.then_some(i64::MIN);
        };
        let whole = significand.checked_shr(shift as u32).unwrap_or(0);
        let is_whole = whole.checked_shl(shift as u32) == Some(significand);
        let whole = i64::try_from(whole).ok()?;
        if self.negative {
            Some(-whole)
        } else {
            whole.checked_add(i64::from(!is_whole)).filter(|whole| *whole < i64::MAX)
        }
    }

    /// `bits * 2^exponent`, rounded to 64 bits, to the even one of two that are as near. `more` says that the number
    /// is a little larger than that; there must be 66 bits then.
    fn rounded(negative: bool, bits: u128, exponent: i32, more: bool) -> Self {
        let length = 128 - bits.leading_zeros() as i32;
        if length == 0 {
            return Self::ZERO;
        }
        let mut exponent = exponent + length - SIGNIFICAND_BITS;
        let mut significand = if length <= SIGNIFICAND_BITS {
            (bits as u64) << (SIGNIFICAND_BITS - length)
        } else {
            let shift = length - SIGNIFICAND_BITS;
            let kept = (bits >> shift) as u64;
            let (rest, half) = (bits & ((1 << shift) - 1), 1 << (shift - 1));
            let up = rest > half || (rest == half && (more || kept & 1 == 1));
            kept.wrapping_add(u64::from(up))
        };
        if significand == 0 {
            // All bits were ones and carried over.
            significand = 1 << 63;
            exponent += 1;
        }
        let top = exponent + SIGNIFICAND_BITS - 1;
        let magnitude = if top >= EXPONENT_OVERFLOW {
            Magnitude::Infinite
        } else if top < EXPONENT_UNDERFLOW || (top == EXPONENT_UNDERFLOW && significand == 1 << 63 && !more) {
            Magnitude::Zero
        } else {
            Magnitude::Finite { significand, exponent }
        };
        Self { negative, magnitude }
    }

    /// A number that is neither zero nor infinite, as `significand * 2^exponent` without its sign; the significand's top
    /// bit is set.
    pub fn parts(self) -> Option<(u64, i32)> {
        match self.magnitude {
            Magnitude::Finite { significand, exponent } => Some((significand, exponent)),
            Magnitude::Zero | Magnitude::Infinite => None,
        }
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let key = |number: &Self| number.parts().map(|(significand, exponent)| (exponent, significand));
        key(self).cmp(&key(other))
    }
}

impl From<i64> for LongDouble {
    fn from(value: i64) -> Self {
        Self::rounded(value < 0, u128::from(value.unsigned_abs()), 0, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(a: &str, b: &str) -> Option<String> {
        let sum = LongDouble::parse(a.as_bytes())?.checked_add(LongDouble::parse(b.as_bytes())?)?;
        let mut text = Vec::new();
        sum.push_to(&mut text);
        Some(String::from_utf8(text).unwrap())
    }

    #[test]
    fn sums_are_those_of_x87_printed_with_seventeen_decimals() {
        // Taken from a Redis-compatible server on x86-64.
        for (a, b, expected) in [
            ("10.5", "0.1", "10.6"),
            ("10.6", "5.0e3", "5010.60000000000000009"),
            ("0", "3.14159265358979323846264338327950288", "3.14159265358979324"),
            ("0", "1e20", "100000000000000000000"),
            ("0", "1e-17", "0.00000000000000001"),
            ("0", "1e-18", "0"),
            ("0", "-1e-20", "0"),
            ("0", "123456789012345678901234567890", "123456789012345678899921813504"),
            ("3", "0x1.8p1", "6"),
            ("1e-5", "-1e-5", "0"),
            ("-0", "0", "0"),
        ] {
            assert_eq!(sum(a, b).as_deref(), Some(expected), "{a} + {b}");
        }
        assert!(sum("10.5", "1e400").unwrap().starts_with("1000000000000000000028188068394758651458645343"));
        assert_eq!(sum("0", "1e4000").unwrap().len(), 4_000);
    }

    #[test]
    fn products_are_rounded_up() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1", Some(1_000)),
            ("0.07", Some(70)),
            ("0.0001", Some(1)),
            ("-0.0001", Some(0)),
            ("-1.5", Some(-1_500)),
            ("1e-4000", Some(1)),
            ("9e15", Some(9_000_000_000_000_000_000)),
            ("9223372036854775.5", Some(9_223_372_036_854_775_500)),
            ("9223372036854775.807", None),
            ("1e16", None),
            ("-1e16", Some(i64::MIN)),
            ("inf", None),
            ("-inf", Some(i64::MIN)),
        ] {
            let number = LongDouble::parse(text.as_bytes()).unwrap();
            assert_eq!(number.ceil_product(1_000), expected, "{text}");
        }
    }

    #[test]
    fn infinite_sums_are_refused() {
        assert_eq!(sum("1e4932", "1e4932"), None);
        assert_eq!(sum("inf", "-inf"), None);
        assert_eq!(sum("1", "-Infinity"), None);
    }

    #[test]
    fn a_difference_of_neighbours_is_exact() {
        assert_eq!(sum("18446744073709551615", "-18446744073709551614").as_deref(), Some("1"));
        assert_eq!(sum("18446744073709551616", "-1").as_deref(), Some("18446744073709551615"));
        assert_eq!(sum("18446744073709551616", "1").as_deref(), Some("18446744073709551616"));
        assert_eq!(sum("18446744073709551618", "1").as_deref(), Some("18446744073709551620"));
    }
}
