//! The options that SET, GETEX and MSETEX share with HSETEX and HGETEX.

use super::error::CommandError;
use super::expiry::{ExpiryOption, TimeForm};
use crate::resp::Args;

/// Whose options are read; each command takes only some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Set,
    GetEx,
    MSetEx,
    HSetEx,
    HGetEx,
}

impl Owner {
    /// Whether it stores values, instead of reading them.
    fn stores(self) -> bool {
        matches!(self, Self::Set | Self::MSetEx | Self::HSetEx)
    }
}

/// When a value is to be stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Condition<'a> {
    #[default]
    Always,
    /// NX: the key does not exist.
    Missing,
    /// XX: the key exists.
    Exists,
    /// IFEQ: the key holds this string.
    Equals(&'a [u8]),
}

impl Condition<'_> {
    /// The condition with a second one, if they are the same.
    fn and(self, other: Self) -> Option<Self> {
        (self == Self::Always || self == other).then_some(other)
    }
}

/// What the options say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options<'a> {
    pub condition: Condition<'a>,
    /// The same for each field of a hash: FNX and FXX.
    pub field_condition: Condition<'a>,
    /// GET: answer with the old value.
    pub get: bool,
    pub expiry: ExpiryOption,
}

impl<'a> Options<'a> {
    /// Read the options in arguments `first` to `end`, `end` excluded.
    ///
    /// # Errors
    /// `syntax error` for an unknown option, one that contradicts another, and one that lacks its argument.
    pub fn parse(args: Args<'a>, first: usize, end: usize, owner: Owner) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = first;
        while index < end {
            let has_next = index + 1 < end;
            let word = args.get(index);
            if let Some(form) = TimeForm::from_word(word) {
                // The same option twice is no contradiction: the last one counts.
                let agrees = match options.expiry {
                    ExpiryOption::Unsaid => true,
                    ExpiryOption::At { form: other, .. } => other == form,
                    ExpiryOption::Keep | ExpiryOption::Persist => false,
                };
                if !agrees || !has_next {
                    return Err(CommandError::SYNTAX);
                }
                options.expiry = ExpiryOption::At { form, index: index + 1 };
                index += 2;
                continue;
            }
            index += options.plain_word(word, args, index, end, owner).ok_or(CommandError::SYNTAX)?;
        }
        Ok(options)
    }

    /// Read an option that is no time; returns how many arguments it takes, or `None` if it can't stand here.
    fn plain_word(
        &mut self,
        word: &[u8],
        args: Args<'a>,
        index: usize,
        end: usize,
        owner: Owner,
    ) -> Option<usize> {
        let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
        let stores = owner.stores();
        if stores && is(b"NX") {
            self.condition = self.condition.and(Condition::Missing)?;
        } else if stores && is(b"XX") {
            self.condition = self.condition.and(Condition::Exists)?;
        } else if owner == Owner::HSetEx && is(b"FNX") {
            self.field_condition = self.field_condition.and(Condition::Missing)?;
        } else if owner == Owner::HSetEx && is(b"FXX") {
            self.field_condition = self.field_condition.and(Condition::Exists)?;
        } else if owner == Owner::Set && is(b"IFEQ") {
            if self.condition != Condition::Always || index + 1 >= end {
                return None;
            }
            self.condition = Condition::Equals(args.get(index + 1));
            return Some(2);
        } else if owner == Owner::Set && is(b"GET") {
            self.get = true;
        } else if stores && is(b"KEEPTTL") {
            self.agree_on_expiry(ExpiryOption::Keep)?;
        } else if !stores && is(b"PERSIST") {
            self.agree_on_expiry(ExpiryOption::Persist)?;
        } else {
            return None;
        }
        Some(1)
    }

    fn agree_on_expiry(&mut self, expiry: ExpiryOption) -> Option<()> {
        let agrees = self.expiry == ExpiryOption::Unsaid || self.expiry == expiry;
        self.expiry = expiry;
        agrees.then_some(())
    }
}
