//! Replies: built in the connection's protocol version, sent without copying large values.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

use super::double::push_double;
use super::number::push_i64;

/// The protocol version of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    #[default]
    Resp2,
    Resp3,
}

/// Values of at least this size are sent from where they lie.
const SHARED_BYTES_MIN: usize = 16 << 10;
/// A reply buffer that grew beyond this is given back to the allocator once it is sent.
const BUFFER_KEPT_BYTES_MAX: usize = 64 << 10;
/// From so many sent bytes on, the tail is moved to the front of its allocation.
const SENT_BYTES_MIN: usize = 64 << 10;
/// Pieces handed to one system call.
const IO_SLICES_MAX: usize = 64;

#[derive(Debug)]
enum Chunk {
    Bytes(Vec<u8>),
    Shared(Arc<Vec<u8>>),
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Shared(shared) => shared,
        }
    }
}

/// Bytes on their way to a client: whole chunks first, then the tail that is being written.
#[derive(Debug, Default)]
pub struct SendQueue {
    chunks: VecDeque<Chunk>,
    chunk_bytes: usize,
    tail: Vec<u8>,
    /// Bytes of the first piece that have been sent.
    sent: usize,
}

impl SendQueue {
    /// Bytes that wait to be sent.
    #[inline]
    pub fn len(&self) -> usize {
        self.chunk_bytes + self.tail.len() - self.sent
    }

    /// True when nothing waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of pieces beyond the tail, as CLIENT LIST's `oll` shows it.
    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// Bytes in the pieces beyond the tail.
    pub fn chunk_bytes(&self) -> usize {
        self.chunk_bytes
    }

    /// Room for replies in the tail, used or not.
    pub fn tail_capacity(&self) -> usize {
        self.tail.capacity()
    }

    /// Bytes allocated for what waits, shared values included.
    pub fn memory_bytes(&self) -> usize {
        self.chunk_bytes + self.tail.capacity()
    }

    /// The only piece, when there is but one: the common case.
    #[inline]
    pub fn single(&self) -> Option<&[u8]> {
        self.chunks.is_empty().then(|| &self.tail[self.sent..])
    }

    /// The first pieces, for a gathering system call.
    pub fn io_slices(&self) -> Vec<IoSlice<'_>> {
        let pieces = self.chunks.iter().map(Chunk::bytes).chain(std::iter::once(self.tail.as_slice()));
        let mut skip = self.sent;
        pieces
            .take(IO_SLICES_MAX)
            .map(|piece| IoSlice::new(&piece[std::mem::take(&mut skip)..]))
            .filter(|piece| !piece.is_empty())
            .collect()
    }

    /// Note that `count` more bytes have been sent.
    pub fn advance(&mut self, count: usize) {
        self.sent += count;
        while let Some(first) = self.chunks.front() {
            let length = first.bytes().len();
            if self.sent < length {
                return;
            }
            self.sent -= length;
            self.chunk_bytes -= length;
            self.chunks.pop_front();
        }
        if self.sent == self.tail.len() {
            self.sent = 0;
            self.tail.clear();
            if self.tail.capacity() > BUFFER_KEPT_BYTES_MAX {
                self.tail = Vec::new();
            }
        } else if self.sent >= SENT_BYTES_MIN && 2 * self.sent >= self.tail.len() {
            // A client that is never quite up to date would make the tail grow for ever.
            self.tail.drain(..std::mem::take(&mut self.sent));
        }
    }

    /// Take the empty tail's allocation away, to lend it to the next connection.
    pub fn take_buffer(&mut self) -> Option<Vec<u8>> {
        (self.is_empty() && self.tail.capacity() > 0).then(|| std::mem::take(&mut self.tail))
    }

    /// Lend an empty buffer to a queue that has none.
    #[inline]
    pub fn lend_buffer(&mut self, buffer: Vec<u8>) {
        if self.tail.capacity() == 0 {
            self.tail = buffer;
        }
    }

    /// Drop everything that waits.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn push_shared(&mut self, value: &Arc<Vec<u8>>) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.chunk_bytes += tail.len();
            self.chunks.push_back(Chunk::Bytes(tail));
        }
        self.chunk_bytes += value.len();
        self.chunks.push_back(Chunk::Shared(Arc::clone(value)));
    }
}

