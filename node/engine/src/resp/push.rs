//! Messages that go to many clients: written once, whatever their protocol versions.

use std::sync::Arc;

use super::number::push_i64;
use super::reply::{Protocol, Reply};

/// A push of bulk strings. Only its first byte depends on the protocol version.
#[derive(Clone, Debug)]
pub struct Push(Arc<Vec<u8>>);

impl Push {
    /// A push of these bulk strings.
    pub fn of_bulks(bulks: &[&[u8]]) -> Self {
        // Longest length line: `$`, ten digits, line break; as long a line break behind the bytes.
        let length: usize = bulks.iter().map(|bulk| bulk.len() + 15).sum();
        let mut bytes = Vec::with_capacity(length + 8);
        push_i64(&mut bytes, bulks.len() as i64);
        bytes.extend_from_slice(b"\r\n");
        for bulk in bulks {
            bytes.push(b'$');
            push_i64(&mut bytes, bulk.len() as i64);
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(bulk);
            bytes.extend_from_slice(b"\r\n");
        }
        Self(Arc::new(bytes))
    }

    /// What a client of this protocol version is told of a subscription; no name: of none.
    pub fn of_subscription(word: &str, name: Option<&[u8]>, count: usize, protocol: Protocol) -> Self {
        let mut reply = Reply::new(protocol);
        reply.push(3);
        reply.bulk(word.as_bytes());
        match name {
            Some(name) => reply.bulk(name),
            None => reply.null(),
        }
        reply.integer(count as i64);
        let mut bytes = reply.take_all();
        // The type comes in front of it again when it is written.
        bytes.remove(0);
        Self(Arc::new(bytes))
    }

    /// Write the push; a large one is sent from where it lies.
    #[inline]
    pub fn write(&self, reply: &mut Reply) {
        let kind: &[u8] = if reply.protocol == Protocol::Resp3 { b">" } else { b"*" };
        reply.raw(kind);
        reply.raw_shared(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_suits_both_protocols_and_any_length() {
        for length in [0, 9, 10, 20_000] {
            let large = vec![b'x'; length];
            let push = Push::of_bulks(&[b"message", &large]);
            for (protocol, kind) in [(Protocol::Resp2, '*'), (Protocol::Resp3, '>')] {
                let mut reply = Reply::new(protocol);
                push.write(&mut reply);
                let written: Vec<u8> =
                    reply.queue.io_slices().iter().flat_map(|piece| piece.to_vec()).collect();
                let text = String::from_utf8(large.clone()).unwrap();
                let expected = format!("{kind}2\r\n$7\r\nmessage\r\n${length}\r\n{text}\r\n");
                assert_eq!(String::from_utf8(written).unwrap(), expected);
            }
        }
    }
}
