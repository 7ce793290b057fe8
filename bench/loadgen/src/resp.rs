//! RESP2 replies: finding where each ends, and reading the rare one whose content matters.

use std::fmt;

/// Largest reply that is held; a longer one ends its connection.
pub(crate) const REPLY_BYTES_MAX: usize = 64 << 20;
/// Deepest nesting of arrays that [`parse`] reads.
const DEPTH_MAX: usize = 8;

/// What a reply is, as far as counting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyKind {
    /// A simple string, an integer, a bulk string or an array.
    Value,
    /// The null bulk string or array.
    Nil,
    /// The first line is the error.
    Error,
}

/// The reply at the start of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub kind: ReplyKind,
    /// Bytes it takes, line ends included.
    pub len: usize,
}

/// The server broke the protocol; its connection is of no further use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProtocolError {
    UnknownType(u8),
    BadLength,
    TooLong,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(byte) => write!(f, "unknown reply type {byte:#04x}"),
            Self::BadLength => f.write_str("reply length is no number"),
            Self::TooLong => write!(f, "reply is longer than {REPLY_BYTES_MAX} bytes"),
        }
    }
}

/// Find the end of the first reply; `Ok(None)`: more bytes are needed. Costs nothing per byte of a bulk string.
pub(crate) fn scan(bytes: &[u8]) -> Result<Option<Reply>, ProtocolError> {
    let mut kind = None;
    let mut position = 0;
    let mut elements_left: usize = 1;
    while elements_left > 0 {
        let Some((tag, line, after)) = line_at(bytes, position)? else {
            return Ok(None);
        };
        position = after;
        elements_left -= 1;
        let element = match tag {
            b'+' | b':' => ReplyKind::Value,
            b'-' => ReplyKind::Error,
            b'$' => match length(line)? {
                None => ReplyKind::Nil,
                Some(len) => {
                    position += len + 2;
                    ReplyKind::Value
                }
            },
            b'*' => match length(line)? {
                None => ReplyKind::Nil,
                Some(len) => {
                    elements_left += len;
                    ReplyKind::Value
                }
            },
            other => return Err(ProtocolError::UnknownType(other)),
        };
        kind.get_or_insert(element);
        if position > REPLY_BYTES_MAX {
            return Err(ProtocolError::TooLong);
        }
    }
    if position > bytes.len() {
        return Ok(None);
    }
    Ok(kind.map(|kind| Reply { kind, len: position }))
}

/// Type byte, rest of the line, and where the next line starts.
type Line<'a> = (u8, &'a [u8], usize);

fn line_at(bytes: &[u8], position: usize) -> Result<Option<Line<'_>>, ProtocolError> {
    let Some((&tag, rest)) = bytes.get(position..).and_then(<[u8]>::split_first) else {
        return Ok(None);
    };
    let Some(end) = memchr::memchr(b'\n', rest) else {
        return if rest.len() > REPLY_BYTES_MAX { Err(ProtocolError::TooLong) } else { Ok(None) };
    };
    let line = &rest[..end];
    Ok(Some((tag, line.strip_suffix(b"\r").unwrap_or(line), position + end + 2)))
}

/// A length; None for -1, which is null.
fn length(line: &[u8]) -> Result<Option<usize>, ProtocolError> {
    match integer(line)? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) if length <= REPLY_BYTES_MAX => Ok(Some(length)),
            Ok(_) => Err(ProtocolError::TooLong),
            Err(_) => Err(ProtocolError::BadLength),
        },
    }
}

fn integer(line: &[u8]) -> Result<i64, ProtocolError> {
    std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()).ok_or(ProtocolError::BadLength)
}

/// A reply with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Vec<u8>),
    Integer(i64),
    Error(Vec<u8>),
    Nil,
    Array(Vec<Value>),
}

/// Read one whole reply, which [`scan`] found the end of; None when it is malformed or nested too deep.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    parse_at(bytes, &mut 0, 0)
}

fn parse_at(bytes: &[u8], position: &mut usize, depth: usize) -> Option<Value> {
    let (tag, line, after) = line_at(bytes, *position).ok()??;
    *position = after;
    Some(match tag {
        b'+' => Value::Text(line.to_vec()),
        b'-' => Value::Error(line.to_vec()),
        b':' => Value::Integer(integer(line).ok()?),
        b'$' => match length(line).ok()? {
            None => Value::Nil,
            Some(len) => {
                let text = bytes.get(after..after + len)?.to_vec();
                *position = after + len + 2;
                Value::Text(text)
            }
        },
        b'*' if depth < DEPTH_MAX => match length(line).ok()? {
            None => Value::Nil,
            Some(len) => {
                // The length is the peer's word: grow as elements really come.
                let mut elements = Vec::new();
                for _ in 0..len {
                    elements.push(parse_at(bytes, position, depth + 1)?);
                }
                Value::Array(elements)
            }
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &[u8] = b"*3\r\n:0\r\n*2\r\n$9\r\n127.0.0.1\r\n:7000\r\n$-1\r\n";

    #[test]
    fn a_reply_is_found_only_when_it_is_whole() {
        for whole in
            [b"+OK\r\n".as_slice(), b":12\r\n", b"$5\r\nab\r\nc\r\n", b"$0\r\n\r\n", b"*0\r\n", NESTED]
        {
            for cut in 0..whole.len() {
                assert_eq!(scan(&whole[..cut]), Ok(None), "cut at {cut} of {whole:?}");
            }
            let more = [whole, b"+NEXT\r\n"].concat();
            assert_eq!(scan(&more), Ok(Some(Reply { kind: ReplyKind::Value, len: whole.len() })));
        }
    }

    #[test]
    fn nulls_and_errors_are_told_apart() {
        let kind = |bytes| scan(bytes).unwrap().unwrap().kind;
        assert_eq!(kind(b"$-1\r\n"), ReplyKind::Nil);
        assert_eq!(kind(b"*-1\r\n"), ReplyKind::Nil);
        assert_eq!(kind(b"-MOVED 1 :7000\r\n"), ReplyKind::Error);
        assert_eq!(kind(b"*1\r\n-ERR inside\r\n"), ReplyKind::Value);
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        assert_eq!(scan(b"HTTP/1.1 200\r\n"), Err(ProtocolError::UnknownType(b'H')));
        assert_eq!(scan(b"$x\r\n"), Err(ProtocolError::BadLength));
        assert_eq!(scan(b"$-2\r\n"), Err(ProtocolError::BadLength));
        assert_eq!(scan(b"$99999999999\r\n"), Err(ProtocolError::TooLong));
    }

    #[test]
    fn parsing_keeps_the_content() {
        let node = Value::Array(vec![Value::Text(b"127.0.0.1".to_vec()), Value::Integer(7000)]);
        assert_eq!(parse(NESTED), Some(Value::Array(vec![Value::Integer(0), node, Value::Nil])));
        assert_eq!(parse(b"-ERR no\r\n"), Some(Value::Error(b"ERR no".to_vec())));
    }

    #[test]
    fn parsing_stops_at_its_depth() {
        let deep = [b"*1\r\n".repeat(DEPTH_MAX + 1), b":1\r\n".to_vec()].concat();
        assert!(scan(&deep).unwrap().is_some());
        assert_eq!(parse(&deep), None);
    }
}
