//! The fields of an entry, as they are read.

use super::listpack::{self, Element};

/// Elements of a listpack that follow one another.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a> {
    pub pack: &'a [u8],
    pub at: usize,
    pub left: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (element, next) = listpack::read(self.pack, self.at);
        self.at = next;
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Elements<'_> {}

/// The fields of an entry: names and values, in the order in which they were given.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    /// The names, when the entry shares its block's; else they stand before the values.
    pub(super) names: Option<Elements<'a>>,
    pub(super) values: Elements<'a>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Element<'a>, Element<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let name = match &mut self.names {
            Some(names) => names.next()?,
            None => self.values.next()?,
        };
        Some((name, self.values.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let pairs = if self.names.is_some() { self.values.left } else { self.values.left / 2 };
        (pairs, Some(pairs))
    }
}

impl ExactSizeIterator for Fields<'_> {}
