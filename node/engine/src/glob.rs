//! Glob patterns as KEYS, SCAN and CONFIG GET know them.
//!
//! `*`: any bytes; `?`: any byte; `[abc]`, `[a-z]`, `[^abc]`: a byte of a class; `\`: the next byte as it stands.

/// Whether a pattern matches the whole text, ASCII letters of either case being equal if `nocase`.
///
/// Takes time proportional to the product of both lengths at most: since every part of a pattern between two stars
/// takes a fixed number of bytes, it is enough to go back to the last star, never further.
pub fn matches(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    // Redis tries no star against an empty text.
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut at, mut position) = (0, 0);
    // What follows the last star, and where in the text that was tried last.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            at += 1;
            if at == pattern.len() {
                return true;
            }
            star = Some((at, position));
            continue;
        }
        let Some(&byte) = text.get(position) else {
            return at == pattern.len();
        };
        if let Some(next) = match_one(pattern, at, byte, nocase) {
            (at, position) = (next, position + 1);
        } else if let Some((after_star, tried)) = star {
            (at, position) = (after_star, tried + 1);
            star = Some((at, position));
        } else {
            return false;
        }
    }
}

/// Match the element at `at`, which is no star, with a byte; returns where the next element begins.
fn match_one(pattern: &[u8], at: usize, byte: u8, nocase: bool) -> Option<usize> {
    let fold = |byte: u8| if nocase { byte.to_ascii_lowercase() } else { byte };
    match pattern[at..] {
        [] => None,
        [b'?', ..] => Some(at + 1),
        [b'[', ..] => match_class(pattern, at + 1, byte, nocase),
        [b'\\', escaped, ..] => (fold(escaped) == fold(byte)).then_some(at + 2),
        [literal, ..] => (fold(literal) == fold(byte)).then_some(at + 1),
    }
}

/// Match the class that begins behind the bracket; one that is not closed ends with the pattern.
fn match_class(pattern: &[u8], start: usize, byte: u8, nocase: bool) -> Option<usize> {
    let fold = |byte: u8| if nocase { byte.to_ascii_lowercase() } else { byte };
    let negated = pattern.get(start) == Some(&b'^');
    let mut at = start + usize::from(negated);
    let mut found = false;
    loop {
        match pattern[at..] {
            [] => break,
            [b'\\', escaped, ..] => {
                // An escaped byte keeps its case even when cases are equal elsewhere.
                found |= escaped == byte;
                at += 2;
            }
            [b']', ..] => {
                at += 1;
                break;
            }
            [first, b'-', last, ..] => {
                found |= in_range(first, last, byte, fold);
                at += 3;
            }
            [literal, ..] => {
                found |= fold(literal) == fold(byte);
                at += 1;
            }
        }
    }
    (found != negated).then_some(at)
}

/// Bytes are ordered as C's signed characters are, so that classes match here what they match in Redis.
fn in_range(first: u8, last: u8, byte: u8, fold: impl Fn(u8) -> u8) -> bool {
    let (low, high) = if first as i8 <= last as i8 { (first, last) } else { (last, first) };
    (fold(low) as i8..=fold(high) as i8).contains(&(fold(byte) as i8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_classes_and_escapes_match_as_in_redis() {
        for (pattern, text) in [
            ("h?llo", "hallo"),
            ("h*llo", "hllo"),
            ("h[ae]llo", "hello"),
            ("h[^e]llo", "hallo"),
            ("h[a-b]llo", "hbllo"),
            ("[b-a]", "a"),
            ("a*b*c", "a1b2c"),
            ("**", "x"),
            ("\\*", "*"),
            ("\\", "\\"),
            ("[\\]]", "]"),
            ("[a-", "-"),
            ("[b-", "b"),
            ("[^", "b"),
            ("a**", "a"),
            ("*[0-9]", "k12"),
        ] {
            assert!(matches(pattern.as_bytes(), text.as_bytes(), false), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("h?llo", "hllo"),
            ("*", ""),
            ("a*", "ba"),
            ("[]", "a"),
            ("[", "["),
            ("[a-]", "-"),
            ("b*[", "b"),
            ("", "a"),
        ] {
            assert!(!matches(pattern.as_bytes(), text.as_bytes(), false), "{pattern} {text}");
        }
        assert!(matches(b"MAX*[L-N]", b"maxclienM", true));
        assert!(!matches(b"MAX*", b"maxclients", false));
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_exponential_time() {
        let pattern = b"*a".repeat(2_000);
        let mut text = vec![b'a'; 20_000];
        text.push(b'b');
        assert!(!matches(&pattern, &text, false));
    }
}
