//! Requests as they come off the wire, in pieces of any size.

use std::borrow::Cow;
use std::sync::Arc;

use super::inline::split_words;

/// The longest bulk string Redis allows by default (`proto-max-bulk-len`).
pub const BULK_BYTES_MAX: u64 = 512 << 20;
/// The longest inline line, and the longest line of digits.
const LINE_BYTES_MAX: usize = 64 << 10;
/// The most arguments of a command: Redis's limit.
const ARGS_MAX: i64 = i32::MAX as i64;
/// Arguments and their length as long as the client has not said the password.
const UNAUTHENTICATED_ARGS_MAX: i64 = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX: u64 = 16 << 10;
/// Room for arguments that is reserved on a client's word alone.
const ARGS_RESERVED_MAX: usize = 64;
/// From this size on a bulk string is received into an allocation of its own, which the keyspace can then take over.
pub const LARGE_BULK_BYTES: u64 = 32 << 10;
/// A large bulk string's allocation starts with this much and doubles as bytes arrive, so that a length that is only
/// claimed costs nothing.
const LARGE_BULK_FIRST_BYTES: usize = 256 << 10;

/// Why a stream of requests can't be read any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolError(pub Cow<'static, [u8]>);

impl ProtocolError {
    const fn text(text: &'static str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }
}

/// What a client may ask to be received.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Length of a bulk string.
    pub bulk_bytes_max: u64,
    /// The client has not said the password: only what it takes to say it is received.
    pub unauthenticated: bool,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self { bulk_bytes_max: BULK_BYTES_MAX, unauthenticated: false }
    }
}

/// Where an argument lies: in the input buffer, or in an allocation of its own.
#[derive(Clone, Debug, Default)]
pub struct Arg {
    pub(super) start: u32,
    pub(super) length: u32,
    pub(super) owned: Option<Arc<Vec<u8>>>,
}

/// The arguments of one command, its name first.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    pub(super) buffer: &'a [u8],
    pub(super) args: &'a [Arg],
}

impl<'a> Args<'a> {
    /// Arguments that own their bytes, for commands that did not come off a wire.
    pub fn owned(args: &'a [Arg]) -> Self {
        Self { buffer: &[], args }
    }

    /// Number of arguments, the name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.args.len()
    }

    /// True for the empty command, which no client can send.
    pub fn is_empty(&self) -> bool {
        self.args.is_empty()
    }

    /// Argument `index`; the empty string when there are fewer.
    #[inline]
    pub fn get(&self, index: usize) -> &'a [u8] {
        match self.args.get(index) {
            Some(Arg { owned: Some(bytes), .. }) => bytes,
            Some(arg) => &self.buffer[arg.start as usize..][..arg.length as usize],
            None => &[],
        }
    }

    /// The allocation of an argument that came in one of its own.
    #[inline]
    pub fn large(&self, index: usize) -> Option<&'a Arc<Vec<u8>>> {
        self.args.get(index)?.owned.as_ref()
    }

    /// All arguments from `first` on.
    pub fn iter_from(&self, first: usize) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        let args = *self;
        (first.min(self.len())..self.len()).map(move |index| args.get(index))
    }

    /// The arguments from `first` on, as arguments of their own.
    pub fn skip(&self, first: usize) -> Args<'a> {
        Args { buffer: self.buffer, args: &self.args[first.min(self.args.len())..] }
    }

    /// Bytes that the command takes as an array of bulk strings.
    pub fn wire_bytes(&self) -> u64 {
        let frame = |number: usize| itoa::Buffer::new().format(number).len() + "$\r\n".len();
        let args = self.iter_from(0).map(|arg| frame(arg.len()) + arg.len() + "\r\n".len());
        (frame(self.len()) + args.sum::<usize>()) as u64
    }

    /// False when the command takes less than `bytes` for sure; true when [`Args::wire_bytes`] has to tell.
    #[inline]
    pub fn may_take(&self, bytes: u64) -> bool {
        self.buffer.len() as u64 >= bytes || self.args.iter().any(|arg| arg.owned.is_some())
    }

    /// Copies of all arguments.
    pub fn to_vec(&self) -> Vec<Vec<u8>> {
        self.iter_from(0).map(<[u8]>::to_vec).collect()
    }
}

