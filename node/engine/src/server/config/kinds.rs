//! The kinds of settings and how their values are read and shown.

use std::borrow::Cow;

use super::Config;
use crate::evict::Policy;

type Get<T> = fn(&Config) -> T;
type Field<T> = fn(&mut Config) -> &mut T;

/// Where a setting lies in [`Config`], what values it takes and how they are written.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Integer {
        get: Get<i64>,
        field: Field<i64>,
        min: i64,
        max: i64,
    },
    /// Bytes, written with an optional unit.
    Memory {
        get: Get<u64>,
        field: Field<u64>,
        max: u64,
    },
    Flag {
        get: Get<bool>,
        field: Field<bool>,
    },
    Text {
        get: fn(&Config) -> &str,
        field: Field<String>,
    },
    Policy,
    /// Accepted for compatibility; only the values given are.
    Inert {
        default: &'static str,
        allowed: Allowed,
    },
}

/// Which values an inert setting takes.
#[derive(Clone, Copy, Debug)]
pub enum Allowed {
    /// Any text.
    Any,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number in this range.
    Range(i64, i64),
}

impl Kind {
    /// Read `value` into the configuration.
    ///
    /// # Errors
    /// The reason, in Redis's words.
    pub fn set(&self, name: &'static str, config: &mut Config, value: &str) -> Result<(), Cow<'static, str>> {
        match self {
            Self::Integer { field, min, max, .. } => *field(config) = parse_in(value, *min, *max)?,
            Self::Memory { field, max, .. } => {
                let bytes = parse_memory(value).ok_or("argument must be a memory value")?;
                if bytes > *max {
                    return Err(format!("argument must be between 0 and {max}").into());
                }
                *field(config) = bytes;
            }
            Self::Flag { field, .. } => {
                *field(config) = match value.to_ascii_lowercase().as_str() {
                    "yes" => true,
                    "no" => false,
                    _ => return Err("argument must be 'yes' or 'no'".into()),
                };
            }
            Self::Text { field, .. } => value.clone_into(field(config)),
            Self::Policy => {
                config.maxmemory_policy = Policy::from_name(value).ok_or_else(|| one_of(&Policy::NAMES))?;
            }
            Self::Inert { allowed, .. } => {
                let value = match allowed {
                    Allowed::Any => value.to_owned(),
                    Allowed::Words(words) => {
                        let word = words.iter().find(|word| word.eq_ignore_ascii_case(value));
                        (*word.ok_or_else(|| one_of(words))?).to_owned()
                    }
                    Allowed::Range(min, max) => parse_in(value, *min, *max)?.to_string(),
                };
                config.inert.retain(|(other, _)| *other != name);
                config.inert.push((name, value));
            }
        }
        Ok(())
    }

    /// The present value, as CONFIG GET shows it.
    pub fn get(&self, name: &str, config: &Config) -> String {
        match self {
            Self::Integer { get, .. } => get(config).to_string(),
            Self::Memory { get, .. } => get(config).to_string(),
            Self::Flag { get, .. } => if get(config) { "yes" } else { "no" }.to_owned(),
            Self::Text { get, .. } => get(config).to_owned(),
            Self::Policy => config.maxmemory_policy.name().to_owned(),
            Self::Inert { default, .. } => {
                let set = config.inert.iter().find(|(other, _)| *other == name);
                set.map_or_else(|| (*default).to_owned(), |(_, value)| value.clone())
            }
        }
    }
}

fn one_of(words: &[&str]) -> Cow<'static, str> {
    format!("argument(s) must be one of the following: {}", words.join(", ")).into()
}

fn parse_in(value: &str, min: i64, max: i64) -> Result<i64, Cow<'static, str>> {
    let number =
        crate::resp::parse_i64(value.as_bytes()).ok_or("argument couldn't be parsed into an integer")?;
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(format!("argument must be between {min} and {max} inclusive").into())
}

/// Read a number of bytes: `100`, `10k` (1000), `10kb` (1024), `1mb`, `2gb`, in upper or lower case.
pub fn parse_memory(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
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
    let units = [("G", 1u64 << 30), ("M", 1 << 20), ("K", 1 << 10)];
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
        for (text, bytes) in [("0", 0), ("1k", 1_000), ("1Kb", 1_024), ("2mb", 2 << 20), ("3GB", 3 << 30)] {
            assert_eq!(parse_memory(text), Some(bytes));
        }
        for text in ["", "-1", "k", "1x", "1 mb", "99999999999999999999", "99999999999999gb"] {
            assert_eq!(parse_memory(text), None, "{text}");
        }
        assert_eq!(format_memory(1_572_864), "1.50M");
        assert_eq!(format_memory(10), "10B");
    }
}
