//! XREAD and XREADGROUP.

use super::blocking::Timeout;
use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{BeginSearch, CommandSpec, FindKeys, Flags, Group as CommandGroup, KeyFlags, KeySpec};
use super::stream_access::{
    count_option, log_and_group, quoting, reply_entries, reply_entry, reply_id, stream, strict_id,
};
use crate::collections::stream::{ConsumerKey, Group, Log, Stream, StreamId};
use crate::keyspace::{HashedKey, ValueType};
use crate::resp::{Deferred, Protocol, Reply};
use crate::server::{EventClass, WaitedFor};

/// What is asked for, in the order in which Redis looks at it.
struct Request<'a> {
    /// The argument with the first key; as many ids follow the keys.
    first_key: usize,
    stream_count: usize,
    /// Entries of each stream at most.
    limit: usize,
    /// The group and the consumer.
    reader: Option<(&'a [u8], &'a [u8])>,
    no_ack: bool,
    /// How long to wait for entries; `None`: not at all.
    timeout: Option<Timeout>,
}

/// Where reading a stream starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    After(StreamId),
    /// `>`: after what the group has got.
    New,
}

/// XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]
fn xread(call: &mut Call<'_>) -> CommandResult {
    let request = Request::parse(call, false)?;
    read(call, &request)
}

/// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]
fn xreadgroup(call: &mut Call<'_>) -> CommandResult {
    let request = Request::parse(call, true)?;
    read(call, &request)
}

fn read(call: &mut Call<'_>, request: &Request<'_>) -> CommandResult {
    let starts = (0..request.stream_count)
        .map(|stream| start_of(call, request, stream))
        .collect::<Result<Vec<_>, CommandError>>()?;
    let mut served = Served::default();
    for (stream, start) in starts.iter().enumerate() {
        let key = call.key(request.first_key + stream);
        match request.reader {
            Some((group, consumer)) => {
                read_for_group(call, &mut served, request, &key, (group, consumer), *start)?;
            }
            None => read_after(call, &mut served, request, &key, *start)?,
        }
    }
    if served.count > 0 {
        served.end(call.reply);
        return Ok(());
    }
    let Some(timeout) = request.timeout else {
        call.reply.null_array();
        return Ok(());
    };
    let keys = request.first_key..request.first_key + request.stream_count;
    let waited_for = WaitedFor { value_type: ValueType::Stream, or_gone: request.reader.is_some() };
    call.wait_for_keys(keys, waited_for, timeout, memo_of(&starts))
}

