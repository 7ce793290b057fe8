//! Walking over a list's elements.

use super::End;
use super::directory::{Directory, Position};
use super::element::{Element, first, last};

/// Iterator over a list's elements towards one of its ends.
#[derive(Clone)]
pub struct Iter<'a> {
    /// What is left of the present node.
    rest: &'a [u8],
    towards: End,
    /// The nodes that follow: from this position on, if any.
    nodes: Option<(&'a Directory, Position)>,
}

/// The elements of a sequence from the one at `place` on; to the left, those that end there.
pub fn elements(bytes: &[u8], place: usize, towards: End) -> Iter<'_> {
    let rest = if towards == End::Right { &bytes[place..] } else { &bytes[..place] };
    Iter { rest, towards, nodes: None }
}

impl<'a> Iter<'a> {
    /// Elements of a list from `index` on, itself included.
    pub(super) fn of_list(nodes: &'a Directory, index: usize, towards: End) -> Self {
        if index >= nodes.element_count() {
            return Self { rest: &[], towards, nodes: None };
        }
        let (at, index) = nodes.find(index);
        let node = nodes.node(at);
        let place = node.place_of(index + usize::from(towards == End::Left));
        let next = neighbour(nodes, at, towards);
        Self { nodes: next.map(|next| (nodes, next)), ..elements(node.elements(), place, towards) }
    }

    /// Go on with the next node.
    #[cold]
    fn enter_next(&mut self) -> bool {
        let Some((nodes, at)) = self.nodes else { return false };
        self.rest = nodes.node(at).elements();
        self.nodes = neighbour(nodes, at, self.towards).map(|next| (nodes, next));
        true
    }
}

fn neighbour(nodes: &Directory, at: Position, towards: End) -> Option<Position> {
    match towards {
        End::Left => nodes.before(at),
        End::Right => nodes.after(at),
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        while self.rest.is_empty() {
            if !self.enter_next() {
                return None;
            }
        }
        Some(match self.towards {
            End::Right => {
                let located = first(self.rest);
                self.rest = &self.rest[located.raw.len()..];
                located.element
            }
            End::Left => {
                let located = last(self.rest);
                self.rest = &self.rest[..self.rest.len() - located.raw.len()];
                located.element
            }
        })
    }
}
