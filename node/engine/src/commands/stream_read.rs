//! XREAD and XREADGROUP.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{BeginSearch, CommandSpec, FindKeys, Flags, Group as CommandGroup, KeyFlags, KeySpec};
use super::stream_access::{log_and_group, reply_entries, reply_entry, reply_id, stream};
use super::stream_read_request::{Request, Start, memo_of, start_of};
use crate::collections::stream::{ConsumerKey, Group, Log, Stream, StreamId};
use crate::keyspace::{HashedKey, ValueType};
use crate::resp::{Deferred, Protocol, Reply};
use crate::server::{EventClass, WaitedFor};

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

#[cfg(test)]
mod tests {
    use crate::testing::{Host, Node};

    fn node_with_group() -> Node {
        let mut node = Node::alone();
        node.expect(&[
            ("XADD s 1-1 f v", "$3\r\n1-1\r\n"),
            ("XADD s 1-2 f v", "$3\r\n1-2\r\n"),
            ("XGROUP CREATE s g 0", "+OK\r\n"),
        ]);
        node
    }

    #[test]
    fn a_consumer_gets_an_entry_again_until_it_acknowledges_it() {
        let mut node = node_with_group();
        let first = "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n";
        node.expect(&[
            ("XREADGROUP GROUP g a COUNT 1 STREAMS s >", first),
            ("XREADGROUP GROUP g a STREAMS s 0", first),
            ("XDEL s 1-1", ":1\r\n"),
            ("XREADGROUP GROUP g a STREAMS s 0", "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n"),
            ("XACK s g 1-1 1-2", ":1\r\n"),
            ("XREADGROUP GROUP g a STREAMS s 0", "*1\r\n*2\r\n$1\r\ns\r\n*0\r\n"),
        ]);
    }

    #[test]
    fn a_claim_takes_what_has_been_idle_for_long_enough() {
        let mut node = node_with_group();
        node.run("XREADGROUP GROUP g a STREAMS s >");
        node.wait_ms(500);
        node.expect(&[
            ("XCLAIM s g b 501 1-1 JUSTID", "*0\r\n"),
            ("XCLAIM s g b 500 1-1 JUSTID", "*1\r\n$3\r\n1-1\r\n"),
            ("XAUTOCLAIM s g c 1 0 JUSTID", "*3\r\n$3\r\n0-0\r\n*1\r\n$3\r\n1-2\r\n*0\r\n"),
            ("XPENDING s g - + 9 a", "*0\r\n"),
            ("XPENDING s g - + 9 b", "*1\r\n*4\r\n$3\r\n1-1\r\n$1\r\nb\r\n:0\r\n:1\r\n"),
            ("XGROUP DELCONSUMER s g b", ":1\r\n"),
            ("XPENDING s g", "*4\r\n:1\r\n$3\r\n1-2\r\n$3\r\n1-2\r\n*1\r\n*2\r\n$1\r\nc\r\n$1\r\n1\r\n"),
        ]);
    }

    #[test]
    fn those_who_wait_get_each_entry_or_each_another_one() {
        let mut host = Host::alone();
        let [mut a, mut b, mut c, mut d, mut writer] = std::array::from_fn(|_| host.connect());
        host.run(&mut writer, "XADD s 1-1 f v\nXGROUP CREATE s g $");
        for (wire, command) in [
            (&mut a, "XREAD BLOCK 0 STREAMS s $"),
            (&mut b, "XREADGROUP GROUP g b COUNT 1 BLOCK 0 STREAMS s >"),
            (&mut c, "XREADGROUP GROUP g c COUNT 1 BLOCK 0 STREAMS s >"),
            (&mut d, "XREADGROUP GROUP g d COUNT 1 BLOCK 0 STREAMS s >"),
        ] {
            assert_eq!(host.run(wire, command), "");
        }
        host.run(&mut writer, "MULTI\nXADD s 2-1 f v\nXADD s 2-2 f v\nEXEC");
        let received = [&mut a, &mut b, &mut c, &mut d].map(|wire| wire.received());
        let ids = received.each_ref().map(|reply| ["2-1", "2-2"].map(|id| reply.contains(id)));
        assert_eq!(ids, [[true, true], [true, false], [false, true], [false, false]]);
        host.run(&mut writer, "XGROUP DESTROY s g");
        assert!(d.received().starts_with("-NOGROUP No such key 's' or consumer group 'g'"));
    }
}
