//! Commands that Python answers.

use super::clients::ClientKey;
use crate::commands::error::CommandError;
use crate::resp::{Protocol, Reply};

/// Requests that wait for Python at the same time; each holds its connection, so this bounds memory, not work.
const CONTROL_REQUESTS_MAX: usize = 10_000;

/// A command that Python answers.
#[derive(Clone, Debug)]
pub struct ControlRequest {
    pub id: u64,
    pub client: ClientKey,
    pub client_id: u64,
    /// The command's name in upper case, then its arguments.
    pub argv: Vec<Vec<u8>>,
    pub protocol: Protocol,
    pub local_address: String,
}

/// Requests on their way to Python, and who waits for which.
#[derive(Debug, Default)]
pub struct ControlQueue {
    last_id: u64,
    outgoing: Vec<ControlRequest>,
    waiting: std::collections::HashMap<u64, ClientKey>,
}

impl ControlQueue {
    /// Queue a request; returns its id.
    ///
    /// # Errors
    /// Too many are waiting already.
    pub fn push(&mut self, mut request: ControlRequest) -> Result<u64, CommandError> {
        if self.waiting.len() >= CONTROL_REQUESTS_MAX {
            return Err(CommandError::text(
                "ERR too many administrative commands are waiting, try again later",
            ));
        }
        self.last_id += 1;
        request.id = self.last_id;
        self.waiting.insert(request.id, request.client);
        self.outgoing.push(request);
        Ok(self.last_id)
    }

    /// True when Python has something to fetch.
    #[inline]
    pub fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// The requests Python has not seen yet.
    pub fn take_outgoing(&mut self) -> Vec<ControlRequest> {
        std::mem::take(&mut self.outgoing)
    }

    /// Who waits for the answer to a request; each can be answered once.
    pub fn answer(&mut self, id: u64) -> Option<ClientKey> {
        self.waiting.remove(&id)
    }
}

/// A RESP value made by Python.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyValue {
    Null,
    NullArray,
    Simple(String),
    Error(String),
    Verbatim(String),
    Bulk(Vec<u8>),
    Integer(i64),
    Double(f64),
    Boolean(bool),
    Array(Vec<ReplyValue>),
    Set(Vec<ReplyValue>),
    Map(Vec<(ReplyValue, ReplyValue)>),
}

impl ReplyValue {
    /// Write the value in the connection's protocol version.
    pub fn write(&self, reply: &mut Reply) {
        match self {
            Self::Null => reply.null(),
            Self::NullArray => reply.null_array(),
            Self::Simple(text) => reply.simple(text),
            Self::Error(text) => reply.error(text),
            Self::Verbatim(text) => reply.verbatim(text.as_bytes()),
            Self::Bulk(bytes) => reply.bulk(bytes),
            Self::Integer(value) => reply.integer(*value),
            Self::Double(value) => reply.double(*value),
            Self::Boolean(value) => reply.boolean(*value),
            Self::Array(items) => {
                reply.array(items.len());
                items.iter().for_each(|item| item.write(reply));
            }
            Self::Set(items) => {
                reply.set(items.len());
                items.iter().for_each(|item| item.write(reply));
            }
            Self::Map(pairs) => {
                reply.map(pairs.len());
                for (key, value) in pairs {
                    key.write(reply);
                    value.write(reply);
                }
            }
        }
    }
}
