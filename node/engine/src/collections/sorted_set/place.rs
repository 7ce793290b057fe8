//! The order of a sorted set, and places in it.

use super::record::ScoredMember;

/// A score as a number of which a larger one stands for a larger score; the two zeros are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order(pub u64);

impl Order {
    /// The order of a score, which is a number.
    #[inline]
    pub fn of(score: f64) -> Self {
        // Adding zero makes the negative zero positive.
        let bits = (score + 0.0).to_bits();
        let sign = 1 << 63;
        Self(if bits & sign == 0 { bits | sign } else { !bits })
    }
}

/// A place between members: what stands in front of it is "before" it.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// In front of all members with this score and higher ones.
    BeforeScore(f64),
    /// Behind all members with this score and lower ones.
    AfterScore(f64),
    /// Where a member with this score stands, or would stand.
    At(ScoredMember<'a>),
    /// In front of this member and greater ones, in a set of members with the same score.
    BeforeMember(&'a [u8]),
    /// Behind this member and smaller ones, in a set of members with the same score.
    AfterMember(&'a [u8]),
}

impl Place<'_> {
    /// The order of the scores around the place; `None` if scores do not matter.
    #[inline]
    pub fn order(&self) -> Option<Order> {
        match self {
            Self::BeforeScore(score) | Self::AfterScore(score) => Some(Order::of(*score)),
            Self::At(member) => Some(Order::of(member.score)),
            Self::BeforeMember(_) | Self::AfterMember(_) => None,
        }
    }

    /// Whether a member stands before the place.
    #[inline]
    pub fn is_behind(&self, other: ScoredMember<'_>) -> bool {
        match self {
            Self::BeforeScore(score) => other.score < *score,
            Self::AfterScore(score) => other.score <= *score,
            Self::At(member) => other.is_before(*member),
            Self::BeforeMember(member) => other.member < *member,
            Self::AfterMember(member) => other.member <= *member,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_compare_as_scores_do() {
        let scores =
            [f64::NEG_INFINITY, -1e300, -1.5, -1.0, -1e-310, 0.0, 5e-324, 1.0, 1.0000000000000002, 1e300];
        for pair in scores.windows(2) {
            assert!(Order::of(pair[0]) < Order::of(pair[1]), "{pair:?}");
        }
        assert!(Order::of(1e300) < Order::of(f64::INFINITY));
        assert_eq!(Order::of(-0.0), Order::of(0.0));
    }
}
