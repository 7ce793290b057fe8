//! Ranges of a sorted set: by rank, by score and by member.

use super::error::CommandError;
use super::list_range::range_among;
use super::zset_value::ZsetRef;
use crate::collections::sorted_set::{Direction, Place, packed};
use crate::resp::{parse_double, parse_i64};

/// Scores from one to another, either of which may be left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScoreRange {
    min: f64,
    min_excluded: bool,
    max: f64,
    max_excluded: bool,
}

impl ScoreRange {
    /// Read both ends: scores, with `(` in front of one that is left out.
    ///
    /// # Errors
    /// Redis's, for what is no number.
    pub fn parse(min: &[u8], max: &[u8]) -> Result<Self, CommandError> {
        let end = |text: &[u8]| {
            let (excluded, text) = match text {
                [b'(', rest @ ..] => (true, rest),
                _ => (false, text),
            };
            // The text ends at a NUL, as C's texts do, and no digits at all are zero.
            let text = text.split(|byte| *byte == 0).next().unwrap_or(text);
            let score = if text.is_empty() { Some(0.0) } else { parse_double(text) };
            score.map(|score| (score, excluded)).ok_or(CommandError::text("ERR min or max is not a float"))
        };
        let ((min, min_excluded), (max, max_excluded)) = (end(min)?, end(max)?);
        Ok(Self { min, min_excluded, max, max_excluded })
    }

    /// First rank and number of the members in the range.
    pub fn among(&self, set: ZsetRef<'_>) -> (usize, usize) {
        if self.min > self.max || (self.min == self.max && (self.min_excluded || self.max_excluded)) {
            return (0, 0);
        }
        let from = if self.min_excluded { Place::AfterScore(self.min) } else { Place::BeforeScore(self.min) };
        let to = if self.max_excluded { Place::BeforeScore(self.max) } else { Place::AfterScore(self.max) };
        let first = set.rank(&from);
        (first, set.rank(&to).saturating_sub(first))
    }
}

/// An end of a range of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MemberEnd<'a> {
    /// `-`: before all of them.
    Least,
    /// `+`: behind all of them.
    Greatest,
    Included(&'a [u8]),
    Excluded(&'a [u8]),
}

impl<'a> MemberEnd<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        match text {
            [b'-'] | [b'-', 0, ..] => Some(Self::Least),
            [b'+'] | [b'+', 0, ..] => Some(Self::Greatest),
            [b'[', member @ ..] => Some(Self::Included(member)),
            [b'(', member @ ..] => Some(Self::Excluded(member)),
            _ => None,
        }
    }

    /// Whether a member is not below this end.
    fn is_not_above(self, member: &[u8]) -> bool {
        match self {
            Self::Least => true,
            Self::Greatest => false,
            Self::Included(end) => member >= end,
            Self::Excluded(end) => member > end,
        }
    }

    /// Whether a member is not above this end.
    fn is_not_below(self, member: &[u8]) -> bool {
        match self {
            Self::Least => false,
            Self::Greatest => true,
            Self::Included(end) => member <= end,
            Self::Excluded(end) => member < end,
        }
    }
}

/// Members from one to another, in a set in which all have the same score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MemberRange<'a> {
    min: MemberEnd<'a>,
    max: MemberEnd<'a>,
}

impl<'a> MemberRange<'a> {
    /// Read both ends: `-`, `+`, or a member behind `[`, or behind `(` if it is left out.
    ///
    /// # Errors
    /// Redis's, for what is none of these.
    pub fn parse(min: &'a [u8], max: &'a [u8]) -> Result<Self, CommandError> {
        let (min, max) = (MemberEnd::parse(min), MemberEnd::parse(max));
        let (Some(min), Some(max)) = (min, max) else {
            return Err(CommandError::text("ERR min or max not valid string range item"));
        };
        Ok(Self { min, max })
    }

    /// First rank and number of the members in the range. If not all scores are equal there is no such range, and what
    /// is found depends on the form of the set, as in Redis.
    pub fn among(&self, set: ZsetRef<'_>, direction: Direction) -> (usize, usize) {
        match set {
            ZsetRef::Packed(bytes) => self.among_packed(bytes, direction),
            ZsetRef::Object(set) => {
                let first = match self.min {
                    MemberEnd::Least => 0,
                    MemberEnd::Greatest => set.len(),
                    MemberEnd::Included(member) => set.rank(&Place::BeforeMember(member)),
                    MemberEnd::Excluded(member) => set.rank(&Place::AfterMember(member)),
                };
                let end = match self.max {
                    MemberEnd::Least => 0,
                    MemberEnd::Greatest => set.len(),
                    MemberEnd::Included(member) => set.rank(&Place::AfterMember(member)),
                    MemberEnd::Excluded(member) => set.rank(&Place::BeforeMember(member)),
                };
                (first, end.saturating_sub(first))
            }
        }
    }

    /// Look from the end where the direction begins for the first member inside, and go on to the last.
    fn among_packed(&self, bytes: &[u8], direction: Direction) -> (usize, usize) {
        let members: Vec<&[u8]> = packed::members(bytes).map(|found| found.scored.member).collect();
        let (Some(lowest), Some(highest)) = (members.first(), members.last()) else { return (0, 0) };
        let may_have_some = self.min.is_not_above(highest) && self.max.is_not_below(lowest);
        if self.is_empty() || !may_have_some {
            return (0, 0);
        }
        match direction {
            Direction::Up => {
                let first = members.iter().position(|member| self.min.is_not_above(member));
                let Some(first) = first else { return (0, 0) };
                let inside = members[first..].iter().take_while(|member| self.max.is_not_below(member));
                (first, inside.count())
            }
            Direction::Down => {
                let last = members.iter().rposition(|member| self.max.is_not_below(member));
                let Some(last) = last else { return (0, 0) };
                let inside = members[..=last].iter().rev().take_while(|member| self.min.is_not_above(member));
                let count = inside.count();
                (last + 1 - count, count)
            }
        }
    }

    fn is_empty(&self) -> bool {
        match (self.min, self.max) {
            (MemberEnd::Greatest, _) | (_, MemberEnd::Least) => true,
            (MemberEnd::Least, _) | (_, MemberEnd::Greatest) => false,
            (MemberEnd::Included(min), MemberEnd::Included(max)) => min > max,
            (
                MemberEnd::Included(min) | MemberEnd::Excluded(min),
                MemberEnd::Included(max) | MemberEnd::Excluded(max),
            ) => min >= max,
        }
    }
}

/// A range of any kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Range<'a> {
    /// Both ends included; negative ones count from the end where the direction leads.
    Ranks(i64, i64),
    Scores(ScoreRange),
    Members(MemberRange<'a>),
}

impl Range<'_> {
    /// Ranks from one text to another.
    ///
    /// # Errors
    /// They are no integers.
    pub fn ranks(start: &[u8], end: &[u8]) -> Result<Self, CommandError> {
        let number = |text| parse_i64(text).ok_or(CommandError::NOT_AN_INTEGER);
        Ok(Self::Ranks(number(start)?, number(end)?))
    }

    /// First rank, counted from the lowest score, and number of the members in the range.
    pub fn among(&self, set: ZsetRef<'_>, direction: Direction) -> (usize, usize) {
        match self {
            Self::Ranks(start, end) => {
                let length = set.len();
                let (first, count) = range_among(length, *start, *end);
                if direction == Direction::Up { (first, count) } else { (length - first - count, count) }
            }
            Self::Scores(range) => range.among(set),
            Self::Members(range) => range.among(set, direction),
        }
    }
}
