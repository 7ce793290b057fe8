//! Patterns of SORT's BY and GET, which make the name of a key out of an element.

use super::text::{string_value, until_nul};
use crate::collections::HashView;
use crate::keyspace::{EntryRef, Keys, Value, ValueType};

/// What stands for an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern<'a> {
    /// `#`: itself.
    Element,
    /// Nothing, as no `*` tells where the element is to be put.
    Nothing,
    /// A string, or a field of a hash, under the key that has the element between `before` and `behind`.
    Key { before: &'a [u8], behind: &'a [u8], field: Option<&'a [u8]> },
}

impl<'a> Pattern<'a> {
    /// The pattern that a text is: `before*behind` or `before*behind->field`. As in Redis, the marks are looked for up to
    /// the first NUL only.
    pub fn parse(text: &'a [u8]) -> Self {
        let seen = until_nul(text);
        if seen == b"#" {
            return Self::Element;
        }
        let Some(star) = memchr::memchr(b'*', seen) else { return Self::Nothing };
        let (before, rest) = (&text[..star], &text[star + 1..]);
        let arrow = memchr::memmem::find(&seen[star + 1..], b"->");
        // An arrow at the end belongs to the key.
        match arrow.filter(|arrow| star + 1 + arrow + 2 < seen.len()) {
            Some(arrow) => Self::Key { before, behind: &rest[..arrow], field: Some(&rest[arrow + 2..]) },
            None => Self::Key { before, behind: rest, field: None },
        }
    }

    /// The key of an element.
    pub fn key_of(self, element: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Key { before, behind, .. } => Some([before, element, behind].concat()),
            Self::Element | Self::Nothing => None,
        }
    }

    /// Look up what stands for an element other than itself; counts as a hit or a miss, and as an access.
    pub fn read<'k>(self, keys: &'k mut Keys<'_>, element: &[u8]) -> Option<Value<'k>> {
        let name = self.key_of(element)?;
        let key = keys.key(&name);
        let now_ms = keys.field_now_ms();
        self.value_in(keys.read(&key)?, now_ms)
    }

    /// The same of a key that was found with [`read`](Self::read) before, and without a trace.
    pub fn read_again<'k>(self, keys: &'k Keys<'_>, element: &[u8]) -> Option<Value<'k>> {
        let name = self.key_of(element)?;
        let key = keys.key(&name);
        self.value_in(keys.database().find(&key)?, keys.field_now_ms())
    }

    fn value_in<'d>(self, entry: EntryRef<'d>, now_ms: i64) -> Option<Value<'d>> {
        match self {
            Self::Key { field: Some(field), .. } if entry.value_type() == ValueType::Hash => {
                let bytes = HashView::new(entry.collection(), now_ms).value(field)?;
                Some(Value::Bytes { bytes, raw: false })
            }
            Self::Key { field: None, .. } => string_value(&entry).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_pattern_has_one_star_and_a_field_that_is_not_empty() {
        let key = |before, behind, field| Pattern::Key { before, behind, field };
        assert_eq!(Pattern::parse(b"#"), Pattern::Element);
        assert_eq!(Pattern::parse(b"nosort"), Pattern::Nothing);
        assert_eq!(Pattern::parse(b"nul\0*"), Pattern::Nothing);
        assert_eq!(Pattern::parse(b"w_*_*"), key(b"w_", b"_*", None));
        assert_eq!(Pattern::parse(b"h*x->f->g"), key(b"h", b"x", Some(b"f->g")));
        assert_eq!(Pattern::parse(b"a->b*"), key(b"a->b", b"", None));
        assert_eq!(Pattern::parse(b"h*->"), key(b"h", b"->", None));
        assert_eq!(Pattern::parse(b"h*->\0f"), key(b"h", b"->\0f", None));
    }
}
