//! Reading replies, strictly: bytes that are no RESP value are an error.

/// The first value of `bytes`: its length, and whether it is an out-of-band push; `None` if it is not whole.
///
/// # Errors
/// The bytes are no RESP value.
pub fn first_value(bytes: &[u8]) -> Result<Option<(usize, bool)>, String> {
    let mut at = 0;
    let is_push = bytes.first() == Some(&b'>');
    let mut missing = 1usize;
    while missing > 0 {
        let Some(end) = bytes[at..].windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
        let (kind, line) = (bytes[at], &bytes[at + 1..at + end]);
        at += end + 2;
        missing -= 1;
        let number = || {
            let text = std::str::from_utf8(line).map_err(|_| "a length of no digits".to_owned())?;
            text.parse::<i64>().map_err(|_| format!("no length: {text:?}"))
        };
        match kind {
            b'+' | b'-' if line.iter().any(|byte| matches!(byte, b'\r' | b'\n')) => {
                return Err("a line break within a line".to_owned());
            }
            b'+' | b'-' | b'(' => {}
            b':' => drop(number()?),
            b',' => check_double(line)?,
            b'#' if matches!(line, b"t" | b"f") => {}
            b'_' if line.is_empty() => {}
            b'$' | b'=' | b'!' => {
                let length = number()?;
                if length >= 0 {
                    let end = at + length as usize;
                    match bytes.get(end..end + 2) {
                        None => return Ok(None),
                        Some(b"\r\n") => at = end + 2,
                        Some(_) => return Err(format!("no line break behind {length} bytes")),
                    }
                } else if length != -1 || kind != b'$' {
                    return Err(format!("a length of {length}"));
                }
            }
            b'*' | b'~' | b'>' | b'%' => {
                let count = number()?;
                if count < -1 || (count == -1 && kind != b'*') {
                    return Err(format!("an aggregate of {count}"));
                }
                missing += count.max(0) as usize * if kind == b'%' { 2 } else { 1 };
            }
            _ => return Err(format!("no RESP type: {}", kind.escape_ascii())),
        }
    }
    Ok(Some((at, is_push)))
}

fn check_double(line: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(line);
    match text.parse::<f64>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("no double: {text:?}")),
    }
}
