//! One client's socket: reading, running what was read, sending.

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{self, RecvFlags, SendAncillaryBuffer, SendFlags};

use super::lookahead::{Lookahead, Rest};
use super::poll::{Event, Source};
use super::{READ_BYTES, Reactor};
use crate::dispatch::{self, Core, Outcome};
use crate::resp::ProtocolError;
use crate::server::{Client, ClientKey, SessionFlags, Waiting, Watched};

/// Room made in a client's own buffer for the next read.
const INPUT_STEP_BYTES: usize = 16 << 10;
/// A client that may not go on is no longer read from once this much of its input waits.
const INPUT_WAITING_BYTES_MAX: usize = 64 << 10;

/// A connection that has ended: by the peer, by an error, or by us.
#[derive(Debug)]
struct Closed;

impl Reactor {
    /// Serve a client whose socket is ready.
    #[inline]
    pub(super) fn client_ready(&mut self, core: &mut Core, key: ClientKey, event: Event) {
        let Some(mut client) = core.server.clients.take(key) else {
            return;
        };
        // Killed by the command of a client that was served before it: its own commands are not run any more.
        let killed = client.session.flags.contains(SessionFlags::KILLED);
        let mut result = if killed { Err(Closed) } else { Ok(()) };
        if result.is_ok() && event.writable() {
            result = self.flush(core, &mut client).and_then(|()| self.go_on(core, &mut client));
        }
        if result.is_ok() && event.readable() {
            result = self.read(core, &mut client);
        } else if result.is_ok() && event.hung_up() {
            result = Err(Closed);
        }
        self.put_back(core, client, result);
    }

    /// Let a client go on that waited.
    pub(super) fn client_resumed(&mut self, core: &mut Core, key: ClientKey) {
        let Some(mut client) = core.server.clients.take(key) else {
            return;
        };
        client.session.waiting = Waiting::No;
        let result = self.go_on(core, &mut client);
        self.put_back(core, client, result);
    }

    /// Send and close what other clients' commands have caused to be sent and closed.
    pub(super) fn look_after_touched(&mut self, core: &mut Core) {
        while !core.server.clients.touched.is_empty() {
            for key in std::mem::take(&mut core.server.clients.touched) {
                let Some(mut client) = core.server.clients.take(key) else {
                    continue;
                };
                client.touched = false;
                let killed = client.session.flags.contains(SessionFlags::KILLED);
                let mut result = self.flush(core, &mut client);
                if killed {
                    result = Err(Closed);
                } else if client.session.waiting == Waiting::Pause && core.server.pause.is_none() {
                    client.session.waiting = Waiting::No;
                    result = result.and_then(|()| self.go_on(core, &mut client));
                } else if result.is_ok() && client.session.waiting == Waiting::No && !client.input.is_empty()
                {
                    // Its wait was ended while other clients' commands ran.
                    result = self.go_on(core, &mut client);
                }
                self.put_back(core, client, result);
            }
        }
    }

    /// Close every connection, after an attempt to send what waits.
    pub fn close_all(&mut self, core: &mut Core) {
        for key in core.server.clients.keys() {
            if let Some(mut client) = core.server.clients.take(key) {
                // The client goes in either case.
                let _ = self.flush(core, &mut client);
                core.server.clients.release(key);
            }
        }
    }

    fn put_back(&mut self, core: &mut Core, mut client: Box<Client>, result: Result<(), Closed>) {
        if result.is_ok() && self.watch_client(&mut client).is_ok() {
            core.server.clients.put(client);
            return;
        }
        core.server.forget(&mut client);
        core.server.clients.release(client.key);
    }

    /// Tell epoll what the client's state asks for.
    #[inline]
    fn watch_client(&mut self, client: &mut Client) -> Result<(), Closed> {
        let wanted = Watched {
            read: client.session.waiting == Waiting::No || client.input.len() < INPUT_WAITING_BYTES_MAX,
            write: !client.reply.queue.is_empty(),
        };
        if wanted != client.watched {
            self.poll
                .change(&client.socket, Source::Client(client.key), wanted.read, wanted.write)
                .map_err(|_| Closed)?;
            client.watched = wanted;
        }
        Ok(())
    }

