//! `notify-keyspace-events`: classes of events, each with its letter.

use crate::server::EventClass;

/// What `A` stands for: all classes but missed and new keys.
const ALL: EventClass = EventClass::GENERIC
    .union(EventClass::STRING)
    .union(EventClass::LIST)
    .union(EventClass::SET)
    .union(EventClass::HASH)
    .union(EventClass::SORTED_SET)
    .union(EventClass::EXPIRED)
    .union(EventClass::EVICTED)
    .union(EventClass::STREAM)
    .union(EventClass::MODULE);

/// Letters of the classes, in the order in which CONFIG GET shows them.
const CLASSES: [(char, EventClass); 11] = [
    ('g', EventClass::GENERIC),
    ('$', EventClass::STRING),
    ('l', EventClass::LIST),
    ('s', EventClass::SET),
    ('h', EventClass::HASH),
    ('z', EventClass::SORTED_SET),
    ('x', EventClass::EXPIRED),
    ('e', EventClass::EVICTED),
    ('t', EventClass::STREAM),
    ('d', EventClass::MODULE),
    ('n', EventClass::NEW),
];

/// Letters that are shown behind the classes.
const OTHERS: [(char, EventClass); 3] =
    [('K', EventClass::KEYSPACE), ('E', EventClass::KEYEVENT), ('m', EventClass::KEY_MISS)];

/// Read a word of letters; `None` when one of them stands for nothing.
pub fn from_letters(letters: &str) -> Option<EventClass> {
    letters.chars().try_fold(EventClass::empty(), |events, letter| {
        if letter == 'A' {
            return Some(events | ALL);
        }
        let known = CLASSES.iter().chain(&OTHERS).find(|(known, _)| *known == letter);
        known.map(|(_, event)| events | *event)
    })
}

/// The letters, as CONFIG GET shows them. As in Redis, `n` is not shown beside `A`.
pub fn letters(events: EventClass) -> String {
    let mut letters = String::new();
    let shown = |(_, event): &&(char, EventClass)| events.contains(*event);
    if events.contains(ALL) {
        letters.push('A');
    } else {
        letters.extend(CLASSES.iter().filter(shown).map(|(letter, _)| letter));
    }
    letters.extend(OTHERS.iter().filter(shown).map(|(letter, _)| letter));
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_shown_in_redis_order_whatever_order_they_came_in() {
        for (given, shown) in
            [("", ""), ("KEA", "AKE"), ("nmdteKExzhsl$g", "AKEm"), ("Kn$", "$nK"), ("mEx", "xEm")]
        {
            assert_eq!(letters(from_letters(given).unwrap()), shown);
        }
        assert_eq!(from_letters("Kq"), None);
    }
}
