//! A set that is not under a key: the result of an operation on others.

use super::{Member, PackedSet, SetEncoding, SetLimits, SetObject, SetView, intset};
use crate::collections::{Object, PACKED_BYTES_MAX};
use crate::keyspace::{KeyHasher, NewValue, PackedForm, ValueType};
use crate::memory::SlabAllocator;

/// A set being built. One that is neither stored nor disposed of leaks its members, if there are many.
pub struct SetBuilder<'h> {
    form: Form,
    hasher: &'h KeyHasher,
    limits: SetLimits,
}

enum Form {
    Packed(PackedSet),
    Object(SetObject),
}

/// A set that was built.
pub enum BuiltSet {
    Packed(PackedSet),
    Object(SetObject),
}

impl<'h> SetBuilder<'h> {
    /// An empty set.
    pub fn new(encoding: SetEncoding, hasher: &'h KeyHasher, limits: SetLimits) -> Self {
        Self { form: Form::Packed(PackedSet::new(encoding)), hasher, limits }
    }

    /// Take another encoding to begin with; there are no members yet.
    pub fn start_as(&mut self, encoding: SetEncoding) {
        self.form = Form::Packed(PackedSet::new(encoding));
    }

    /// Add a member; false if it is there already.
    pub fn add(&mut self, slabs: &mut SlabAllocator, member: Member<'_>) -> bool {
        let mut digits = itoa::Buffer::new();
        let text = member.text(&mut digits);
        match &mut self.form {
            Form::Packed(set) => {
                let new = set.add(text, &self.limits);
                if set.bytes().len() > PACKED_BYTES_MAX {
                    self.form = Form::Object(set.to_set_object(slabs, self.hasher));
                }
                new
            }
            Form::Object(set) => set.add(slabs, text, &self.limits),
        }
    }

    /// Remove a member; false if there is none.
    pub fn remove(&mut self, slabs: &mut SlabAllocator, member: Member<'_>) -> bool {
        let mut digits = itoa::Buffer::new();
        let text = member.text(&mut digits);
        match &mut self.form {
            Form::Packed(set) => set.remove(text),
            Form::Object(set) => set.remove(slabs, text),
        }
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Packed(set) => set.view().len(),
            Form::Object(set) => set.len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Become a set of integers if all members are some, and not more of them than the limit says.
    pub fn turn_into_integers(&mut self, slabs: &mut SlabAllocator) {
        let view = match &self.form {
            Form::Packed(set) if set.encoding() == SetEncoding::IntSet => return,
            Form::Packed(set) => set.view(),
            Form::Object(set) => SetView::Object(set),
        };
        if view.len() > self.limits.intset_entries {
            return;
        }
        let mut bytes = intset::EMPTY.to_vec();
        for member in view.members() {
            let Some(value) = member.integer() else { return };
            intset::insert(&mut bytes, value);
        }
        match &mut self.form {
            Form::Object(set) if bytes.len() > PACKED_BYTES_MAX => set.set_encoding(SetEncoding::IntSet),
            form => {
                if let Form::Object(set) = form {
                    set.free_step(slabs, usize::MAX);
                }
                *form = Form::Packed(PackedSet::unpack(&bytes, false));
            }
        }
    }

    /// The set.
    pub fn build(self) -> BuiltSet {
        match self.form {
            Form::Packed(set) => BuiltSet::Packed(set),
            Form::Object(set) => BuiltSet::Object(set),
        }
    }
}

impl BuiltSet {
    /// The set, to be read.
    pub fn view(&self) -> SetView<'_> {
        match self {
            Self::Packed(set) => set.view(),
            Self::Object(set) => SetView::Object(set),
        }
    }

    /// What the keyspace stores: the bytes of a small set, which must have members, or an object.
    pub fn store<T>(self, store: impl FnOnce(NewValue<'_>) -> T) -> T {
        match self {
            Self::Packed(set) => {
                store(NewValue::Packed { value_type: ValueType::Set, bytes: set.bytes(), flag: set.flag() })
            }
            Self::Object(set) => store(NewValue::Object(Box::new(Object::Set(set)))),
        }
    }

    /// The object that a set that is not stored has to be disposed of as.
    pub fn into_object(self) -> Option<Object> {
        match self {
            Self::Packed(_) => None,
            Self::Object(set) => Some(Object::Set(set)),
        }
    }
}
