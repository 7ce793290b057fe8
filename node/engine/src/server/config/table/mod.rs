//! The table of settings: one row each, in files by what they are about.

macro_rules! integer {
    ($name:literal, $($field:ident).+, $min:expr, $max:expr) => {
        row($name, Kind::Integer { get: |c| c.$($field).+, field: |c| &mut c.$($field).+, min: $min, max: $max })
    };
}
macro_rules! memory {
    ($name:literal, $($field:ident).+, $min:expr, $max:expr) => {
        row($name, Kind::Memory { get: |c| c.$($field).+, field: |c| &mut c.$($field).+, min: $min, max: $max })
    };
}
macro_rules! flag {
    ($name:literal, $($field:ident).+) => {
        row($name, Kind::Flag { get: |c| c.$($field).+, field: |c| &mut c.$($field).+ })
    };
}
macro_rules! text {
    ($name:literal, $($field:ident).+) => {
        row($name, Kind::Text { get: |c| &c.$($field).+, field: |c| &mut c.$($field).+ })
    };
}

mod clients;
mod cluster;
mod memory;
mod observation;
mod packed;
mod persistence;
mod process;
mod replication;

use super::Config;
use super::kinds::{Allowed, Kind, Reason, parse_in};

/// A setting's row.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    /// Another name for it, which older clients use.
    alias: Option<&'static str>,
    /// Only given at the start.
    pub immutable: bool,
    /// Changed by nobody who only speaks to the server.
    pub protected: bool,
    /// The value is a secret.
    pub sensitive: bool,
    kind: Kind,
}

impl Setting {
    /// Read `value` into the configuration.
    ///
    /// # Errors
    /// The reason, in Redis's words.
    pub fn set(&self, config: &mut Config, value: &str) -> Result<(), Reason> {
        // Redis reads numbers to their last byte, and everything else up to the first NUL.
        let whole =
            matches!(self.kind, Kind::Integer { .. } | Kind::Inert { allowed: Allowed::Range(..), .. });
        let value = if whole { value } else { value.split('\0').next().unwrap_or_default() };
        self.kind.set(self.name, config, value)
    }

    /// The present value, as CONFIG GET shows it.
    pub fn get(&self, config: &Config) -> String {
        self.kind.get(self.name, config)
    }

    /// Its name, and the older one.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.alias)
    }

    const fn fixed(self) -> Self {
        Self { immutable: true, ..self }
    }

    const fn protected(self) -> Self {
        Self { protected: true, ..self }
    }

    const fn secret(self) -> Self {
        Self { sensitive: true, ..self }
    }

    const fn alias(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }
}

/// All rows.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    let tables = [
        clients::TABLE,
        cluster::TABLE,
        memory::TABLE,
        observation::TABLE,
        packed::TABLE,
        persistence::TABLE,
        process::TABLE,
        replication::TABLE,
    ];
    tables.into_iter().flatten()
}

const fn row(name: &'static str, kind: Kind) -> Setting {
    Setting { name, alias: None, immutable: false, protected: false, sensitive: false, kind }
}

const fn inert(name: &'static str, default: &'static str, allowed: Allowed) -> Setting {
    row(name, Kind::Inert { default, allowed })
}

/// The largest value of Redis's numbers of 32 and of 64 bits.
const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;
const SIZE: u64 = i64::MAX as u64;
