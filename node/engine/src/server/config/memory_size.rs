//! Numbers of bytes as people write them.

/// Read a number of bytes: `100`, `10k` (1000), `10kb` (1024), `1mb`, `2gb`, in upper or lower case. As in Redis,
/// a number that is left out is 0.
pub fn parse_memory(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = if digits == 0 { 0 } else { text[..digits].parse().ok()? };
    let unit = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// A number of bytes for people: `1.50M`.
pub fn format_memory(bytes: u64) -> String {
    let units = [("T", 1u64 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)];
    match units.iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{:.2}{unit}", bytes as f64 / *size as f64),
        None => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_sizes_take_decimal_and_binary_units() {
        for (text, bytes) in [
            ("0", 0),
            ("1k", 1_000),
            ("1Kb", 1_024),
            ("2mb", 2 << 20),
            ("3GB", 3 << 30),
            ("1B", 1),
            ("", 0),
            ("kb", 0),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_memory(text), Some(bytes), "{text}");
        }
        for text in ["-1", "+1", "1x", "1 mb", " 1", "0x10", "99999999999999999999", "99999999999999gb"] {
            assert_eq!(parse_memory(text), None, "{text}");
        }
    }

    #[test]
    fn memory_sizes_are_shown_in_the_largest_unit_that_fits() {
        assert_eq!(format_memory(10), "10B");
        assert_eq!(format_memory(1_572_864), "1.50M");
        assert_eq!(format_memory(3 << 40), "3.00T");
    }
}
