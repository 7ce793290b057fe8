//! The connected clients.

use std::os::fd::OwnedFd;

use super::session::{Session, SessionFlags};
use crate::resp::{Parser, Protocol, Reply};

/// A client's place among the others, and which client it was when that was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientKey {
    pub index: u32,
    /// Low half of the session's id, so that a place that was given to another client is recognised.
    pub stamp: u32,
}

impl ClientKey {
    /// As one number, for epoll.
    pub fn to_u64(self) -> u64 {
        u64::from(self.stamp) << 32 | u64::from(self.index)
    }

    /// The inverse of [`ClientKey::to_u64`].
    pub fn from_u64(number: u64) -> Self {
        Self { index: number as u32, stamp: (number >> 32) as u32 }
    }
}

/// A connection: its socket, what it sent, what it gets, who it is.
#[derive(Debug)]
pub struct Client {
    pub key: ClientKey,
    pub socket: OwnedFd,
    /// Bytes that were received and not yet used.
    pub input: Vec<u8>,
    pub parser: Parser,
    /// The command in `input` is whole and waits to be run; it takes this many bytes.
    pub ready: Option<usize>,
    pub reply: Reply,
    pub session: Session,
    /// What epoll watches for.
    pub watched: Watched,
    /// True while this client is in [`Clients::touched`].
    pub touched: bool,
    /// On the monotonic clock; `None` while it has read enough.
    pub over_soft_limit_since_us: Option<u64>,
}

/// What epoll watches a socket for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    pub read: bool,
    pub write: bool,
}

impl Client {
    /// A client that has just connected.
    pub fn new(socket: OwnedFd, session: Session) -> Self {
        Self {
            key: session.key,
            socket,
            input: Vec::new(),
            parser: Parser::default(),
            ready: None,
            reply: Reply::new(Protocol::Resp2),
            session,
            watched: Watched { read: true, write: false },
            touched: false,
            over_soft_limit_since_us: None,
        }
    }

    /// Memory this client takes beside its entry among the clients, in bytes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.input.capacity()
            + self.parser.memory_bytes()
            + self.reply.queue.memory_bytes()
    }
}

/// All clients but the one whose command is running: that one is taken out for the time.
#[derive(Debug, Default)]
pub struct Clients {
    places: Vec<Option<Box<Client>>>,
    free: Vec<u32>,
    count: usize,
    last_id: u64,
    /// Clients that were given something to send, or were killed, by another client's command.
    pub touched: Vec<ClientKey>,
}

impl Clients {
    /// Number of clients, the running one included.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True when no client is connected.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Number for the next session; ids start at 1.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A place for the client with this id.
    pub fn reserve(&mut self, id: u64) -> ClientKey {
        self.count += 1;
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            (self.places.len() - 1) as u32
        });
        ClientKey { index, stamp: id as u32 }
    }

    /// Put a client in its place.
    #[inline]
    pub fn put(&mut self, client: Box<Client>) {
        let index = client.key.index as usize;
        self.places[index] = Some(client);
    }

    /// Take a client out, to run its command or to close it.
    #[inline]
    pub fn take(&mut self, key: ClientKey) -> Option<Box<Client>> {
        let place = self.places.get_mut(key.index as usize)?;
        if place.as_ref()?.key != key {
            return None;
        }
        place.take()
    }

    /// Give up the place of a client that was taken out and does not come back.
    pub fn release(&mut self, key: ClientKey) {
        self.count -= 1;
        self.free.push(key.index);
    }

    /// A client other than the running one.
    pub fn get_mut(&mut self, key: ClientKey) -> Option<&mut Client> {
        self.places.get_mut(key.index as usize)?.as_deref_mut().filter(|client| client.key == key)
    }

    /// The clients other than the running one.
    pub fn others(&self) -> impl Iterator<Item = &Client> {
        self.places.iter().filter_map(Option::as_deref)
    }

    /// The clients other than the running one, to be changed; call [`Clients::touch`] on what gets something to send.
    pub fn others_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        self.places.iter_mut().filter_map(Option::as_deref_mut)
    }

    /// Keys of all clients other than the running one.
    pub fn keys(&self) -> Vec<ClientKey> {
        self.others().map(|client| client.key).collect()
    }

    /// Have the reactor look after a client that another client's command has written to or killed.
    pub fn touch(&mut self, key: ClientKey) {
        if let Some(client) = self.get_mut(key).filter(|client| !client.touched) {
            client.touched = true;
            self.touched.push(key);
        }
    }

    /// Mark a client to be closed.
    pub fn kill(&mut self, key: ClientKey) {
        if let Some(client) = self.get_mut(key) {
            client.session.flags.insert(SessionFlags::KILLED);
            self.touch(key);
        }
    }
}