    /// Read once and run what is whole.
    fn read(&mut self, core: &mut Core, client: &mut Client) -> Result<(), Closed> {
        if client.input.is_empty() && client.parser.large_in_progress().is_none() {
            let mut buffer = std::mem::take(&mut self.read_buffer);
            let result = match net::recv(&client.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((count, _)) => self.received(core, client, count, |reactor, core, client| {
                    reactor.run(core, client, &buffer[..count]).map(|left| {
                        client.input.extend_from_slice(&buffer[left]);
                    })
                }),
                Err(error) => would_block(error),
            };
            self.read_buffer = buffer;
            return result;
        }
        let count = match client.parser.large_in_progress() {
            Some((large, missing)) if missing > 0 => {
                let spare = large.spare_capacity_mut();
                let room = spare.len().min(missing);
                let result = net::recv(&client.socket, &mut spare[..room], RecvFlags::DONTWAIT)
                    .map(|((filled, _), _)| filled.len());
                // SAFETY: the kernel has written so many bytes behind the vector's end, within its capacity.
                unsafe { large.set_len(large.len() + result.unwrap_or(0)) };
                result
            }
            _ => {
                client.input.reserve(INPUT_STEP_BYTES.max(client.input.len().min(READ_BYTES)));
                net::recv(&client.socket, spare_capacity(&mut client.input), RecvFlags::DONTWAIT)
                    .map(|(count, _)| count)
            }
        };
        match count {
            Ok(count) => self.received(core, client, count, Self::run_input),
            Err(error) => would_block(error),
        }
    }

    /// Count what was received and let `body` run it.
    #[inline]
    fn received(
        &mut self,
        core: &mut Core,
        client: &mut Client,
        count: usize,
        body: impl FnOnce(&mut Self, &mut Core, &mut Client) -> Result<(), Closed>,
    ) -> Result<(), Closed> {
        if count == 0 {
            return Err(Closed);
        }
        core.server.stats.reads += 1;
        core.server.stats.bytes_in += count as u64;
        client.session.bytes_in += count as u64;
        client.session.last_used_us = core.server.now.monotonic_us;
        body(self, core, client)?;
        let kept = client.input.len() + client.parser.received_bytes() + client.session.kept_bytes();
        if kept as u64 > core.server.config.client_query_buffer_limit {
            core.server.stats.query_buffer_limit_disconnections += 1;
            return Err(Closed);
        }
        self.finish(core, client)
    }

    /// Run what waits in the client's own buffer, then send.
    fn go_on(&mut self, core: &mut Core, client: &mut Client) -> Result<(), Closed> {
        if client.session.waiting == Waiting::Output {
            if client.reply.queue.len() as u64 > core.server.config.client_output_pause_bytes / 2 {
                return Ok(());
            }
            client.session.waiting = Waiting::No;
        }
        self.run_input(core, client)?;
        self.finish(core, client)
    }

    fn run_input(&mut self, core: &mut Core, client: &mut Client) -> Result<(), Closed> {
        if client.input.is_empty() {
            return Ok(());
        }
        let mut input = std::mem::take(&mut client.input);
        let left = self.run(core, client, &input)?;
        input.truncate(left.end);
        input.drain(..left.start);
        if !input.is_empty() {
            client.input = input;
        }
        Ok(())
    }

    /// Run the commands in `bytes` as far as they are whole; the range that has to be kept.
    #[inline]
    fn run(
        &mut self,
        core: &mut Core,
        client: &mut Client,
        bytes: &[u8],
    ) -> Result<std::ops::Range<usize>, Closed> {
        if let Some(spare) = self.spare_reply.take() {
            client.reply.queue.lend_buffer(spare);
        }
        let mut lookahead = std::mem::take(&mut self.lookahead);
        let result = self.run_ahead(core, client, bytes, &mut lookahead);
        lookahead.clear();
        self.lookahead = lookahead;
        result
    }

