//! The kinds of settings and how their values are read and shown.

use std::borrow::Cow;

use super::Config;
use super::memory_size::parse_memory;

/// Why a value is refused, in Redis's words.
pub type Reason = Cow<'static, str>;

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
        min: u64,
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
    /// A value of its own shape.
    Other {
        get: Get<String>,
        set: fn(&mut Config, &str) -> Result<(), Reason>,
    },
    /// Accepted for compatibility; only the values given are.
    Inert {
        default: &'static str,
        allowed: Allowed,
    },
}

/// Which values an inert setting takes.
#[derive(Clone, Copy, Debug)]
pub enum Allowed {
    Any,
    Flag,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number in this range.
    Range(i64, i64),
    /// Bytes in this range.
    Memory(u64, u64),
    /// Bytes, or a percentage of `maxmemory`.
    MemoryOrPercent,
    /// The default only, because another value would promise what is not done; the reason it is refused with.
    Default(&'static str),
}

impl Kind {
    /// Read `value` into the configuration.
    ///
    /// # Errors
    /// The reason, in Redis's words.
    pub fn set(&self, name: &'static str, config: &mut Config, value: &str) -> Result<(), Reason> {
        match self {
            Self::Integer { field, min, max, .. } => *field(config) = parse_in(value, *min, *max)?,
            Self::Memory { field, min, max, .. } => *field(config) = parse_memory_in(value, *min, *max)?,
            Self::Flag { field, .. } => *field(config) = parse_flag(value)?,
            Self::Text { field, .. } => value.clone_into(field(config)),
            Self::Other { set, .. } => set(config, value)?,
            Self::Inert { default, allowed } => {
                let value = allowed.read(value, default)?;
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
            Self::Other { get, .. } => get(config),
            Self::Inert { default, .. } => {
                let set = config.inert.iter().find(|(other, _)| *other == name);
                set.map_or_else(|| (*default).to_owned(), |(_, value)| value.clone())
            }
        }
    }
}

impl Allowed {
    /// The value as it is shown.
    fn read(&self, value: &str, default: &str) -> Result<String, Reason> {
        Ok(match self {
            Self::Any => value.to_owned(),
            Self::Flag => if parse_flag(value)? { "yes" } else { "no" }.to_owned(),
            Self::Words(words) => parse_word(value, words)?.to_owned(),
            Self::Range(min, max) => parse_in(value, *min, *max)?.to_string(),
            Self::Memory(min, max) => parse_memory_in(value, *min, *max)?.to_string(),
            Self::MemoryOrPercent => parse_memory_or_percent(value)?,
            Self::Default(_) if value.eq_ignore_ascii_case(default) => default.to_owned(),
            Self::Default(reason) => return Err((*reason).into()),
        })
    }
}

/// The one of these words that `value` is, in upper or lower case.
///
/// # Errors
/// It is none of them.
pub fn parse_word(value: &str, words: &[&'static str]) -> Result<&'static str, Reason> {
    let known = words.iter().copied().find(|word| word.eq_ignore_ascii_case(value));
    known.ok_or_else(|| one_of(words))
}

/// The refusal of a word that is none of these.
pub fn one_of(words: &[&str]) -> Reason {
    format!("argument(s) must be one of the following: {}", words.join(", ")).into()
}

fn parse_flag(value: &str) -> Result<bool, Reason> {
    match value.to_ascii_lowercase().as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("argument must be 'yes' or 'no'".into()),
    }
}

/// A whole number from `min` to `max`.
///
/// # Errors
/// The reason, in Redis's words.
pub fn parse_in(value: &str, min: i64, max: i64) -> Result<i64, Reason> {
    let number =
        crate::resp::parse_i64(value.as_bytes()).ok_or("argument couldn't be parsed into an integer")?;
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(format!("argument must be between {min} and {max} inclusive").into())
}

fn parse_memory_in(value: &str, min: u64, max: u64) -> Result<u64, Reason> {
    let bytes = parse_memory(value).ok_or("argument must be a memory value")?;
    if (min..=max).contains(&bytes) {
        return Ok(bytes);
    }
    Err(format!("argument must be between {min} and {max} inclusive").into())
}

fn parse_memory_or_percent(value: &str) -> Result<String, Reason> {
    const NEITHER: &str = "argument must be a memory or percent value";
    let Some(percent) = value.strip_suffix('%') else {
        return Ok(parse_memory(value).ok_or(NEITHER)?.to_string());
    };
    let percent =
        crate::resp::parse_i64(percent.as_bytes()).filter(|percent| *percent >= 0).ok_or(NEITHER)?;
    if percent > 100 {
        return Err("percentage argument must be less or equal to 100".into());
    }
    Ok(format!("{percent}%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inert_values_are_shown_in_their_own_form() {
        for (allowed, given, shown) in [
            (Allowed::Flag, "YES", "yes"),
            (Allowed::Words(&["notice", "warning"]), "Warning", "warning"),
            (Allowed::Range(-1, 5), "-1", "-1"),
            (Allowed::Memory(0, u64::MAX), "1kb", "1024"),
            (Allowed::MemoryOrPercent, "5%", "5%"),
            (Allowed::MemoryOrPercent, "1mb", "1048576"),
            (Allowed::Default("not yet"), "NO", "no"),
        ] {
            assert_eq!(allowed.read(given, "no").as_deref(), Ok(shown));
        }
    }

    #[test]
    fn wrong_values_are_refused_in_redis_words() {
        for (allowed, given, reason) in [
            (Allowed::Flag, "maybe", "argument must be 'yes' or 'no'"),
            (Allowed::Words(&["a", "b"]), "c", "argument(s) must be one of the following: a, b"),
            (Allowed::Range(0, 5), "05", "argument couldn't be parsed into an integer"),
            (Allowed::Range(0, 5), "6", "argument must be between 0 and 5 inclusive"),
            (Allowed::Memory(1, 5), "0", "argument must be between 1 and 5 inclusive"),
            (Allowed::Memory(1, 5), "-1", "argument must be a memory value"),
            (Allowed::MemoryOrPercent, "1.5%", "argument must be a memory or percent value"),
            (Allowed::MemoryOrPercent, "101%", "percentage argument must be less or equal to 100"),
            (Allowed::Default("not yet"), "yes", "not yet"),
        ] {
            assert_eq!(allowed.read(given, "no").unwrap_err(), reason);
        }
    }
}
