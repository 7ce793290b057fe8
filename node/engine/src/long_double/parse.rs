//! Reading numbers as C's `strtold` does.

use super::big::Big;
use super::{LongDouble, Magnitude};

/// Longer texts are no numbers, in Redis's opinion.
const TEXT_BYTES_MAX: usize = 5 * 1024 - 1;
/// Bits that a quotient needs so that it can be rounded to 64.
const QUOTIENT_BITS: u32 = 66;
/// Exponents beyond are written as this one: numbers of that size are infinite or zero whatever their digits.
const EXPONENT_MAX: i64 = 1_000_000;
/// Decimal magnitudes between which numbers are neither infinite nor zero, with room to spare.
const DECIMAL_MAGNITUDES: std::ops::RangeInclusive<i64> = -4_970..=4_940;

impl LongDouble {
    /// Read a whole text: decimal or hexadecimal, with or without exponent, or `inf`; no white space around it.
    ///
    /// `None` for anything else, and for numbers whose magnitude can't be represented.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") {
            return Some(Self { negative, magnitude: Magnitude::Infinite });
        }
        let (number, is_zero) = match rest {
            [b'0', b'x' | b'X', digits @ ..] => parse_hexadecimal(negative, digits)?,
            _ => parse_decimal(negative, rest)?,
        };
        match number.magnitude {
            Magnitude::Infinite => None,
            Magnitude::Zero if !is_zero => None,
            _ => Some(number),
        }
    }
}

/// Digits without their point, and an exponent that accounts for it.
struct Digits {
    digits: Vec<u8>,
    exponent: i64,
}

/// Split `12.5e3` into digits and exponent; `marker` begins the exponent. The digits lose their leading zeros.
fn split(text: &[u8], is_digit: fn(&u8) -> bool, marker: u8, bits_per_digit: i64) -> Option<Digits> {
    let end = text.iter().position(|byte| byte.to_ascii_lowercase() == marker).unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(end);
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let (whole, fraction) = mantissa.split_at(point);
    let fraction = fraction.get(1..).unwrap_or(&[]);
    if whole.is_empty() && fraction.is_empty() || !whole.iter().chain(fraction).all(is_digit) {
        return None;
    }
    let exponent = match exponent.get(1..) {
        None => 0,
        Some(digits) => parse_exponent(digits)?,
    };
    let digits: Vec<u8> = whole.iter().chain(fraction).skip_while(|digit| **digit == b'0').copied().collect();
    Some(Digits { digits, exponent: exponent - fraction.len() as i64 * bits_per_digit })
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value =
        digits.iter().fold(0, |value, digit| (value * 10 + i64::from(digit - b'0')).min(EXPONENT_MAX));
    Some(if negative { -value } else { value })
}

/// The number, and whether its digits are all zeros.
fn parse_decimal(negative: bool, text: &[u8]) -> Option<(LongDouble, bool)> {
    let Digits { mut digits, mut exponent } = split(text, u8::is_ascii_digit, b'e', 1)?;
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    digits.truncate(digits.len() - zeros);
    exponent += zeros as i64;
    if digits.is_empty() {
        return Some((LongDouble { negative, magnitude: Magnitude::Zero }, true));
    }
    let magnitude = exponent + digits.len() as i64;
    if !DECIMAL_MAGNITUDES.contains(&magnitude) {
        let magnitude = if magnitude > 0 { Magnitude::Infinite } else { Magnitude::Zero };
        return Some((LongDouble { negative, magnitude }, false));
    }
    Some((from_decimal(negative, &digits, exponent as i32), false))
}

