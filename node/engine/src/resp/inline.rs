//! Inline commands: a line of words, as people type them into telnet.

/// Split a line into words, honouring quotes and escapes; `None` when quotes are unbalanced.
///
/// Double quotes know `\n \r \t \b \a \xHH` and `\c` for any other character c; single quotes only `\'`.
/// Quotes may begin and end within a word.
pub(super) fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.iter().position(|byte| !is_space(*byte)) {
        let (word, length) = next_word(&rest[start..])?;
        words.push(word);
        rest = &rest[start + length..];
    }
    Some(words)
}

/// The word at the start of `text` and how many bytes it takes there.
fn next_word(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut word = Vec::new();
    let mut at = 0;
    // Vertical tab and form feed are white space between words, but do not end one.
    while at < text.len() && !matches!(text[at], b' ' | b'\t' | b'\n' | b'\r') {
        match text[at] {
            quote @ (b'"' | b'\'') => at += 1 + unquote(&text[at + 1..], quote, &mut word)?,
            byte => {
                word.push(byte);
                at += 1;
            }
        }
    }
    Some((word, at))
}

/// Append what stands before the closing quote; returns the bytes it took, the quote included.
fn unquote(text: &[u8], quote: u8, word: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        match (text.get(at)?, text.get(at + 1)) {
            (byte, _) if *byte == quote => return Some(at + 1),
            (b'\\', Some(b'x')) if quote == b'"' => match (hex(text.get(at + 2)), hex(text.get(at + 3))) {
                (Some(high), Some(low)) => {
                    word.push(high << 4 | low);
                    at += 4;
                }
                _ => {
                    word.push(b'x');
                    at += 2;
                }
            },
            (b'\\', Some(escaped)) if quote == b'"' => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                at += 2;
            }
            (b'\\', Some(b'\'')) if quote == b'\'' => {
                word.push(b'\'');
                at += 2;
            }
            (byte, _) => {
                word.push(*byte);
                at += 1;
            }
        }
    }
}

fn hex(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).map(|digit| digit as u8)
}

fn is_space(byte: u8) -> bool {
    // As C's isspace: vertical tab is white space too, which `u8::is_ascii_whitespace` denies.
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0B | 0x0C | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<String>> {
        split_words(line.as_bytes())
            .map(|words| words.into_iter().map(|word| String::from_utf8_lossy(&word).into_owned()).collect())
    }

    #[test]
    fn words_are_split_at_white_space_and_quotes_hold_them_together() {
        assert_eq!(
            words("  SET  key \"a b\"\t'c d' "),
            Some(vec!["SET".into(), "key".into(), "a b".into(), "c d".into()])
        );
        assert_eq!(words(r#"x "\x41\n\"" 'it\'s'"#), Some(vec!["x".into(), "A\n\"".into(), "it's".into()]));
        assert_eq!(words(""), Some(vec![]));
        assert_eq!(words("a\"\" \"\""), Some(vec!["a".into(), String::new()]));
        assert_eq!(words("\"a\"b'c d'e"), Some(vec!["abc de".into()]));
        assert_eq!(words(" \x0b a\x0bb \x0c"), Some(vec!["a\x0bb".into()]));
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in ["\"abc", "'abc", "a\"", "'a'b'", "\"abc\\"] {
            assert_eq!(words(line), None, "{line}");
        }
    }
}
