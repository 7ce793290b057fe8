//! Why a setting could not be changed.

use super::kinds::Reason;

/// Why a setting could not be changed, with the setting's name as it was given or as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// There is no such setting.
    Unknown(Vec<u8>),
    /// It can only be given at the start.
    Immutable(Vec<u8>),
    /// Clients may not change it.
    Protected(Vec<u8>),
    /// The setting was named twice.
    Duplicate(Vec<u8>),
    /// The value is not of its kind or out of range.
    Invalid { name: &'static str, reason: Reason },
}

impl ConfigError {
    /// What CONFIG SET answers, without its code.
    pub fn message(&self) -> Vec<u8> {
        let failed = |name: &[u8], reason: &str| {
            let mut text = b"CONFIG SET failed (possibly related to argument '".to_vec();
            text.extend_from_slice(quotable(name));
            text.extend_from_slice(b"') - ");
            text.extend_from_slice(reason.as_bytes());
            text
        };
        match self {
            Self::Unknown(name) => {
                let mut text = b"Unknown option or number of arguments for CONFIG SET - '".to_vec();
                text.extend_from_slice(quotable(name));
                text.push(b'\'');
                text
            }
            Self::Immutable(name) => failed(name, "can't set immutable config"),
            Self::Protected(name) => failed(name, "can't set protected config"),
            Self::Duplicate(name) => failed(name, "duplicate parameter"),
            Self::Invalid { name, reason } => failed(name.as_bytes(), reason),
        }
    }
}

/// A name as Redis quotes it: up to the first NUL.
fn quotable(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.message()))
    }
}