impl From<Vec<u8>> for Arg {
    fn from(bytes: Vec<u8>) -> Self {
        Self { start: 0, length: 0, owned: Some(Arc::new(bytes)) }
    }
}

/// How far a call of [`Parser::advance`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A command is complete; it took this many bytes.
    Complete { consumed: usize },
    /// More bytes are needed; of those given, the first `keep` must be given again, before the new ones.
    Incomplete { keep: usize },
}

/// Reads one connection's requests. The bytes stay with the caller: offsets are relative to the command's first byte.
#[derive(Debug, Default)]
pub struct Parser {
    args: Vec<Arg>,
    /// Arguments of the array still to come; `None` before its header.
    remaining: Option<u32>,
    /// Length of the bulk string that is being read.
    bulk_bytes: Option<u64>,
    /// Next byte to read.
    cursor: usize,
    /// A bulk string that is received into place.
    large: Option<Vec<u8>>,
    /// Bytes of those that are complete.
    large_bytes: usize,
}

impl Parser {
    /// Go on with the command that starts at `bytes[0]`.
    ///
    /// # Errors
    /// [`ProtocolError`] with Redis's words; the connection is of no use after it.
    #[inline]
    pub fn advance(&mut self, bytes: &[u8], limits: &RequestLimits) -> Result<Progress, ProtocolError> {
        if self.remaining.is_none() {
            match bytes.first() {
                None => return Ok(Progress::Incomplete { keep: 0 }),
                Some(b'*') => {}
                Some(_) => return self.inline(bytes),
            }
            let Some((count, next)) = read_length(bytes, 0, "Protocol error: too big mbulk count string")?
            else {
                return Ok(Progress::Incomplete { keep: bytes.len() });
            };
            let count = count
                .filter(|count| *count <= ARGS_MAX)
                .ok_or(ProtocolError::text("Protocol error: invalid multibulk length"))?;
            if limits.unauthenticated && count > UNAUTHENTICATED_ARGS_MAX {
                return Err(ProtocolError::text("Protocol error: unauthenticated multibulk length"));
            }
            self.cursor = next;
            if count <= 0 {
                self.reset();
                return Ok(Progress::Complete { consumed: next });
            }
            self.remaining = Some(count as u32);
            self.args.reserve((count as usize).min(ARGS_RESERVED_MAX));
        }
        self.bulks(bytes, limits)
    }

    /// The command that [`Progress::Complete`] announced; `bytes` as given there. Empty for an empty array or line.
    #[inline]
    pub fn args<'a>(&'a self, bytes: &'a [u8]) -> Args<'a> {
        Args { buffer: bytes, args: &self.args }
    }

    /// Make ready for the next command.
    #[inline]
    pub fn reset(&mut self) {
        self.args.clear();
        self.remaining = None;
        self.bulk_bytes = None;
        self.cursor = 0;
        self.large = None;
        self.large_bytes = 0;
        if self.args.capacity() > ARGS_RESERVED_MAX {
            self.args = Vec::new();
        }
    }

    /// A bulk string that is being received into place, and the number of bytes it still lacks.
    pub fn large_in_progress(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        let total = self.bulk_bytes? as usize;
        let large = self.large.as_mut()?;
        if large.capacity() == large.len() {
            large.reserve_exact(large.len().max(LARGE_BULK_FIRST_BYTES).min(total - large.len()));
        }
        let missing = total - large.len();
        Some((large, missing))
    }

    /// Bytes received of the present command that are no longer in the caller's buffer.
    pub fn received_bytes(&self) -> usize {
        self.large_bytes + self.large.as_ref().map_or(0, Vec::len)
    }

    /// Bytes held by the parser itself.
    pub fn memory_bytes(&self) -> usize {
        self.args.capacity() * size_of::<Arg>()
            + self.large.as_ref().map_or(0, Vec::capacity)
            + self
                .args
                .iter()
                .filter_map(|arg| arg.owned.as_ref())
                .map(|owned| owned.capacity())
                .sum::<usize>()
    }