/// A place in a reply that can be returned to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    chunks: usize,
    tail: usize,
}

/// An aggregate whose length is written when it is known.
#[derive(Clone, Copy, Debug)]
#[must_use = "the aggregate has no header until `Reply::end` writes it"]
pub struct Deferred(Mark);

/// Writes one connection's replies.
#[derive(Debug, Default)]
pub struct Reply {
    pub queue: SendQueue,
    pub protocol: Protocol,
}

impl Reply {
    /// A writer for a protocol version.
    pub fn new(protocol: Protocol) -> Self {
        Self { queue: SendQueue::default(), protocol }
    }

    #[inline]
    fn out(&mut self) -> &mut Vec<u8> {
        &mut self.queue.tail
    }

    #[inline]
    /// Whether replies are of RESP3.
    pub fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    #[inline]
    fn header(&mut self, kind: u8, count: i64) {
        let out = self.out();
        out.push(kind);
        if (0..10).contains(&count) {
            out.push(b'0' + count as u8);
        } else {
            push_i64(out, count);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.out().extend_from_slice(b"+OK\r\n");
    }

    /// A simple string; must not hold line breaks.
    pub fn simple(&mut self, text: &str) {
        let out = self.out();
        out.push(b'+');
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// An error, its code first; line breaks become spaces.
    pub fn error(&mut self, text: &str) {
        self.error_bytes(text.as_bytes());
    }

    /// As [`Reply::error`], for texts that quote a client's bytes.
    pub fn error_bytes(&mut self, text: &[u8]) {
        let out = self.out();
        out.push(b'-');
        out.extend(text.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
        out.extend_from_slice(b"\r\n");
    }

    /// An integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        self.header(b':', value);
    }

    /// A bulk string.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.out().reserve(bytes.len() + 32);
        self.header(b'$', bytes.len() as i64);
        let out = self.out();
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
    }

    /// A bulk string holding an integer's decimal digits.
    pub fn bulk_integer(&mut self, value: i64) {
        self.bulk(itoa::Buffer::new().format(value).as_bytes());
    }

    /// A bulk string that is sent from where it lies.
    pub fn bulk_shared(&mut self, value: &Arc<Vec<u8>>) {
        if value.len() < SHARED_BYTES_MIN {
            return self.bulk(value);
        }
        self.header(b'$', value.len() as i64);
        self.queue.push_shared(value);
        self.out().extend_from_slice(b"\r\n");
    }

    /// Null where a bulk string might be.
    #[inline]
    pub fn null(&mut self) {
        let text: &[u8] = if self.is_resp3() { b"_\r\n" } else { b"$-1\r\n" };
        self.out().extend_from_slice(text);
    }

    /// Null where an array might be.
    pub fn null_array(&mut self) {
        let text: &[u8] = if self.is_resp3() { b"_\r\n" } else { b"*-1\r\n" };
        self.out().extend_from_slice(text);
    }

    /// Start an array of `count` elements.
    #[inline]
    pub fn array(&mut self, count: usize) {
        self.header(b'*', count as i64);
    }

    /// Start a map of `pairs` keys and values; a flat array in RESP2.
    pub fn map(&mut self, pairs: usize) {
        if self.is_resp3() { self.header(b'%', pairs as i64) } else { self.header(b'*', 2 * pairs as i64) }
    }

    /// Start a set; an array in RESP2.
    pub fn set(&mut self, count: usize) {
        self.header(if self.is_resp3() { b'~' } else { b'*' }, count as i64);
    }

    /// Start an out-of-band push; an array in RESP2.
    pub fn push(&mut self, count: usize) {
        self.header(if self.is_resp3() { b'>' } else { b'*' }, count as i64);
    }

    /// A truth value; 1 or 0 in RESP2.
    pub fn boolean(&mut self, value: bool) {
        let text: &[u8] = match (self.is_resp3(), value) {
            (true, true) => b"#t\r\n",
            (true, false) => b"#f\r\n",
            (false, true) => b":1\r\n",
            (false, false) => b":0\r\n",
        };
        self.out().extend_from_slice(text);
    }

    /// A double; a bulk string in RESP2.
    pub fn double(&mut self, value: f64) {
        if !self.is_resp3() {
            let mut digits = Vec::new();
            push_double(&mut digits, value);
            return self.bulk(&digits);
        }
        let out = self.out();
        out.push(b',');
        push_double(out, value);
        out.extend_from_slice(b"\r\n");
    }

    /// A text for people; a bulk string in RESP2.
    pub fn verbatim(&mut self, text: &[u8]) {
        if !self.is_resp3() {
            return self.bulk(text);
        }
        self.header(b'=', text.len() as i64 + 4);
        let out = self.out();
        out.extend_from_slice(b"txt:");
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    }

    /// Bytes that are a reply already.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out().extend_from_slice(bytes);
    }

