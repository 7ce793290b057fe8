//! EXEC's reply while Python has yet to answer some of the commands that were queued.

/// A reply with gaps in it. What was run after the first such command has been run, but its reply can't be sent before.
#[derive(Debug)]
pub struct HeldReply(Vec<Gap>);

#[derive(Debug)]
struct Gap {
    /// The control request whose answer belongs here.
    id: u64,
    answer: Option<Vec<u8>>,
    /// What comes behind it, up to the next gap.
    rest: Vec<u8>,
}

impl HeldReply {
    /// A reply that begins with its first gap; `gaps` are ids of control requests and what follows them.
    pub fn new(gaps: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Self {
        Self(gaps.into_iter().map(|(id, rest)| Gap { id, answer: None, rest }).collect())
    }

    /// Fill a gap; the whole reply if it was the last one.
    pub fn fill(&mut self, id: u64, answer: Vec<u8>) -> Option<Vec<u8>> {
        if let Some(gap) = self.0.iter_mut().find(|gap| gap.id == id) {
            gap.answer = Some(answer);
        }
        let answers: Option<Vec<_>> =
            self.0.iter_mut().map(|gap| Some((gap.answer.as_deref()?, gap.rest.as_slice()))).collect();
        Some(answers?.into_iter().flat_map(|(answer, rest)| [answer, rest]).collect::<Vec<_>>().concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reply_is_whole_when_its_last_gap_is_filled_in_whatever_order() {
        let mut held = HeldReply::new([(7, b"b".to_vec()), (8, Vec::new()), (9, b"d".to_vec())]);
        assert_eq!(held.fill(8, b"c".to_vec()), None);
        assert_eq!(held.fill(9, b"_".to_vec()), None);
        assert_eq!(held.fill(7, b"a".to_vec()), Some(b"abc_d".to_vec()));
    }
}
