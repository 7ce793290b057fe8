//! Doubles as Redis reads and writes them.

use std::sync::OnceLock;

use crate::long_double::LongDouble;

/// Whole numbers up to this, either way, are written as integers: half of what fits into 64 bits.
const WHOLE_MAX: f64 = (i64::MAX / 2) as f64;

/// Longer texts are no numbers, in Redis's opinion.
const TEXT_BYTES_MAX: usize = 5 * 1024 - 1;

/// A double that a text stands for, from its first byte to its last: decimal, with or without exponent, or infinite.
/// What is too large for a double is infinite, what is too small is zero; see [`parse_score`]. Never "not a number".
pub fn parse_double(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= TEXT_BYTES_MAX)?;
    text.parse().ok().filter(|value: &f64| !value.is_nan())
}

/// As [`parse_double`], without numbers that no double comes near: those whose magnitude is too large or too small.
pub fn parse_score(text: &[u8]) -> Option<f64> {
    let value = parse_double(text)?;
    let is_word = || text.iter().any(|byte| matches!(byte, b'n' | b'N'));
    let has_digit = || {
        let mantissa = text.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or(text);
        mantissa.iter().any(|byte| matches!(byte, b'1'..=b'9'))
    };
    let is_out_of_range = (value.is_infinite() && !is_word()) || (value == 0.0 && has_digit());
    (!is_out_of_range).then_some(value)
}

/// Append a double: a whole number as an integer, another in the shortest form that reads back as the same number, or
/// nearly the shortest.
pub fn push_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    } else if value == 0.0 {
        out.extend_from_slice(if value.is_sign_negative() { b"-0" } else { b"0" });
    } else if value.abs() <= WHOLE_MAX && value as i64 as f64 == value {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else {
        if value < 0.0 {
            out.push(b'-');
        }
        Decimal::of(value.abs()).push_to(out, value < 0.0);
    }
}

/// A double as [`push_double`] writes it.
pub fn format_double(value: f64) -> String {
    let mut text = Vec::new();
    push_double(&mut text, value);
    String::from_utf8_lossy(&text).into_owned()
}

/// A number with 64 significant bits: `significand * 2^exponent`.
#[derive(Clone, Copy)]
struct Binary {
    significand: u64,
    exponent: i32,
}

impl Binary {
    /// The same number with its top bit set.
    fn normalized(self) -> Self {
        let shift = self.significand.leading_zeros();
        Self { significand: self.significand << shift, exponent: self.exponent - shift as i32 }
    }

    /// The product, rounded to 64 bits.
    fn times(self, other: Self) -> Self {
        let product = u128::from(self.significand) * u128::from(other.significand);
        let significand = ((product + (1 << 63)) >> 64) as u64;
        Self { significand, exponent: self.exponent + other.exponent + 64 }
    }
}

/// Decimal exponents of the powers of ten at hand, and the step between them.
const POWER_FIRST: i32 = -348;
const POWER_LAST: i32 = 340;
const POWER_STEP: i32 = 8;

/// The binary exponents that a product with a power of ten should have: the part before the point fits 32 bits, and is
/// at least a digit.
const SCALED_EXPONENT_MIN: i32 = -60;
const SCALED_EXPONENT_MAX: i32 = -32;

/// Every eighth power of ten, rounded to 64 bits.
fn powers() -> &'static [Binary] {
    static POWERS: OnceLock<Vec<Binary>> = OnceLock::new();
    POWERS.get_or_init(|| {
        let power = |exponent| {
            let text = format!("1e{exponent}");
            let parts = LongDouble::parse(text.as_bytes()).and_then(LongDouble::parts);
            let (significand, exponent) = parts.expect("a long double holds powers of ten up to the 4932nd");
            Binary { significand, exponent }
        };
        (POWER_FIRST..=POWER_LAST).step_by(POWER_STEP as usize).map(power).collect()
    })
}

/// The power of ten that brings a number with this exponent, normalized, into range; and which one it is.
fn power_for(exponent: i32) -> (Binary, i32) {
    // Where to begin looking: of two powers that would do, the one that is met first is taken.
    let wanted = f64::from(-(exponent + powers().len() as i32)) * std::f64::consts::LOG10_2;
    let mut index = ((wanted as i32 - POWER_FIRST) / POWER_STEP) as usize;
    loop {
        let power = powers()[index];
        match exponent + power.exponent + 64 {
            ..SCALED_EXPONENT_MIN => index += 1,
            SCALED_EXPONENT_MIN..=SCALED_EXPONENT_MAX => {
                return (power, POWER_FIRST + index as i32 * POWER_STEP);
            }
            _ => index -= 1,
        }
    }
}

/// Digits and the power of ten that the last of them counts.
struct Decimal {
    digits: [u8; 18],
    count: usize,
    exponent: i32,
}

impl Decimal {
    /// Digits for a positive number, by Loitsch's second Grisu algorithm: they read back as the number, and in all but a
    /// few of a thousand cases there is no shorter text that does.
    ///
    /// Source: F. Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers" (2010).
    fn of(value: f64) -> Self {
        const HIDDEN: u64 = 1 << 52;
        let bits = value.to_bits();
        let (fraction, biased) = (bits & (HIDDEN - 1), (bits >> 52) as i32);
        let (significand, exponent) =
            if biased == 0 { (fraction, -1074) } else { (fraction | HIDDEN, biased - 1075) };
        // The numbers halfway to the neighbours; the one below is nearer if the exponent changes there.
        let upper = Binary { significand: 2 * significand + 1, exponent: exponent - 1 }.normalized();
        let below = if significand == HIDDEN { 2 } else { 1 };
        let lower = Binary { significand: (significand << below) - 1, exponent: exponent - below };
        let lower = lower.significand << (lower.exponent - upper.exponent);
        let (power, power_exponent) = power_for(upper.exponent);
        let scaled = Binary { significand, exponent }.normalized().times(power);
        let lower = Binary { significand: lower, exponent: upper.exponent }.times(power);
        let upper = upper.times(power);
        // Products may be off by one; what lies between is certain.
        let (lower, upper_significand) = (lower.significand + 1, upper.significand - 1);
        let mut decimal = Self { digits: [0; 18], count: 0, exponent: -power_exponent };
        decimal.generate(scaled.significand, lower, upper_significand, -upper.exponent as u32);
        decimal
    }