    fn bulks(&mut self, bytes: &[u8], limits: &RequestLimits) -> Result<Progress, ProtocolError> {
        while self.remaining.is_some_and(|remaining| remaining > 0) {
            let length = match self.bulk_bytes {
                Some(length) => length,
                None => match self.bulk_header(bytes, limits)? {
                    Some(length) => length,
                    None => return Ok(Progress::Incomplete { keep: bytes.len() }),
                },
            };
            let available = bytes.len() - self.cursor;
            if length >= LARGE_BULK_BYTES {
                if !self.take_large(bytes, length as usize) {
                    return Ok(Progress::Incomplete { keep: self.cursor });
                }
                if bytes.len() < self.cursor + 2 {
                    return Ok(Progress::Incomplete { keep: bytes.len() });
                }
                let large = self.large.take().unwrap_or_default();
                self.large_bytes += large.len();
                self.args.push(Arg::from(large));
            } else {
                if (available as u64) < length + 2 {
                    return Ok(Progress::Incomplete { keep: bytes.len() });
                }
                // The query buffer's limit of 1 GiB keeps offsets below 2^32.
                self.args.push(Arg { start: self.cursor as u32, length: length as u32, owned: None });
                self.cursor += length as usize;
            }
            if bytes[self.cursor..self.cursor + 2] != *b"\r\n" {
                return Err(INVALID_CRLF);
            }
            self.cursor += 2;
            self.bulk_bytes = None;
            self.remaining = self.remaining.map(|remaining| remaining - 1);
        }
        Ok(Progress::Complete { consumed: self.cursor })
    }

    /// Read `$<length>\r\n` at the cursor.
    #[inline]
    fn bulk_header(&mut self, bytes: &[u8], limits: &RequestLimits) -> Result<Option<u64>, ProtocolError> {
        match bytes.get(self.cursor) {
            None => return Ok(None),
            Some(b'$') => {}
            Some(_) => return no_bulk_header(&bytes[self.cursor..]),
        }
        let Some((length, next)) = read_length(bytes, self.cursor, BULK_COUNT_TOO_LONG)? else {
            return Ok(None);
        };
        let length = length
            .and_then(|length| u64::try_from(length).ok())
            .filter(|length| *length <= limits.bulk_bytes_max)
            .ok_or(ProtocolError::text("Protocol error: invalid bulk length"))?;
        if limits.unauthenticated && length > UNAUTHENTICATED_BULK_BYTES_MAX {
            return Err(ProtocolError::text("Protocol error: unauthenticated bulk length"));
        }
        self.cursor = next;
        self.bulk_bytes = Some(length);
        Ok(Some(length))
    }

    /// Move what has arrived of a large bulk string out of the buffer; true when it is whole.
    fn take_large(&mut self, bytes: &[u8], length: usize) -> bool {
        let large = self.large.get_or_insert_with(|| Vec::with_capacity(length.min(LARGE_BULK_FIRST_BYTES)));
        let taken = (length - large.len()).min(bytes.len() - self.cursor);
        large.extend_from_slice(&bytes[self.cursor..][..taken]);
        if large.len() < length {
            return false;
        }
        // Bytes that were in the buffer are passed over there; those received into place never were in it.
        self.cursor += taken;
        true
    }

    fn inline(&mut self, bytes: &[u8]) -> Result<Progress, ProtocolError> {
        // As for Redis, the text ends at a NUL: a line with one in it is never whole.
        let Some(end) = memchr::memchr2(b'\n', 0, bytes).filter(|end| bytes[*end] == b'\n') else {
            if bytes.len() > LINE_BYTES_MAX {
                return Err(INLINE_TOO_LONG);
            }
            return Ok(Progress::Incomplete { keep: bytes.len() });
        };
        // Too long is too long, also when the whole line came in one piece.
        if end > LINE_BYTES_MAX {
            return Err(INLINE_TOO_LONG);
        }
        let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
        let words =
            split_words(line).ok_or(ProtocolError::text("Protocol error: unbalanced quotes in request"))?;
        self.args.extend(words.into_iter().map(Arg::from));
        Ok(Progress::Complete { consumed: end + 1 })
    }
}

const INLINE_TOO_LONG: ProtocolError = ProtocolError::text("Protocol error: too big inline request");
const INVALID_CRLF: ProtocolError = ProtocolError::text("Protocol error: invalid CRLF in request");
const BULK_COUNT_TOO_LONG: &str = "Protocol error: too big bulk count string";

