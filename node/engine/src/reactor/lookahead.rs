//! Requests that are parsed before the first of them runs, so that their cache misses overlap.

use crate::dispatch::{self, Core, Prepared};
use crate::resp::{Args, Parser, Progress, ProtocolError, RequestLimits};
use crate::server::Client;

/// Requests of one client parsed ahead: more would push the first ones' memory out of the nearest cache again.
const LOOKAHEAD_REQUESTS: usize = 16;

/// A whole request in the bytes that are being served.
#[derive(Debug)]
struct Request {
    parser: Parser,
    start: usize,
    end: usize,
    prepared: Option<Prepared>,
}

/// What follows the requests that were parsed.
#[derive(Debug)]
pub(super) enum Rest {
    /// Perhaps more whole requests.
    More,
    /// The beginning of one; its range has to be kept.
    Partial(std::ops::Range<usize>),
    /// Nothing that could be read.
    Error(ProtocolError),
}

/// The requests parsed ahead, and the parsers to do it with: kept between calls, so that nothing is allocated.
#[derive(Debug, Default)]
pub(super) struct Lookahead {
    requests: Vec<Request>,
    len: usize,
}

impl Lookahead {
    /// Parse the requests of `bytes` from `at` on, and start to load what they will need.
    #[inline]
    pub fn parse(&mut self, core: &Core, client: &mut Client, bytes: &[u8], at: usize) -> Rest {
        let mut at = at;
        self.len = 0;
        let limits = RequestLimits {
            bulk_bytes_max: core.server.config.proto_max_bulk_len,
            unauthenticated: core.server.is_unauthenticated(&client.session),
        };
        // The first request may be the one that says the password: the limits for those behind it are others.
        let requests_max = if limits.unauthenticated { 1 } else { LOOKAHEAD_REQUESTS };
        while self.len < requests_max {
            if let Some(consumed) = client.ready.take() {
                self.take(client, at, at + consumed);
                at += consumed;
                continue;
            }
            match client.parser.advance(&bytes[at..], &limits) {
                Ok(Progress::Complete { consumed }) => {
                    self.take(client, at, at + consumed);
                    at += consumed;
                }
                Ok(Progress::Incomplete { keep }) => {
                    return self.prepare(core, client, bytes, Rest::Partial(at..at + keep));
                }
                Err(error) => return self.prepare(core, client, bytes, Rest::Error(error)),
            }
        }
        self.prepare(core, client, bytes, Rest::More)
    }

    /// Number of requests that were parsed.
    pub fn len(&self) -> usize {
        self.len
    }

    /// A request's arguments and what is known of it; `None` for an empty line.
    #[inline]
    pub fn get<'a>(&'a self, index: usize, bytes: &'a [u8]) -> Option<(Args<'a>, &'a Prepared)> {
        let request = &self.requests[index];
        Some((request.parser.args(&bytes[request.start..]), request.prepared.as_ref()?))
    }

    /// Where a request ends.
    pub fn end(&self, index: usize) -> usize {
        self.requests[index].end
    }

    /// Give request `index` back to the client, to be run again later; where it starts. Those behind it are forgotten.
    pub fn postpone(&mut self, client: &mut Client, index: usize) -> usize {
        let request = &mut self.requests[index];
        std::mem::swap(&mut client.parser, &mut request.parser);
        client.ready = Some(request.end - request.start);
        let start = request.start;
        self.clear();
        start
    }

    /// Forget the requests.
    #[inline]
    pub fn clear(&mut self) {
        for request in &mut self.requests[..self.len] {
            request.parser.reset();
        }
        self.len = 0;
    }

    /// Take over the request that the client's parser has completed; the parser gets a fresh one's state.
    #[inline]
    fn take(&mut self, client: &mut Client, start: usize, end: usize) {
        if self.len == self.requests.len() {
            self.requests.push(Request { parser: Parser::default(), start, end, prepared: None });
        }
        let request = &mut self.requests[self.len];
        std::mem::swap(&mut client.parser, &mut request.parser);
        (request.start, request.end, request.prepared) = (start, end, None);
        self.len += 1;
    }

    #[inline]
    fn prepare(&mut self, core: &Core, client: &Client, bytes: &[u8], rest: Rest) -> Rest {
        for request in &mut self.requests[..self.len] {
            let args = request.parser.args(&bytes[request.start..]);
            if !args.is_empty() {
                request.prepared = Some(dispatch::prepare(core, &client.session, args));
            }
        }
        if self.len > 1 {
            for index in 0..self.len {
                if let Some((args, prepared)) = self.get(index, bytes) {
                    dispatch::prefetch(core, &client.session, args, prepared);
                }
            }
        }
        rest
    }
}
