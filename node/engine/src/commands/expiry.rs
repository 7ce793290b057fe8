//! Deadlines among a command's arguments: how long a key lives.

use super::call::Call;
use super::error::CommandError;
use crate::keyspace::{HashedKey, NewExpiry};
use crate::server::EventClass;

/// How an argument tells a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeForm {
    seconds: bool,
    relative: bool,
}

impl TimeForm {
    /// Seconds from now: EX, EXPIRE.
    pub const SECONDS: Self = Self { seconds: true, relative: true };
    /// Milliseconds from now: PX, PEXPIRE.
    pub const MILLISECONDS: Self = Self { seconds: false, relative: true };
    /// Unix time in seconds: EXAT, EXPIREAT.
    pub const UNIX_SECONDS: Self = Self { seconds: true, relative: false };
    /// Unix time in milliseconds: PXAT, PEXPIREAT.
    pub const UNIX_MILLISECONDS: Self = Self { seconds: false, relative: false };

    /// The form that an option of SET announces.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        let forms: [(&[u8], Self); 4] = [
            (b"EX", Self::SECONDS),
            (b"PX", Self::MILLISECONDS),
            (b"EXAT", Self::UNIX_SECONDS),
            (b"PXAT", Self::UNIX_MILLISECONDS),
        ];
        forms.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, form)| form)
    }

    /// A deadline in this form: the inverse of reading it, with seconds rounded to the nearest.
    pub fn tell(self, deadline_ms: i64, now_ms: i64) -> i64 {
        let time_ms = if self.relative { deadline_ms.saturating_sub(now_ms).max(0) } else { deadline_ms };
        if self.seconds { time_ms.saturating_add(500) / 1_000 } else { time_ms }
    }
}

/// Argument `index` as a deadline, in Unix milliseconds; it must be positive, as SET and its like demand.
///
/// # Errors
/// The argument is no integer, not positive, or beyond the end of time.
pub(super) fn positive_deadline(call: &Call<'_>, index: usize, form: TimeForm) -> Result<i64, CommandError> {
    let value = call.integer(index)?;
    deadline(call, value, form)
        .filter(|_| value > 0)
        .ok_or_else(|| CommandError::invalid_expire(call.spec.name))
}

/// Argument `index` as a deadline, in Unix milliseconds; it may be in the past but not negative, as commands on fields of
/// hashes demand.
///
/// # Errors
/// The argument is no integer, negative, or beyond the end of time.
pub(super) fn deadline_not_negative(
    call: &Call<'_>,
    index: usize,
    form: TimeForm,
) -> Result<i64, CommandError> {
    let value = call.integer(index)?;
    deadline(call, value, form)
        .filter(|_| value >= 0)
        .ok_or_else(|| CommandError::invalid_expire(call.spec.name))
}

/// Argument `index` as a deadline, in Unix milliseconds; one in the past is as good as any, as EXPIRE has it.
///
/// # Errors
/// The argument is no integer or beyond the ends of time.
pub(super) fn any_deadline(call: &Call<'_>, index: usize, form: TimeForm) -> Result<i64, CommandError> {
    let value = call.integer(index)?;
    deadline(call, value, form).ok_or_else(|| CommandError::invalid_expire(call.spec.name))
}

fn deadline(call: &Call<'_>, value: i64, form: TimeForm) -> Option<i64> {
    let value_ms = if form.seconds { value.checked_mul(1_000)? } else { value };
    if form.relative { value_ms.checked_add(call.now.unix_ms()) } else { Some(value_ms) }
}

/// What an option says about a key's expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ExpiryOption {
    #[default]
    Unsaid,
    /// KEEPTTL
    Keep,
    /// PERSIST
    Persist,
    /// EX and its like: the time is in argument `index`.
    At { form: TimeForm, index: usize },
}

impl ExpiryOption {
    /// What becomes of the expiry when a value is stored with this option.
    ///
    /// # Errors
    /// As [`positive_deadline`].
    pub fn for_new_value(self, call: &Call<'_>) -> Result<NewExpiry, CommandError> {
        match self {
            Self::Unsaid | Self::Persist => Ok(NewExpiry::None),
            Self::Keep => Ok(NewExpiry::Keep),
            Self::At { form, index } => positive_deadline(call, index, form).map(NewExpiry::At),
        }
    }
}

/// Remove a key because the deadline it was just given is over.
pub(super) fn remove_as_expired(call: &mut Call<'_>, key: &HashedKey<'_>) {
    if call.keys.remove(key) {
        call.keys.keyspace.stats.expired += 1;
        call.changed(EventClass::GENERIC, "del", key);
    }
}