    /// Bytes that are a reply already; many are sent from where they lie.
    pub fn raw_shared(&mut self, bytes: &Arc<Vec<u8>>) {
        if bytes.len() < SHARED_BYTES_MIN { self.raw(bytes) } else { self.queue.push_shared(bytes) }
    }

    /// Start an aggregate of yet unknown length; [`Reply::end`] completes it.
    pub fn begin(&mut self) -> Deferred {
        Deferred(self.mark())
    }

    /// Write the header of an array begun with [`Reply::begin`].
    pub fn end_array(&mut self, begun: Deferred, count: usize) {
        self.end(begun, b'*', count as i64);
    }

    /// Write the header of a map of `pairs` begun with [`Reply::begin`].
    pub fn end_map(&mut self, begun: Deferred, pairs: usize) {
        if self.is_resp3() {
            self.end(begun, b'%', pairs as i64)
        } else {
            self.end(begun, b'*', 2 * pairs as i64)
        }
    }

    /// Write the header of a set begun with [`Reply::begin`].
    pub fn end_set(&mut self, begun: Deferred, count: usize) {
        self.end(begun, if self.is_resp3() { b'~' } else { b'*' }, count as i64);
    }

    fn end(&mut self, begun: Deferred, kind: u8, count: i64) {
        let Mark { chunks, tail: at } = begun.0;
        let mut header = vec![kind];
        push_i64(&mut header, count);
        header.extend_from_slice(b"\r\n");
        // A large value since then has made a chunk of what was the tail.
        let (piece, in_chunk) = match self.queue.chunks.get_mut(chunks) {
            Some(Chunk::Bytes(bytes)) => (bytes, true),
            Some(Chunk::Shared(_)) | None => (&mut self.queue.tail, false),
        };
        let length = header.len();
        piece.splice(at..at, header);
        if in_chunk {
            self.queue.chunk_bytes += length;
        }
    }

