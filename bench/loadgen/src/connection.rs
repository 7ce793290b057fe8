//! One connection: commands on their way out, replies on their way in, and what each reply will answer.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SendFlags, SocketFlags, SocketType, sockopt};

use crate::poller::Poller;
use crate::resp::{self, ProtocolError, ReplyKind, Value};
use crate::workload::Op;

/// Input buffer to begin with; it grows only for a reply that is longer.
const INPUT_BYTES_START: usize = 64 << 10;
/// An output buffer that grew beyond this is given back once it is empty.
const OUTPUT_BYTES_KEPT: usize = 1 << 20;

/// An operation on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    pub op: Op,
    /// When it was due (open loop) or made (closed loop).
    pub due_ns: u64,
    /// The closed loop's client that waits for it.
    pub client: u32,
    /// Redirects so far.
    pub hops: u8,
}

/// What the next reply on a connection answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    Task(Task),
    Asking,
    SlotTable,
}

/// A reply together with what it answers.
#[derive(Debug)]
pub(crate) enum Answer {
    Done { task: Task, nil: bool },
    Failed { task: Task, error: Vec<u8> },
    Asking,
    SlotTable(Option<Value>),
}

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum Loss {
    Closed,
    Socket(Errno),
    Protocol(ProtocolError),
    /// A reply that no command was waiting for.
    Unasked,
}

impl From<Errno> for Loss {
    fn from(error: Errno) -> Self {
        Self::Socket(error)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Down { retry_at_ns: u64 },
    Connecting { since_ns: u64 },
    Up,
}

/// A socket with its buffers; it outlives losses, its token and endpoint stay.
pub(crate) struct Connection {
    pub endpoint: usize,
    pub link: Link,
    /// Has output that no flush was tried for yet.
    pub dirty: bool,
    token: usize,
    socket: Option<OwnedFd>,
    output: Vec<u8>,
    output_sent: usize,
    watches_writing: bool,
    input: Vec<u8>,
    input_start: usize,
    input_end: usize,
    expected: VecDeque<Expected>,
}

impl Connection {
    pub fn new(token: usize, endpoint: usize) -> Self {
        Self {
            endpoint,
            link: Link::Down { retry_at_ns: 0 },
            dirty: false,
            token,
            socket: None,
            output: Vec::new(),
            output_sent: 0,
            watches_writing: false,
            input: Vec::new(),
            input_start: 0,
            input_end: 0,
            expected: VecDeque::new(),
        }
    }

    /// Begin to connect; the poller reports the socket writable when it is decided.
    pub fn connect(&mut self, address: &SocketAddr, poller: &Poller, now_ns: u64) -> Result<(), Errno> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        match net::connect(&socket, address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error),
        }
        poller.add(socket.as_fd(), self.token, true)?;
        self.socket = Some(socket);
        self.watches_writing = true;
        self.link = Link::Connecting { since_ns: now_ns };
        Ok(())
    }

    /// The socket turned writable while connecting: is it up?
    pub fn finish_connect(&mut self, poller: &Poller) -> Result<(), Loss> {
        let socket = self.socket.as_ref().ok_or(Loss::Closed)?;
        sockopt::socket_error(socket)?.map_err(Loss::Socket)?;
        self.link = Link::Up;
        self.flush(poller)
    }

    /// Close, forget all buffers, and hand over what was still unanswered.
    pub fn reset(&mut self, retry_at_ns: u64) -> VecDeque<Expected> {
        self.socket = None;
        self.link = Link::Down { retry_at_ns };
        self.output.clear();
        self.output_sent = 0;
        self.watches_writing = false;
        (self.input_start, self.input_end) = (0, 0);
        std::mem::take(&mut self.expected)
    }

    pub fn is_up(&self) -> bool {
        self.link == Link::Up
    }

    /// Commands sent or to be sent whose replies have not come.
    pub fn outstanding(&self) -> usize {
        self.expected.len()
    }

    pub fn output_bytes(&self) -> usize {
        self.output.len() - self.output_sent
    }

    /// The output buffer, to append one command to, whose reply answers `expected`.
    pub fn expect(&mut self, expected: Expected) -> &mut Vec<u8> {
        self.expected.push_back(expected);
        &mut self.output
    }

    /// Send what there is; what the socket doesn't take waits until it is writable.
    pub fn flush(&mut self, poller: &Poller) -> Result<(), Loss> {
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        while self.output_sent < self.output.len() {
            match net::send(socket, &self.output[self.output_sent..], SendFlags::NOSIGNAL) {
                Ok(sent) => self.output_sent += sent,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let unsent = self.output_sent < self.output.len();
        if !unsent {
            self.output.clear();
            self.output_sent = 0;
            if self.output.capacity() > OUTPUT_BYTES_KEPT {
                self.output = Vec::new();
            }
        } else if self.output_sent > OUTPUT_BYTES_KEPT {
            self.output.drain(..self.output_sent);
            self.output_sent = 0;
        }
        if unsent != self.watches_writing {
            poller.watch_writing(socket.as_fd(), self.token, unsent)?;
            self.watches_writing = unsent;
        }
        Ok(())
    }

    /// Read once; returns the bytes that came, 0 when there were none after all.
    pub fn receive(&mut self) -> Result<usize, Loss> {
        let Some(socket) = &self.socket else {
            return Ok(0);
        };
        if self.input_start == self.input_end {
            (self.input_start, self.input_end) = (0, 0);
        }
        if self.input_end == self.input.len() {
            if self.input_start > 0 {
                self.input.copy_within(self.input_start..self.input_end, 0);
                self.input_end -= self.input_start;
                self.input_start = 0;
            } else {
                // One reply fills the buffer; `resp::scan` bounds how long it may get.
                self.input.resize((2 * self.input.len()).max(INPUT_BYTES_START), 0);
            }
        }
        match rustix::io::read(socket, &mut self.input[self.input_end..]) {
            Ok(0) => Err(Loss::Closed),
            Ok(count) => {
                self.input_end += count;
                Ok(count)
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// The next whole reply that came in.
    pub fn next_answer(&mut self) -> Result<Option<Answer>, Loss> {
        let bytes = &self.input[self.input_start..self.input_end];
        if bytes.is_empty() {
            return Ok(None);
        }
        let Some(reply) = resp::scan(bytes).map_err(Loss::Protocol)? else {
            return Ok(None);
        };
        let expected = self.expected.pop_front().ok_or(Loss::Unasked)?;
        let bytes = &bytes[..reply.len];
        self.input_start += reply.len;
        Ok(Some(match (expected, reply.kind) {
            (Expected::Task(task), ReplyKind::Error) => {
                Answer::Failed { task, error: bytes.trim_ascii().to_vec() }
            }
            (Expected::Task(task), kind) => Answer::Done { task, nil: kind == ReplyKind::Nil },
            (Expected::Asking, _) => Answer::Asking,
            (Expected::SlotTable, _) => Answer::SlotTable(resp::parse(bytes)),
        }))
    }
}
