//! What a command answers when it can't do what was asked, in the words of Redis.

use std::borrow::Cow;

use super::text::until_nul;

use crate::keyspace::WrongType;

/// Bytes of a subcommand that an error quotes.
const QUOTED_BYTES_MAX: usize = 128;

/// An error reply: its code, a space, its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError(Cow<'static, [u8]>);

macro_rules! errors {
    ($($name:ident = $text:literal;)*) => {
        impl CommandError {
            $(#[doc = $text] pub const $name: Self = Self(Cow::Borrowed($text.as_bytes()));)*
        }
    };
}

errors! {
    SYNTAX = "ERR syntax error";
    WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
    NOT_AN_INTEGER = "ERR value is not an integer or out of range";
    NOT_A_FLOAT = "ERR value is not a valid float";
    OVERFLOW = "ERR increment or decrement would overflow";
    NO_SUCH_KEY = "ERR no such key";
    VALUE_OUT_OF_RANGE = "ERR value is out of range";
    INDEX_OUT_OF_RANGE = "ERR index out of range";
    DB_INDEX_OUT_OF_RANGE = "ERR DB index is out of range";
    INVALID_DB_INDEX = "ERR invalid DB index";
    SAME_OBJECT = "ERR source and destination objects are the same";
    STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    INVALID_CURSOR = "ERR invalid cursor";
    OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
    CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";
    NO_AUTH = "NOAUTH Authentication required.";
    WRONG_PASS = "WRONGPASS invalid username-password pair or user is disabled.";
    NO_PROTO = "NOPROTO unsupported protocol version";
}

impl From<WrongType> for CommandError {
    fn from(_: WrongType) -> Self {
        Self::WRONG_TYPE
    }
}

impl CommandError {
    /// A text that is known at build time, its code first.
    pub const fn text(text: &'static str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }

    /// A text that names something, its code first.
    pub fn new(text: impl Into<Vec<u8>>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// A text around a client's words, which end at their first NUL as C's strings do.
    pub fn quoting(before: &str, words: &[u8], after: &str) -> Self {
        Self::new([before.as_bytes(), super::text::until_nul(words), after.as_bytes()].concat())
    }

    /// A wrong number of arguments; the name as in the command table.
    pub fn wrong_arity(name: &str) -> Self {
        Self::new(format!("ERR wrong number of arguments for '{name}' command"))
    }

    /// A subcommand that is unknown, or has a wrong number of arguments.
    pub fn unknown_subcommand_or_arity(container: &str, name: &[u8]) -> Self {
        let name = until_nul(name);
        let quoted = &name[..name.len().min(QUOTED_BYTES_MAX)];
        let text = "ERR unknown subcommand or wrong number of arguments for '".as_bytes();
        Self::new([text, quoted, format!("'. Try {container} HELP.").as_bytes()].concat())
    }

    /// An expiry that is out of range or not positive.
    pub fn invalid_expire(name: &str) -> Self {
        Self::new(format!("ERR invalid expire time in '{name}' command"))
    }

    /// The error as EXEC answers it when it is refused itself.
    pub fn aborting_transaction(&self) -> Self {
        let mut text = b"EXECABORT Transaction discarded because of: ".to_vec();
        text.extend_from_slice(self.0.strip_prefix(b"ERR ").unwrap_or(&self.0));
        Self::new(text)
    }

    /// The whole error as it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The code, for INFO errorstats.
    pub fn code(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == b' ').unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..end]).unwrap_or("ERR")
    }
}
