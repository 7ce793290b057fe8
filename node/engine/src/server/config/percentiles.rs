//! `latency-tracking-info-percentiles`.

use std::borrow::Cow;

/// Percentiles, each from 0 to 100, in the order in which they were given.
#[derive(Clone, Debug, PartialEq)]
pub struct Percentiles(pub Vec<f64>);

impl Default for Percentiles {
    fn default() -> Self {
        Self(vec![50.0, 99.0, 99.9])
    }
}

impl Percentiles {
    /// Read numbers with blanks between them.
    ///
    /// # Errors
    /// The reason, in Redis's words.
    pub fn parse(text: &str) -> Result<Self, Cow<'static, str>> {
        let read = |word: &str| {
            let number: Option<f64> = word.parse().ok().filter(|number: &f64| !number.is_nan());
            let number = number.ok_or("Invalid latency-tracking-info-percentiles parameters")?;
            if (0.0..=100.0).contains(&number) {
                return Ok(number);
            }
            Err("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".into())
        };
        text.split(' ').filter(|word| !word.is_empty()).map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The numbers with blanks between them.
    pub fn text(&self) -> String {
        self.0.iter().map(f64::to_string).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_0_and_100() {
        assert_eq!(Percentiles::parse("99.999 1e1 0").unwrap().text(), "99.999 10 0");
        assert_eq!(Percentiles::parse("").unwrap().text(), "");
        for wrong in ["101", "-1", "abc", "nan"] {
            assert!(Percentiles::parse(wrong).is_err(), "{wrong}");
        }
    }
}