/// What stands where a bulk string should begin: an error once its line is whole, so that no half of it stays unread.
#[cold]
fn no_bulk_header(bytes: &[u8]) -> Result<Option<u64>, ProtocolError> {
    match memchr::memchr(b'\r', bytes) {
        Some(end) if end > LINE_BYTES_MAX => Err(ProtocolError::text(BULK_COUNT_TOO_LONG)),
        Some(end) if end + 1 < bytes.len() => {
            Err(ProtocolError([b"Protocol error: expected '$', got '", &bytes[..1], b"'"].concat().into()))
        }
        None if bytes.len() > LINE_BYTES_MAX => Err(ProtocolError::text(BULK_COUNT_TOO_LONG)),
        _ => Ok(None),
    }
}

/// Read the line at `start`, a type byte and an integer: the number (`None` if it is none) and the position after its
/// line break, or `None` while the line is not whole.
#[inline]
fn read_length(
    bytes: &[u8],
    start: usize,
    too_long: &'static str,
) -> Result<Option<(Option<i64>, usize)>, ProtocolError> {
    // Nearly every length has at most three digits and a line break behind it.
    let from = start + 1;
    let mut value = 0i64;
    let mut at = from;
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        value = value * 10 + i64::from(digit);
        at += 1;
        if at - from > 9 {
            return read_long_length(bytes, start, too_long);
        }
    }
    if at > from && (at == from + 1 || bytes[from] != b'0') && bytes.get(at..at + 2) == Some(b"\r\n") {
        return Ok(Some((Some(value), at + 2)));
    }
    read_long_length(bytes, start, too_long)
}

