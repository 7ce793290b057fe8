//! How commands reach sets.

use super::edited::Edited;
use super::error::CommandError;
use crate::collections::{PackedSet, SetEncoding, SetLimits, SetView};
use crate::keyspace::{Edit, Form, HashedKey, Keys, ValueType};
use crate::server::Config;

/// The set under a key, to be read.
///
/// # Errors
/// WRONGTYPE if the key holds something else.
#[inline]
pub(super) fn read_set<'k>(
    keys: &'k mut Keys<'_>,
    key: &HashedKey<'_>,
) -> Result<Option<SetView<'k>>, CommandError> {
    Ok(keys.collection(key, ValueType::Set)?.map(SetView::new))
}

/// The limits of the small encodings.
pub(super) fn limits(config: &Config) -> SetLimits {
    SetLimits {
        intset_entries: config.packed.set_max_intset_entries as usize,
        listpack_entries: config.packed.set_max_listpack_entries as usize,
        listpack_value_bytes: config.packed.set_max_listpack_value as usize,
    }
}

/// The set under a key, to be changed; a missing one is empty. After [`SetEdit::finish`] comes
/// [`end_edit`](super::edited::end_edit).
pub(super) struct SetEdit<'k, 'a> {
    edit: Edit<'k, 'a, PackedSet>,
    limits: SetLimits,
}

impl<'k, 'a> SetEdit<'k, 'a> {
    /// Begin to change a set.
    ///
    /// # Errors
    /// WRONGTYPE if the key holds something else.
    #[inline]
    pub fn begin(keys: &'k mut Keys<'a>, key: HashedKey<'k>, config: &Config) -> Result<Self, CommandError> {
        let edit = Edit::begin(keys, key, || PackedSet::new(SetEncoding::IntSet))?;
        Ok(Self { edit, limits: limits(config) })
    }

    /// Prepare for this number of members, counted before it is known which of them are new; `first` is one of them.
    pub fn expect_members(&mut self, first: &[u8], count: usize) {
        match self.edit.form() {
            Form::Packed(set) if set.view().is_empty() => {
                set.set_encoding(SetEncoding::of_new(first, count, &self.limits));
            }
            Form::Packed(set) => {
                let encoding = set.encoding().expecting(count, &self.limits);
                set.set_encoding(encoding);
            }
            Form::Object(object) => {
                let (set, _) = object.set();
                set.set_encoding(set.encoding().expecting(count, &self.limits));
            }
        }
    }

    /// Number of members.
    pub fn len(&mut self) -> usize {
        match self.edit.form() {
            Form::Packed(set) => set.view().len(),
            Form::Object(object) => object.set().0.len(),
        }
    }

    /// Whether this is a member.
    pub fn contains(&mut self, member: &[u8]) -> bool {
        match self.edit.form() {
            Form::Packed(set) => set.view().contains(member),
            Form::Object(object) => object.set().0.contains(member),
        }
    }

    /// What is being changed.
    pub fn form(&mut self) -> &mut Form<'k, PackedSet> {
        self.edit.form()
    }

    /// Add a member; false if it is there already.
    #[inline]
    pub fn add(&mut self, member: &[u8]) -> bool {
        match self.edit.form() {
            Form::Packed(set) => {
                let new = set.add(member, &self.limits);
                self.edit.settle();
                new
            }
            Form::Object(object) => {
                let (set, slabs) = object.set();
                set.add(slabs, member, &self.limits)
            }
        }
    }

    /// Remove a member; false if there is none.
    #[inline]
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self.edit.form() {
            Form::Packed(set) => set.remove(member),
            Form::Object(object) => {
                let (set, slabs) = object.set();
                set.remove(slabs, member)
            }
        }
    }

    /// Store what was changed.
    #[inline]
    #[must_use]
    pub fn finish(self) -> Edited {
        if self.edit.finish() { Edited::Emptied } else { Edited::Filled }
    }
}