    #[inline]
    fn run_ahead(
        &mut self,
        core: &mut Core,
        client: &mut Client,
        bytes: &[u8],
        lookahead: &mut Lookahead,
    ) -> Result<std::ops::Range<usize>, Closed> {
        let mut at = 0;
        while client.session.waiting == Waiting::No {
            let rest = lookahead.parse(core, client, bytes, at);
            for index in 0..lookahead.len() {
                if client.session.waiting != Waiting::No {
                    // What was begun behind it will be parsed again, from bytes that are kept.
                    client.parser.reset();
                    return Ok(at..bytes.len());
                }
                if let Some((args, prepared)) = lookahead.get(index, bytes) {
                    let outcome = dispatch::run(core, &mut client.session, &mut client.reply, args, prepared);
                    self.serve_waiting(core);
                    if outcome == Outcome::Postponed {
                        client.parser.reset();
                        return Ok(lookahead.postpone(client, index)..bytes.len());
                    }
                }
                at = lookahead.end(index);
                if client.session.flags.intersects(SessionFlags::CLOSE_AFTER_REPLY | SessionFlags::KILLED) {
                    return Ok(bytes.len()..bytes.len());
                }
                self.bound_output(core, client)?;
            }
            lookahead.clear();
            match rest {
                Rest::More => {}
                Rest::Partial(kept) if client.session.waiting == Waiting::No => return Ok(kept),
                Rest::Partial(_) => client.parser.reset(),
                Rest::Error(ProtocolError(text)) => {
                    client.reply.error_bytes(&[b"ERR ", text.as_ref()].concat());
                    core.server.stats.count_error("ERR");
                    client.session.flags.insert(SessionFlags::CLOSE_AFTER_REPLY);
                    return Ok(bytes.len()..bytes.len());
                }
            }
        }
        Ok(at..bytes.len())
    }

    /// Let the client wait when its unsent replies pass their bound.
    #[inline]
    fn bound_output(&mut self, core: &mut Core, client: &mut Client) -> Result<(), Closed> {
        if client.reply.queue.len() as u64 > core.server.config.client_output_pause_bytes {
            self.flush(core, client)?;
            if client.reply.queue.len() as u64 > core.server.config.client_output_pause_bytes {
                core.server.stats.clients_paused_for_output += 1;
                client.session.waiting = Waiting::Output;
            }
        }
        Ok(())
    }

    /// Send what was written; close the connection if that was its last reply.
    #[inline]
    fn finish(&mut self, core: &mut Core, client: &mut Client) -> Result<(), Closed> {
        self.flush(core, client)?;
        let closing = client.session.flags.contains(SessionFlags::CLOSE_AFTER_REPLY);
        if client.session.flags.contains(SessionFlags::KILLED) || (closing && client.reply.queue.is_empty()) {
            return Err(Closed);
        }
        Ok(())
    }

    /// Send as much as the socket takes.
    #[inline]
    fn flush(&mut self, core: &mut Core, client: &mut Client) -> Result<(), Closed> {
        let mut sent = 0u64;
        while !client.reply.queue.is_empty() {
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            let result = match client.reply.queue.single() {
                Some(bytes) => net::send(&client.socket, bytes, flags),
                None => {
                    let pieces = client.reply.queue.io_slices();
                    net::sendmsg(&client.socket, &pieces, &mut SendAncillaryBuffer::default(), flags)
                }
            };
            match result {
                Ok(count) => {
                    core.server.stats.writes += 1;
                    client.reply.queue.advance(count);
                    sent += count as u64;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => return Err(Closed),
            }
        }
        core.server.stats.bytes_out += sent;
        client.session.bytes_out += sent;
        if sent > 0 {
            // A client that takes long to read a long reply is not idle.
            client.session.last_used_us = core.server.now.monotonic_us;
        }
        if let Some(buffer) = client.reply.queue.take_buffer() {
            self.spare_reply = Some(buffer);
        }
        if !client.reply.queue.is_empty()
            && client.is_over_output_limit(&core.server.config.output_limits, core.server.now.monotonic_us)
        {
            core.server.stats.output_buffer_limit_disconnections += 1;
            return Err(Closed);
        }
        if client.session.flags.contains(SessionFlags::CLOSE_AFTER_REPLY) && client.reply.queue.is_empty() {
            return Err(Closed);
        }
        Ok(())
    }
}

fn would_block(error: Errno) -> Result<(), Closed> {
    if matches!(error, Errno::AGAIN | Errno::INTR) { Ok(()) } else { Err(Closed) }
}