#[cold]
fn read_long_length(
    bytes: &[u8],
    start: usize,
    too_long: &'static str,
) -> Result<Option<(Option<i64>, usize)>, ProtocolError> {
    let line = &bytes[start..];
    let Some(end) = memchr::memchr(b'\r', line) else {
        if line.len() > LINE_BYTES_MAX {
            return Err(ProtocolError::text(too_long));
        }
        return Ok(None);
    };
    if end > LINE_BYTES_MAX {
        return Err(ProtocolError::text(too_long));
    }
    match line.get(end + 1) {
        None => Ok(None),
        Some(b'\n') => Ok(Some((super::parse_i64(&line[1..end]), start + end + 2))),
        Some(_) => Err(INVALID_CRLF),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feed `stream` in pieces as a connection does; the commands, or those before an error and the error.
    fn parse(stream: &[u8], cuts: &[usize]) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
        parse_within(stream, cuts, &RequestLimits::default())
    }

    fn parse_within(
        stream: &[u8],
        cuts: &[usize],
        limits: &RequestLimits,
    ) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
        let mut parser = Parser::default();
        let mut buffer: Vec<u8> = Vec::new();
        let mut commands = Vec::new();
        let mut rest = stream;
        let mut cuts = cuts.iter().copied().cycle();
        while !rest.is_empty() {
            let mut piece = cuts.next().unwrap_or(usize::MAX).clamp(1, rest.len());
            if let Some((large, missing)) = parser.large_in_progress().filter(|(_, missing)| *missing > 0) {
                piece = piece.min(missing).min(large.capacity() - large.len());
                large.extend_from_slice(&rest[..piece]);
            } else {
                buffer.extend_from_slice(&rest[..piece]);
            }
            rest = &rest[piece..];
            let mut at = 0;
            loop {
                match parser.advance(&buffer[at..], limits) {
                    Ok(Progress::Complete { consumed }) => {
                        commands.push(parser.args(&buffer[at..]).to_vec());
                        parser.reset();
                        at += consumed;
                    }
                    Ok(Progress::Incomplete { keep }) => {
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

    fn encode(commands: &[Vec<Vec<u8>>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for command in commands {
            stream.extend_from_slice(format!("*{}\r\n", command.len()).as_bytes());
            for arg in command {
                stream.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
                stream.extend_from_slice(arg);
                stream.extend_from_slice(b"\r\n");
            }
        }
        stream
    }

    fn command() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let arg = prop_oneof![
            8 => proptest::collection::vec(any::<u8>(), 0..40),
            1 => (32_000usize..70_000, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
        ];
        proptest::collection::vec(arg, 1..6)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn commands_parse_the_same_however_the_stream_is_cut(
            commands in proptest::collection::vec(command(), 1..6),
            cuts in proptest::collection::vec(prop_oneof![1usize..40, 1_000usize..40_000], 1..8),
        ) {
            prop_assert_eq!(parse(&encode(&commands), &cuts), (commands, None));
        }

        #[test]
        fn bytes_of_any_kind_give_commands_or_an_error_but_no_panic(
            stream in proptest::collection::vec(prop_oneof![
                3 => proptest::sample::select(b"*$0123456789-\r\n\"'\\ ".to_vec()), 1 => any::<u8>()], 0..300),
            cuts in proptest::collection::vec(1usize..50, 1..5),
        ) {
            let (commands, error) = parse(&stream, &[usize::MAX]);
            prop_assert_eq!(parse(&stream, &cuts), (commands, error));
        }
    }

    fn error_of(stream: &str) -> String {
        error_within(stream, &RequestLimits::default())
    }

    fn error_within(stream: &str, limits: &RequestLimits) -> String {
        let (_, error) = parse_within(stream.as_bytes(), &[usize::MAX], limits);
        error.map(|error| String::from_utf8(error.0.into_owned()).unwrap()).unwrap_or_default()
    }

    #[test]
    fn malformed_requests_are_refused_in_the_words_of_redis() {
        assert_eq!(error_of("*abc\r\n"), "Protocol error: invalid multibulk length");
        assert_eq!(error_of("*9999999999\r\n"), "Protocol error: invalid multibulk length");
        assert_eq!(error_of("*1\r\n:1\r\n"), "Protocol error: expected '$', got ':'");
        assert_eq!(error_of("*1\r\n\n\r\n"), "Protocol error: expected '$', got '\n'");
        for line_break in ["*1\rX", "*1\r\n$4\rX", "*1\r\n$4\r\nPING\rX", "*1\r\n$4\r\nPINGX\n"] {
            assert_eq!(error_of(line_break), "Protocol error: invalid CRLF in request");
        }
        assert_eq!(error_of("*1\r\n$-1\r\n"), "Protocol error: invalid bulk length");
        assert_eq!(error_of("*1\r\n$536870913\r\n"), "Protocol error: invalid bulk length");
        assert_eq!(error_of("SET \"x\r\n"), "Protocol error: unbalanced quotes in request");
        assert_eq!(error_of(&"x".repeat(70_000)), "Protocol error: too big inline request");
        assert_eq!(
            error_of(&format!("*{}", "1".repeat(70_000))),
            "Protocol error: too big mbulk count string"
        );
        assert_eq!(
            error_of(&format!("*1\r\n${}", "1".repeat(70_000))),
            "Protocol error: too big bulk count string"
        );
    }

    #[test]
    fn what_is_not_whole_is_no_error_yet() {
        for stream in ["*1\r\n:1", "*1\r\n:1\r", "*abc\r", "*1\r\n$4\r\nPINGX", "a\0b\r\nPING\r\n"] {
            assert_eq!(parse(stream.as_bytes(), &[usize::MAX]), (vec![], None), "{stream:?}");
        }
        assert_eq!(error_of(&("\0".repeat(70_000) + "\n")), "Protocol error: too big inline request");
    }

    #[test]
    fn limits_are_kept() {
        let limits = RequestLimits { bulk_bytes_max: 100, unauthenticated: false };
        assert_eq!(error_within("*99\r\n$100\r\n", &limits), "");
        assert_eq!(error_within("*1\r\n$101\r\n", &limits), "Protocol error: invalid bulk length");
        let limits = RequestLimits { unauthenticated: true, ..RequestLimits::default() };
        assert_eq!(error_within("*10\r\n$16384\r\n", &limits), "");
        assert_eq!(error_within("*11\r\n", &limits), "Protocol error: unauthenticated multibulk length");
        assert_eq!(error_within("*1\r\n$16385\r\n", &limits), "Protocol error: unauthenticated bulk length");
    }

    #[test]
    fn empty_arrays_and_lines_are_empty_commands() {
        let (commands, error) = parse(b"*0\r\n*-1\r\n\r\nPING\r\n", &[usize::MAX]);
        assert_eq!(commands, vec![vec![], vec![], vec![], vec![b"PING".to_vec()]]);
        assert_eq!(error, None);
    }

    #[test]
    fn a_claimed_length_reserves_little_memory() {
        let mut parser = Parser::default();
        parser.advance(b"*2000000000\r\n$536870912\r\nabc", &RequestLimits::default()).unwrap();
        assert!(parser.memory_bytes() <= 2 << 20, "{} bytes", parser.memory_bytes());
    }
}
