//! Whole numbers of any size, with the few operations that reading and printing need.

use std::cmp::Ordering;

/// Digits of base 2^32, the least first; the last one is not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Big(Vec<u32>);

/// The largest power of ten in 32 bits, and its number of zeros.
const CHUNK: u32 = 1_000_000_000;
const CHUNK_DIGITS: usize = 9;

impl Big {
    pub fn from_u64(value: u64) -> Self {
        let mut big = Self(vec![value as u32, (value >> 32) as u32]);
        big.trim();
        big
    }

    /// The number that decimal digits make.
    pub fn from_digits(digits: &[u8]) -> Self {
        let mut big = Self(Vec::new());
        for chunk in digits.chunks(CHUNK_DIGITS) {
            let value = chunk.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
            big.multiply_add(10u32.pow(chunk.len() as u32), value);
        }
        big
    }

    /// Multiply by ten to a power.
    pub fn scale(&mut self, power: u32) {
        for _ in 0..power / CHUNK_DIGITS as u32 {
            self.multiply_add(CHUNK, 0);
        }
        self.multiply_add(10u32.pow(power % CHUNK_DIGITS as u32), 0);
    }

    fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for digit in &mut self.0 {
            carry += u64::from(*digit) * u64::from(factor);
            *digit = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    pub fn bit_length(&self) -> u32 {
        self.0.last().map_or(0, |last| self.0.len() as u32 * 32 - last.leading_zeros())
    }

    pub fn shift_left(&mut self, bits: u32) {
        if self.0.is_empty() {
            return;
        }
        self.0.splice(0..0, std::iter::repeat_n(0, bits as usize / 32));
        let mut carry = 0u64;
        for digit in &mut self.0 {
            carry |= u64::from(*digit) << (bits % 32);
            *digit = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    /// The lowest 128 bits from bit `from` on, and whether a bit below is set.
    pub fn bits_from(&self, from: u32) -> (u128, bool) {
        let (word, bit) = (from as usize / 32, from % 32);
        let digit = |index: usize| u128::from(self.0.get(index).copied().unwrap_or(0));
        let low = digit(word) | digit(word + 1) << 32 | digit(word + 2) << 64 | digit(word + 3) << 96;
        let high = digit(word + 4).checked_shl(128 - bit).unwrap_or(0);
        let below = self.0.iter().take(word).any(|digit| *digit != 0);
        (low >> bit | high, below || low & ((1 << bit) - 1) != 0)
    }

    /// The quotient, which must have fewer than 128 bits, and whether there is a remainder. `self` is used up.
    pub fn divide(&mut self, divisor: &Self) -> (u128, bool) {
        let steps = (self.bit_length() + 1).saturating_sub(divisor.bit_length());
        let mut divisor = divisor.clone();
        divisor.shift_left(steps);
        let mut quotient = 0u128;
        for _ in 0..=steps {
            quotient <<= 1;
            if self.compare(&divisor) != Ordering::Less {
                self.subtract(&divisor);
                quotient |= 1;
            }
            // Doubling what is divided is as good as halving the divisor, and loses no bit.
            self.shift_left(1);
        }
        (quotient, !self.0.is_empty())
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Subtract a number that is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = 0i64;
        for (index, digit) in self.0.iter_mut().enumerate() {
            let difference = i64::from(*digit) - i64::from(other.0.get(index).copied().unwrap_or(0)) + borrow;
            *digit = difference as u32;
            borrow = difference >> 32;
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// Append the decimal digits.
    pub fn push_to(mut self, out: &mut Vec<u8>) {
        let mut chunks = Vec::new();
        while !self.0.is_empty() {
            let mut rest = 0u64;
            for digit in self.0.iter_mut().rev() {
                rest = rest << 32 | u64::from(*digit);
                *digit = (rest / u64::from(CHUNK)) as u32;
                rest %= u64::from(CHUNK);
            }
            chunks.push(rest as u32);
            self.trim();
        }
        let mut chunks = chunks.into_iter().rev();
        out.extend_from_slice(itoa::Buffer::new().format(chunks.next().unwrap_or(0)).as_bytes());
        for chunk in chunks {
            out.extend_from_slice(format!("{chunk:09}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_scaled_divided_and_printed() {
        let mut big = Big::from_digits(b"123456789012345678901234567890");
        big.scale(25);
        let mut text = Vec::new();
        big.clone().push_to(&mut text);
        assert_eq!(text, b"1234567890123456789012345678900000000000000000000000000");
        let mut divisor = Big::from_u64(10);
        divisor.scale(24);
        assert_eq!(big.divide(&divisor), (123_456_789_012_345_678_901_234_567_890, false));
        assert_eq!(Big::from_u64(7).divide(&Big::from_u64(2)), (3, true));
        assert_eq!(Big::from_u64(1).divide(&Big::from_u64(2)), (0, true));
    }
}
