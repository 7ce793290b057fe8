//! Any bytes as a stream of requests: what they mean does not depend on the pieces they come in, and a claim costs
//! no memory.

use pycluster_engine::resp::{Parser, Progress, ProtocolError, RequestLimits};

/// What a parser may hold before the bytes that were promised have come: the beginning of one large bulk string, and
/// room for some arguments.
const HELD_BYTES_MIN: usize = (1 << 20) + (8 << 10);
/// What it may hold for each byte that came: a place in the list of arguments for every empty one (`$0`, two line
/// breaks), in a list that doubles as it grows.
const HELD_BYTES_PER_BYTE: usize = 16;

/// The commands of a stream, and the error that ends it.
type Parsed = (Vec<Vec<Vec<u8>>>, Option<ProtocolError>);

/// Parse a stream in pieces of the given sizes, over and over, and in one piece.
///
/// # Panics
/// The parser panics, holds more than it may, or the pieces make a difference.
pub fn check(stream: &[u8], pieces: &[usize]) {
    let limits = [
        RequestLimits::default(),
        RequestLimits { bulk_bytes_max: 1 << 20, unauthenticated: false },
        RequestLimits { bulk_bytes_max: 1 << 20, unauthenticated: true },
    ];
    for limits in limits {
        let whole = parse(stream, &[usize::MAX], &limits);
        assert_eq!(parse(stream, pieces, &limits), whole, "in pieces of {pieces:?} under {limits:?}");
    }
}

/// Feed a parser as a connection does.
fn parse(stream: &[u8], pieces: &[usize], limits: &RequestLimits) -> Parsed {
    let mut parser = Parser::default();
    let mut buffer: Vec<u8> = Vec::new();
    let mut commands = Vec::new();
    let mut fed_bytes = 0;
    let mut rest = stream;
    let mut pieces = pieces.iter().copied().chain([usize::MAX]).cycle();
    while !rest.is_empty() {
        let mut piece = pieces.next().unwrap_or(usize::MAX).clamp(1, rest.len());
        match parser.large_in_progress().filter(|(_, missing)| *missing > 0) {
            Some((large, missing)) => {
                piece = piece.min(missing).min(large.capacity() - large.len());
                large.extend_from_slice(&rest[..piece]);
            }
            None => buffer.extend_from_slice(&rest[..piece]),
        }
        rest = &rest[piece..];
        fed_bytes += piece;
        let mut at = 0;
        loop {
            let progress = parser.advance(&buffer[at..], limits);
            let held = parser.memory_bytes();
            assert!(
                held <= HELD_BYTES_MIN + HELD_BYTES_PER_BYTE * fed_bytes,
                "{held} held after {fed_bytes}"
            );
            match progress {
                Ok(Progress::Complete { consumed }) => {
                    assert!(consumed > 0 && at + consumed <= buffer.len());
                    commands.push(parser.args(&buffer[at..]).to_vec());
                    parser.reset();
                    at += consumed;
                }
                Ok(Progress::Incomplete { keep }) => {
                    assert!(at + keep <= buffer.len());
                    buffer.truncate(at + keep);
                    buffer.drain(..at);
                    break;
                }
                Err(error) => return (commands, Some(error)),
            }
        }
    }
    (commands, None)
}