/// Where streams are read from, to be known when the command runs again: `$` means something else then.
fn memo_of(starts: &[Start]) -> Vec<u64> {
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

impl<'a> Request<'a> {
    fn parse(call: &Call<'a>, grouped: bool) -> Result<Self, CommandError> {
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
fn start_of(call: &mut Call<'_>, request: &Request<'_>, index: usize) -> Result<Start, CommandError> {
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

/// The streams in the reply so far: an array of pairs in RESP2, a map in RESP3.
#[derive(Default)]
struct Served {
    begun: Option<Deferred>,
    count: usize,
}

impl Served {
    /// Write a stream's key; its entries follow.
    fn begin(&mut self, reply: &mut Reply, key: &[u8]) {
        if self.begun.is_none() {
            self.begun = Some(reply.begin());
        }
        self.count += 1;
        if reply.protocol == Protocol::Resp2 {
            reply.array(2);
        }
        reply.bulk(key);
    }

    /// Write what is around the streams.
    fn end(self, reply: &mut Reply) {
        match self.begun {
            Some(begun) if reply.protocol == Protocol::Resp2 => reply.end_array(begun, self.count),
            Some(begun) => reply.end_map(begun, self.count),
            None => {}
        }
    }
}

/// Read a stream for no group; one without such entries is left out.
fn read_after(
    call: &mut Call<'_>,
    served: &mut Served,
    request: &Request<'_>,
    key: &HashedKey<'_>,
    start: Start,
) -> CommandResult {
    let Start::After(after) = start else { return Ok(()) };
    let Some(start) = after.next() else { return Ok(()) };
    let Some(Stream { log, .. }) = stream(&mut call.keys, key)? else { return Ok(()) };
    let mut entries = log.range(start, StreamId::MAX).take(request.limit).peekable();
    if entries.peek().is_some() {
        served.begin(call.reply, key.bytes);
        reply_entries(call.reply, entries);
    }
    Ok(())
}

/// Read a stream for a consumer of a group. One without new entries is left out; of those that the consumer got before,
/// also none is told.
fn read_for_group(
    call: &mut Call<'_>,
    served: &mut Served,
    request: &Request<'_>,
    key: &HashedKey<'_>,
    (group_name, consumer_name): (&[u8], &[u8]),
    start: Start,
) -> CommandResult {
    let now_ms = call.now.unix_ms();
    let Some((log, group)) = log_and_group(&mut call.keys, key, group_name)? else { return Ok(()) };
    let known = group.find(consumer_name);
    let consumer = known.unwrap_or_else(|| group.add_consumer(consumer_name, now_ms));
    group.consumer_mut(consumer).seen_ms = now_ms;
    let mut reader = Reader { log, group, consumer, now_ms };
    let did_serve = match start {
        Start::New => reader.read_new(call.reply, served, request, key.bytes),
        Start::After(after) => {
            served.begin(call.reply, key.bytes);
            reader.read_again(call.reply, after, request.limit);
            true
        }
    };
    call.dirty += u64::from(did_serve);
    if known.is_none() {
        call.told(EventClass::STREAM, "xgroup-createconsumer", key);
    }
    Ok(())
}

/// A consumer that reads.
struct Reader<'a> {
    log: &'a Log,
    group: &'a mut Group,
    consumer: ConsumerKey,
    now_ms: i64,
}

impl Reader<'_> {
    /// Write the entries that the group has not got yet; false if there are none.
    fn read_new(
        &mut self,
        reply: &mut Reply,
        served: &mut Served,
        request: &Request<'_>,
        key: &[u8],
    ) -> bool {
        let Some(start) = self.group.last_id.next() else { return false };
        let mut entries = self.log.range(start, StreamId::MAX).take(request.limit).peekable();
        if entries.peek().is_none() {
            return false;
        }
        served.begin(reply, key);
        reply_entries(
            reply,
            entries.inspect(|entry| {
                self.group.note_read(self.log, entry.id);
                if !request.no_ack {
                    self.group.deliver(entry.id, self.consumer, self.now_ms);
                }
            }),
        );
        if !request.no_ack {
            self.group.consumer_mut(self.consumer).active_ms = Some(self.now_ms);
        }
        true
    }

    /// Write the entries that the consumer has got and not acknowledged, with null for those that are deleted.
    fn read_again(&mut self, reply: &mut Reply, after: StreamId, limit: usize) {
        let Some(start) = after.next() else {
            reply.array(0);
            return;
        };
        let ids: Vec<StreamId> = self.group.consumer(self.consumer).pending(start..).take(limit).collect();
        reply.array(ids.len());
        for id in ids {
            match self.log.range(id, id).next() {
                Some(entry) => {
                    reply_entry(reply, entry);
                    self.group.deliver_again(id, self.now_ms);
                }
                None => {
                    reply.array(2);
                    reply_id(reply, id);
                    reply.null_array();
                }
            }
        }
    }
}

const fn keys_after_streams(from: i32) -> KeySpec {
    KeySpec {
        flags: KeyFlags::RO.union(KeyFlags::ACCESS),
        begin: BeginSearch::Keyword("STREAMS", from),
        find: FindKeys::Range { last: -1, step: 1, limit: 2 },
        notes: None,
    }
}

const READ: Flags = Flags::BLOCKING;

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("xread", -4, CommandGroup::Stream, xread)
        .flags(READ.union(Flags::READONLY))
        .keys(&[keys_after_streams(1)])
        .usage("[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]")
        .about("5.0.0", "Give the entries of streams after an id each; wait for them if so asked."),
    CommandSpec::new("xreadgroup", -7, CommandGroup::Stream, xreadgroup)
        .flags(READ.union(Flags::WRITE))
        .keys(&[keys_after_streams(4)])
        .usage(
            "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key \
             [key ...] id [id ...]",
        )
        .about(
            "5.0.0",
            "Give a consumer entries that its group has not got yet, or those it has not acknowledged.",
        ),
];