    /// Write digits of `upper`, which has `point` bits behind the point, until what is left out is less than what lies
    /// between it and `lower`; then bring the last digit as near to `value` as it gets.
    fn generate(&mut self, value: u64, lower: u64, upper: u64, point: u32) {
        let (to_value, mut width) = (upper - value, upper - lower);
        let one = 1u64 << point;
        let (mut whole, mut rest) = (upper >> point, upper & (one - 1));
        let mut unit = 1_000_000_000u64;
        for left in (0..10).rev() {
            self.push_digit((whole / unit) as u8);
            whole %= unit;
            let remainder = (whole << point) + rest;
            if remainder <= width {
                self.exponent += left;
                return self.round(width, remainder, unit << point, to_value);
            }
            unit /= 10;
        }
        let mut scale = 1u64;
        loop {
            rest *= 10;
            width *= 10;
            scale = scale.wrapping_mul(10);
            self.exponent -= 1;
            self.push_digit((rest >> point) as u8);
            rest &= one - 1;
            if rest < width {
                return self.round(width, rest, one, to_value.wrapping_mul(scale));
            }
        }
    }

    fn push_digit(&mut self, digit: u8) {
        if digit != 0 || self.count > 0 {
            self.digits[self.count] = b'0' + digit;
            self.count += 1;
        }
    }

    /// Lower the last digit, which counts `unit`, as long as that brings what is left out, `remainder`, nearer to
    /// `to_value` and keeps it below `width`.
    fn round(&mut self, width: u64, mut remainder: u64, unit: u64, to_value: u64) {
        while remainder < to_value
            && width - remainder >= unit
            && (remainder + unit < to_value || to_value - remainder > remainder + unit - to_value)
        {
            self.digits[self.count - 1] -= 1;
            remainder += unit;
        }
    }

    /// Lay the digits out: plainly if that takes but a few zeros, else with an exponent.
    fn push_to(&self, out: &mut Vec<u8>, negative: bool) {
        let digits = &self.digits[..self.count];
        let count = self.count as i32;
        let magnitude = self.exponent + count - 1;
        if self.exponent >= 0 && magnitude < count + 7 {
            out.extend_from_slice(digits);
            out.resize(out.len() + self.exponent as usize, b'0');
        } else if self.exponent < 0 && (self.exponent > -7 || magnitude.abs() < 4) {
            let whole = count + self.exponent;
            if whole > 0 {
                out.extend_from_slice(&digits[..whole as usize]);
                out.push(b'.');
                out.extend_from_slice(&digits[whole as usize..]);
            } else {
                out.extend_from_slice(b"0.");
                out.resize(out.len() + whole.unsigned_abs() as usize, b'0');
                out.extend_from_slice(digits);
            }
        } else {
            // A sign takes the place of the eighteenth digit.
            let digits = &digits[..self.count.min(18 - usize::from(negative))];
            out.push(digits[0]);
            if digits.len() > 1 {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            out.extend_from_slice(if magnitude < 0 { b"e-" } else { b"e+" });
            out.extend_from_slice(itoa::Buffer::new().format(magnitude.unsigned_abs()).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubles_are_written_as_valkey_writes_them() {
        // Taken from Valkey 9.1.
        for (value, text) in [
            (3.0, "3"),
            (-2.5, "-2.5"),
            (0.1, "0.1"),
            (1e17, "100000000000000000"),
            (1e20, "1e+20"),
            (1e21, "1e+21"),
            (1.1e19, "1.1e+19"),
            (123_456_789_012_345_678.0, "123456789012345680"),
            (4_611_686_018_427_387_904.0, "4611686018427387904"),
            (9_223_372_036_854_775_808.0, "9223372036854776000"),
            (99_999_999_999_999_990_000.0, "99999999999999980000"),
            (0.00001, "0.00001"),
            (1e-7, "1e-7"),
            (1.5e-9, "1.5e-9"),
            (123_456.789_062_5, "1.234567890625e+5"),
            (12_345_678.9, "12345678.9"),
            (0.300_000_000_000_000_04, "0.30000000000000004"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (2.5e-300, "2.5e-300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (-0.0, "-0"),
        ] {
            assert_eq!(format_double(value), text);
        }
    }

    #[test]
    fn texts_are_read_to_their_ends_or_not_at_all() {
        for (text, value) in
            [("1", 1.0), ("+1", 1.0), (".5", 0.5), ("5.", 5.0), ("1E2", 100.0), ("-Inf", f64::NEG_INFINITY)]
        {
            assert_eq!(parse_score(text.as_bytes()), Some(value), "{text}");
        }
        for text in
            ["", "+", ".", "1e", " 1", "1 ", "0x10", "nan", "in", "1_0", "1f", "++1", "1e400", "1e-400"]
        {
            assert_eq!(parse_score(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_double(b"1e400"), Some(f64::INFINITY));
        assert_eq!(parse_double(b"1e-400"), Some(0.0));
        assert_eq!(parse_score(b"0e9"), Some(0.0));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same_number(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(parse_double(format_double(value).as_bytes()).map(f64::to_bits), Some(bits));
        }
    }
}
