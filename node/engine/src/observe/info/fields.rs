//! Named values in the order in which they were added.

use std::fmt::Display;

use crate::server::config::format_memory;

/// The fields of a section.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Add a field.
    pub fn add(&mut self, name: impl Into<String>, value: impl Display) {
        self.0.push((name.into(), value.to_string()));
    }

    /// Add several fields of the same value, for what does not exist here and can be told by numbers.
    pub fn add_all(&mut self, names: &[&str], value: impl Display) {
        for name in names {
            self.add(*name, &value);
        }
    }

    /// Add a number of bytes, once for programs and once for people.
    pub fn add_bytes(&mut self, name: &str, bytes: u64) {
        self.add(name, bytes);
        self.add(format!("{name}_human"), format_memory(bytes));
    }

    /// Add a number with two digits after the point.
    pub fn add_ratio(&mut self, name: &str, ratio: f64) {
        self.add(name, format_args!("{ratio:.2}"));
    }

    /// Add a share as a percentage.
    pub fn add_percent(&mut self, name: &str, part: u64, whole: u64) {
        self.add(name, format_args!("{:.2}%", 100.0 * part as f64 / whole.max(1) as f64));
    }

    /// The fields.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}
