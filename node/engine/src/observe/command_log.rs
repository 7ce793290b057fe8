//! The logs of commands that stood out: slow ones, large requests, large replies.

use std::collections::VecDeque;

use super::secrets;
use crate::commands::spec::CommandSpec;
use crate::resp::Args;
use crate::server::config::LogLimits;
use crate::server::{Config, Session};

/// Arguments of a command that are kept, a note about the others included.
const ARGS_MAX: usize = 32;
/// Bytes of an argument that are kept.
const ARG_BYTES_MAX: usize = 128;

/// By what a command stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// Microseconds it took.
    Slow,
    /// Bytes of the request.
    LargeRequest,
    /// Bytes of the reply.
    LargeReply,
}

impl LogKind {
    /// The kind that COMMANDLOG calls by this name.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        [("slow", Self::Slow), ("large-request", Self::LargeRequest), ("large-reply", Self::LargeReply)]
            .into_iter()
            .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))
            .map(|(_, kind)| kind)
    }

    /// What the settings say about this log.
    pub fn limits(self, config: &Config) -> LogLimits {
        match self {
            Self::Slow => config.slow_log,
            Self::LargeRequest => config.large_request_log,
            Self::LargeReply => config.large_reply_log,
        }
    }
}

/// A command that stood out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    pub id: u64,
    pub unix_s: i64,
    /// Microseconds or bytes.
    pub value: u64,
    pub args: Vec<Vec<u8>>,
    pub address: String,
    pub client_name: Vec<u8>,
}

/// One log, newest entry first; as long as the settings allow, so that its memory is bounded.
#[derive(Debug, Default)]
pub struct CommandLog {
    entries: VecDeque<LogEntry>,
    next_id: u64,
}

impl CommandLog {
    /// Note a command, and forget the oldest ones beyond `max_len`.
    pub fn push(
        &mut self,
        max_len: i64,
        unix_s: i64,
        value: u64,
        session: &Session,
        spec: &CommandSpec,
        args: Args<'_>,
    ) {
        self.entries.push_front(LogEntry {
            id: self.next_id,
            unix_s,
            value,
            args: kept_args(spec, args),
            address: session.address.clone(),
            client_name: session.name.clone(),
        });
        self.next_id += 1;
        self.entries.truncate(usize::try_from(max_len).unwrap_or_default());
    }

    /// The entries, newest first.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &LogEntry> {
        self.entries.iter()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Forget all entries; ids go on.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

/// The logs of a node.
#[derive(Debug, Default)]
pub struct CommandLogs {
    slow: CommandLog,
    large_request: CommandLog,
    large_reply: CommandLog,
}

impl CommandLogs {
    /// The log of a kind.
    pub fn get(&self, kind: LogKind) -> &CommandLog {
        match kind {
            LogKind::Slow => &self.slow,
            LogKind::LargeRequest => &self.large_request,
            LogKind::LargeReply => &self.large_reply,
        }
    }

    /// The log of a kind, to be changed.
    pub fn get_mut(&mut self, kind: LogKind) -> &mut CommandLog {
        match kind {
            LogKind::Slow => &mut self.slow,
            LogKind::LargeRequest => &mut self.large_request,
            LogKind::LargeReply => &mut self.large_reply,
        }
    }
}

/// The arguments without secrets, cut to what is kept, with Redis's notes about the rest.
fn kept_args(spec: &CommandSpec, args: Args<'_>) -> Vec<Vec<u8>> {
    let count = args.len();
    let whole = if count > ARGS_MAX { ARGS_MAX - 1 } else { count };
    let mut kept: Vec<Vec<u8>> = (0..whole).map(|index| cut(secrets::shown(spec, args, index))).collect();
    if whole < count {
        kept.push(format!("... ({} more arguments)", count - whole).into_bytes());
    }
    kept
}

fn cut(arg: &[u8]) -> Vec<u8> {
    if arg.len() <= ARG_BYTES_MAX {
        return arg.to_vec();
    }
    let mut kept = arg[..ARG_BYTES_MAX].to_vec();
    kept.extend_from_slice(format!("... ({} more bytes)", arg.len() - ARG_BYTES_MAX).as_bytes());
    kept
}