    /// The present end of the reply.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark { chunks: self.queue.chunks.len(), tail: self.queue.tail.len() }
    }

    /// True when nothing was written since `mark`.
    pub fn is_at(&self, mark: Mark) -> bool {
        self.queue.chunks.len() == mark.chunks && self.queue.tail.len() == mark.tail
    }

    /// Take everything away, in one piece; nothing of it may have been sent.
    pub fn take_all(&mut self) -> Vec<u8> {
        self.take_since(Mark { chunks: 0, tail: 0 })
    }

    /// Take everything written since `mark` away, in one piece; nothing of it may have been sent.
    pub fn take_since(&mut self, mark: Mark) -> Vec<u8> {
        let pieces = self.queue.chunks.range(mark.chunks..).map(Chunk::bytes);
        let mut skip = mark.tail;
        let bytes = pieces
            .chain([self.queue.tail.as_slice()])
            .flat_map(|piece| &piece[std::mem::take(&mut skip)..])
            .copied()
            .collect();
        self.truncate(mark);
        bytes
    }

    /// Take back everything written since `mark`; nothing of it may have been sent.
    pub fn truncate(&mut self, mark: Mark) {
        if self.queue.chunks.len() > mark.chunks {
            let mut dropped = self.queue.chunks.split_off(mark.chunks);
            self.queue.chunk_bytes -= dropped.iter().map(|chunk| chunk.bytes().len()).sum::<usize>();
            self.queue.tail = match dropped.pop_front() {
                Some(Chunk::Bytes(bytes)) => bytes,
                Some(Chunk::Shared(_)) | None => Vec::new(),
            };
        }
        self.queue.tail.truncate(mark.tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(mut reply: Reply) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !reply.queue.is_empty() {
            let piece: Vec<u8> = reply.queue.io_slices().iter().flat_map(|piece| piece.to_vec()).collect();
            // Sent in small steps, as a slow client takes it.
            let step = piece.len().min(1_000);
            bytes.extend_from_slice(&piece[..step]);
            reply.queue.advance(step);
        }
        bytes
    }

    fn write(protocol: Protocol, body: impl FnOnce(&mut Reply)) -> String {
        let mut reply = Reply::new(protocol);
        body(&mut reply);
        String::from_utf8(sent(reply)).unwrap()
    }

    #[test]
    fn the_two_protocols_write_null_map_and_double_in_their_own_ways() {
        let body = |reply: &mut Reply| {
            reply.null();
            reply.map(1);
            reply.bulk(b"a");
            reply.double(0.5);
        };
        assert_eq!(write(Protocol::Resp2, body), "$-1\r\n*2\r\n$1\r\na\r\n$3\r\n0.5\r\n");
        assert_eq!(write(Protocol::Resp3, body), "_\r\n%1\r\n$1\r\na\r\n,0.5\r\n");
    }

    #[test]
    fn a_deferred_length_is_written_in_front_also_when_a_large_value_follows() {
        let large = Arc::new(vec![b'x'; 20_000]);
        let text = write(Protocol::Resp2, |reply| {
            reply.integer(1);
            let begun = reply.begin();
            reply.integer(2);
            reply.bulk_shared(&large);
            reply.end_array(begun, 2);
        });
        assert!(text.starts_with(":1\r\n*2\r\n:2\r\n$20000\r\nxxx") && text.ends_with("x\r\n"));
        assert_eq!(text.len(), 4 + 4 + 4 + 8 + 20_000 + 2);
        let first = write(Protocol::Resp2, |reply| {
            reply.bulk_shared(&large);
            let begun = reply.begin();
            reply.integer(2);
            reply.end_array(begun, 1);
        });
        assert!(first.ends_with("x\r\n*1\r\n:2\r\n"));
    }

    #[test]
    fn truncation_takes_back_what_was_written_since_the_mark() {
        let large = Arc::new(vec![b'x'; 20_000]);
        let text = write(Protocol::Resp2, |reply| {
            reply.ok();
            let mark = reply.mark();
            reply.integer(2);
            reply.bulk_shared(&large);
            reply.truncate(mark);
            reply.integer(3);
        });
        assert_eq!(text, "+OK\r\n:3\r\n");
    }

    #[test]
    fn what_a_client_always_a_little_behind_has_read_is_given_back() {
        let mut reply = Reply::default();
        reply.raw(&[b'x'; 100_000]);
        for _ in 0..1_000 {
            reply.raw(&[b'x'; 10_000]);
            reply.queue.advance(10_000);
        }
        assert_eq!(reply.queue.len(), 100_000);
        assert!(reply.queue.memory_bytes() < 1_000_000, "{} bytes", reply.queue.memory_bytes());
    }

    #[test]
    fn line_breaks_in_errors_become_spaces() {
        assert_eq!(write(Protocol::Resp2, |reply| reply.error("ERR a\r\nb")), "-ERR a  b\r\n");
    }
}
