//! Hash slots, and the CLUSTER SLOTS reply that says who serves them.

use crate::resp::Value;

/// Number of hash slots.
pub(crate) const SLOT_COUNT: usize = 16_384;

/// Hash slot of a key, by its hash tag when it has one (what stands between the first `{` and the next `}`).
/// Source: Redis cluster specification, "Key distribution model" and "Hash tags".
pub(crate) fn key_slot(key: &[u8]) -> usize {
    usize::from(crc16(hash_tag(key).unwrap_or(key))) % SLOT_COUNT
}

fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let open = memchr::memchr(b'{', key)?;
    let rest = key.get(open + 1..)?;
    let close = memchr::memchr(b'}', rest)?;
    rest.get(..close).filter(|tag| !tag.is_empty())
}

/// CRC16-XMODEM: polynomial 0x1021, start 0, not reflected.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| (crc << 8) ^ CRC_TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

const CRC_TABLE: [u16; 256] = crc_table();

const fn crc_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// Slots `start` to `end`, both included, served by a primary. An empty host means the host that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotRange {
    pub start: usize,
    pub end: usize,
    pub host: String,
    pub port: u16,
}

/// Read a CLUSTER SLOTS reply: the primary of every range; ranges that make no sense are left out.
/// None when the reply is no array, an error for one.
pub(crate) fn slot_ranges(reply: &Value) -> Option<Vec<SlotRange>> {
    let Value::Array(rows) = reply else {
        return None;
    };
    Some(rows.iter().filter_map(slot_range).collect())
}

fn slot_range(row: &Value) -> Option<SlotRange> {
    let Value::Array(fields) = row else {
        return None;
    };
    let [Value::Integer(start), Value::Integer(end), Value::Array(primary), ..] = fields.as_slice() else {
        return None;
    };
    let [host, Value::Integer(port), ..] = primary.as_slice() else {
        return None;
    };
    let host = match host {
        Value::Text(bytes) if bytes != b"?" => String::from_utf8(bytes.clone()).ok()?,
        Value::Nil => String::new(),
        _ => return None,
    };
    let (start, end) = (usize::try_from(*start).ok()?, usize::try_from(*end).ok()?);
    let range = SlotRange { start, end, host, port: u16::try_from(*port).ok()? };
    (start <= end && end < SLOT_COUNT).then_some(range)
}

/// Split `host:port`, as MOVED and ASK name a node; the host may be empty or an IPv6 address.
pub(crate) fn host_and_port(endpoint: &str) -> Option<(&str, u16)> {
    let (host, port) = endpoint.rsplit_once(':')?;
    Some((host, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_agree_with_the_cluster_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(key_slot(b"foo"), 12_182);
        assert_eq!(key_slot(b"{user1000}.following"), key_slot(b"user1000"));
        assert_eq!(key_slot(b"foo{}{bar}"), usize::from(crc16(b"foo{}{bar}")) % SLOT_COUNT);
        assert_eq!(key_slot(b"foo{{bar}}zap"), key_slot(b"{bar"));
    }

    fn row(start: i64, end: i64, host: Value, port: i64) -> Value {
        let node = Value::Array(vec![host, Value::Integer(port), Value::Text(b"id".to_vec())]);
        Value::Array(vec![Value::Integer(start), Value::Integer(end), node])
    }

    #[test]
    fn ranges_name_their_primary() {
        let reply = Value::Array(vec![
            row(0, 99, Value::Text(b"127.0.0.1".to_vec()), 7000),
            row(100, 16_383, Value::Nil, 7001),
        ]);
        let ranges = slot_ranges(&reply).unwrap();
        assert_eq!(ranges[0], SlotRange { start: 0, end: 99, host: "127.0.0.1".into(), port: 7000 });
        assert_eq!((ranges[1].host.as_str(), ranges[1].port), ("", 7001));
    }

    #[test]
    fn ranges_outside_the_slots_are_left_out() {
        let host = || Value::Text(b"h".to_vec());
        let rows = vec![
            row(0, 16_384, host(), 1),
            row(-1, 5, host(), 1),
            row(9, 8, host(), 1),
            row(1, 2, host(), 70_000),
        ];
        assert_eq!(slot_ranges(&Value::Array(rows)), Some(Vec::new()));
        assert_eq!(slot_ranges(&Value::Error(b"ERR".to_vec())), None);
    }

    #[test]
    fn endpoints_split_at_the_last_colon() {
        assert_eq!(host_and_port("::1:7000"), Some(("::1", 7000)));
        assert_eq!(host_and_port(":7000"), Some(("", 7000)));
        assert_eq!(host_and_port("host"), None);
    }
}
