//! What XREAD and XREADGROUP are asked for.

use super::blocking::Timeout;
use super::call::Call;
use super::error::CommandError;
use super::stream_access::{count_option, quoting, stream, strict_id};
use crate::collections::stream::{Log, StreamId};

/// What is asked for, in the order in which Redis looks at it.
pub(super) struct Request<'a> {
    /// The argument with the first key; as many ids follow the keys.
    pub first_key: usize,
    pub stream_count: usize,
    /// Entries of each stream at most.
    pub limit: usize,
    /// The group and the consumer.
    pub reader: Option<(&'a [u8], &'a [u8])>,
    pub no_ack: bool,
    /// How long to wait for entries; `None`: not at all.
    pub timeout: Option<Timeout>,
}

/// Where reading a stream starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    After(StreamId),
    /// `>`: after what the group has got.
    New,
}

impl<'a> Request<'a> {
    /// Read the arguments.
    ///
    /// # Errors
    /// Redis's, for what can't be read and for what only XREADGROUP takes.
    pub fn parse(call: &Call<'a>, grouped: bool) -> Result<Self, CommandError> {
        let args = call.args;
        let mut request = Self {
            first_key: 0,
            stream_count: 0,
            limit: usize::MAX,
            reader: None,
            no_ack: false,
            timeout: None,
        };
        let mut index = 1;
        while index < args.len() && request.first_key == 0 {
            let more = args.len() - index - 1;
            if more >= 1 && call.is_word(index, "block") {
                request.timeout = Some(Timeout::from_milliseconds(args.get(index + 1), call.now)?);
                index += 2;
            } else if more >= 1 && call.is_word(index, "count") {
                request.limit = match count_option(call, index + 1)? {
                    0 => usize::MAX,
                    limit => limit,
                };
                index += 2;
            } else if more >= 1 && call.is_word(index, "streams") {
                request.first_key = index + 1;
                if more % 2 == 1 {
                    return Err(unbalanced(call, grouped));
                }
                request.stream_count = more / 2;
            } else if more >= 2 && call.is_word(index, "group") {
                if !grouped {
                    return Err(only_for_groups("GROUP"));
                }
                request.reader = Some((args.get(index + 1), args.get(index + 2)));
                index += 3;
            } else if call.is_word(index, "noack") {
                if !grouped {
                    return Err(only_for_groups("NOACK"));
                }
                request.no_ack = true;
                index += 1;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        if request.first_key == 0 {
            return Err(CommandError::SYNTAX);
        }
        if grouped && request.reader.is_none() {
            return Err(CommandError::text("ERR Missing GROUP option for XREADGROUP"));
        }
        Ok(request)
    }
}

fn unbalanced(call: &Call<'_>, grouped: bool) -> CommandError {
    let (name, symbol) = (call.spec.name, if grouped { '>' } else { '$' });
    CommandError::new(format!(
        "ERR Unbalanced '{name}' list of streams: for each stream key an ID or '{symbol}' must be specified."
    ))
}

fn only_for_groups(option: &str) -> CommandError {
    CommandError::new(format!(
        "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
    ))
}

/// Where the client wants to read a stream from; sees to it that the key, and the group, are there.
pub(super) fn start_of(
    call: &mut Call<'_>,
    request: &Request<'_>,
    index: usize,
) -> Result<Start, CommandError> {
    let key_at = request.first_key + index;
    let key = call.key(key_at);
    let text = call.args.get(key_at + request.stream_count);
    let before = remembered(call, index);
    let found = stream(&mut call.keys, &key)?;
    if let Some((group, _)) = request.reader {
        if found.is_none_or(|stream| stream.groups.get(group).is_none()) {
            return Err(quoting(&[
                b"NOGROUP No such key '",
                key.bytes,
                b"' or consumer group '",
                group,
                b"' in XREADGROUP with GROUP option",
            ]));
        }
        return match text {
            b">" => Ok(Start::New),
            b"$" | b"+" => Err(meaningless(char::from(text[0]))),
            // Redis's own mark for `>`.
            _ => Ok(Some(strict_id(text, 0)?)
                .filter(|id| *id < StreamId::MAX)
                .map_or(Start::New, Start::After)),
        };
    }
    Ok(Start::After(match text {
        b"$" if let Some(before) = before => before,
        b"$" => found.map_or(StreamId::MIN, |stream| stream.log.last_id),
        b"+" => found.map_or(StreamId::MIN, |stream| before_last(&stream.log)),
        b">" => {
            return Err(CommandError::text(
                "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
            ));
        }
        _ => strict_id(text, 0)?,
    }))
}

fn meaningless(symbol: char) -> CommandError {
    CommandError::new(format!(
        "ERR The {symbol} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer \
         by specifying a proper ID, or use the > ID to get new messages. The {symbol} ID would just return an empty \
         result set."
    ))
}

/// The id after which there is only the last entry.
fn before_last(log: &Log) -> StreamId {
    let last = log.range_backward(StreamId::MIN, StreamId::MAX).next();
    last.and_then(|entry| entry.id.previous()).unwrap_or(log.last_id)
}

/// Where streams are read from, to be known when the command runs again: `$` means something else then.
pub(super) fn memo_of(starts: &[Start]) -> Vec<u64> {
    let numbers = |start: &Start| match start {
        Start::After(id) => [id.ms, id.seq],
        Start::New => [0, 0],
    };
    starts.iter().flat_map(numbers).collect()
}

/// The start of a stream in a memo.
fn remembered(call: &Call<'_>, index: usize) -> Option<StreamId> {
    let numbers = call.memo()?.get(2 * index..2 * index + 2)?;
    Some(StreamId::new(numbers[0], numbers[1]))
}