/// `digits * 10^exponent`, rounded.
fn from_decimal(negative: bool, digits: &[u8], exponent: i32) -> LongDouble {
    // Nearly all numbers: up to 19 digits with up to 18 of them behind the point divide in 128 bits.
    if digits.len() <= 19 && (-18..=0).contains(&exponent) {
        let value = digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
        let shift = 64 + value.leading_zeros();
        let numerator = u128::from(value) << shift;
        let divisor = 10u128.pow(exponent.unsigned_abs());
        let more = numerator % divisor != 0;
        return LongDouble::rounded(negative, numerator / divisor, -(shift as i32), more);
    }
    let mut numerator = Big::from_digits(digits);
    if exponent >= 0 {
        numerator.scale(exponent.unsigned_abs());
        let dropped = numerator.bit_length().saturating_sub(128);
        let (bits, more) = numerator.bits_from(dropped);
        return LongDouble::rounded(negative, bits, dropped as i32, more);
    }
    let mut divisor = Big::from_u64(1);
    divisor.scale(exponent.unsigned_abs());
    // The quotient gets as many bits as rounding needs, or one more.
    let shift = (QUOTIENT_BITS + divisor.bit_length()) as i32 - numerator.bit_length() as i32;
    if shift >= 0 {
        numerator.shift_left(shift.unsigned_abs());
    } else {
        divisor.shift_left(shift.unsigned_abs());
    }
    let (quotient, more) = numerator.divide(&divisor);
    LongDouble::rounded(negative, quotient, -shift, more)
}

/// The number, and whether its digits are all zeros.
fn parse_hexadecimal(negative: bool, text: &[u8]) -> Option<(LongDouble, bool)> {
    let Digits { digits, exponent } = split(text, u8::is_ascii_hexdigit, b'p', 4)?;
    let value = |digit: &u8| u128::from(char::from(*digit).to_digit(16).unwrap_or(0));
    // Of the digits, 31 are more than enough to round to 64 bits; the others only matter if one is not zero.
    let (kept, rest) = digits.split_at(digits.len().min(31));
    let bits = kept.iter().fold(0, |bits, digit| bits << 4 | value(digit));
    let more = rest.iter().any(|digit| *digit != b'0');
    let exponent = (exponent + 4 * rest.len() as i64).clamp(-2 * EXPONENT_MAX, 2 * EXPONENT_MAX);
    Some((LongDouble::rounded(negative, bits, exponent as i32, more), bits == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(u64, i32)> {
        LongDouble::parse(text.as_bytes()).and_then(LongDouble::parts)
    }

    #[test]
    fn numbers_are_read_in_all_forms_of_c() {
        for text in
            ["8", "+8", "8.", "08.00", "80e-1", ".8e1", "0.008E+3", "0x8", "0X.8p4", "0x1p3", "0x80p-4"]
        {
            assert_eq!(parts(text), Some((1 << 63, -60)), "{text}");
        }
        for text in ["0", "-0", "0.0e99999999999999999999", ".0", "0x0p9"] {
            assert_eq!(
                LongDouble::parse(text.as_bytes()).map(|number| number.magnitude),
                Some(Magnitude::Zero)
            );
        }
    }

    #[test]
    fn what_is_no_number_or_too_large_or_small_is_refused() {
        let long = format!("{}1", "0".repeat(TEXT_BYTES_MAX));
        for text in [
            "",
            " 1",
            "1 ",
            "1x",
            "nan",
            "nan(1)",
            "0x",
            "0x.p1",
            "1e",
            "1e+",
            ".",
            "e1",
            "--1",
            "1.2.3",
            "in",
            "0x1p",
            "1e5000",
            "1e-5000",
            "1e4933",
            "1e99999999999999999999",
            "0x1p16384",
            "0x1p-16446",
            &long,
        ] {
            assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text}");
        }
        for text in ["1e4932", "1e-4940", "0x1p16383", "0x1.8p-16446", &long[1..]] {
            assert!(LongDouble::parse(text.as_bytes()).is_some(), "{text}");
        }
    }

    #[test]
    fn short_and_long_division_agree() {
        let digits = b"123456789";
        for exponent in -18..0 {
            let short = from_decimal(false, digits, exponent);
            let padded = [digits.as_slice(), &[b'0'; 30]].concat();
            assert_eq!(short, from_decimal(false, &padded, exponent - 30), "{exponent}");
        }
    }
}
