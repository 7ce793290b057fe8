//! Blocks: the entries of a stretch of a stream, packed.
//!
//! A block is a listpack. First come how many entries live, how many were deleted, and the field names of the entry
//! that the block was made for: their number, the names, 0. Then the entries: flags, the id as two differences to the
//! block's own id, then the values alone if the names are those in front, else the number of pairs and the pairs;
//! last the number of the entry's elements, by which the block can be walked backwards. A deleted entry keeps its
//! place.

use super::StreamId;
use super::fields::{Elements, Fields};
use super::listpack::{self, FIRST, Listpack};

const FLAG_DELETED: i64 = 1;
const FLAG_SAME_NAMES: i64 = 2;

/// Flags and the two parts of the id.
const FIXED_ELEMENTS: usize = 3;

/// What entry and block take besides the strings, roughly: for a first allocation that will do.
const ENTRY_BYTES: usize = 12;

/// Entries with ids from a block's own on.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pack: Listpack,
    live: u64,
    dead: u64,
}

impl Block {
    /// A block for an entry with these names, without any entry.
    pub fn new<'n>(names: impl ExactSizeIterator<Item = &'n [u8]> + Clone) -> Self {
        let bytes: usize = names.clone().map(<[u8]>::len).sum();
        let mut pack = Listpack::with_room(2 * bytes + (3 + names.len()) * ENTRY_BYTES);
        pack.append(|out| {
            out.int(0);
            out.int(0);
            out.int(names.len() as i64);
            names.for_each(|name| out.string(name));
            out.int(0);
        });
        Self { pack, live: 0, dead: 0 }
    }

    /// Entries that are there.
    pub fn live(&self) -> u64 {
        self.live
    }

    /// Entries that are there or were deleted in their place.
    pub fn total(&self) -> u64 {
        self.live + self.dead
    }

    /// Bytes of the listpack.
    pub fn bytes(&self) -> &[u8] {
        self.pack.bytes()
    }

    /// Bytes of memory allocated for the listpack.
    pub fn allocated_bytes(&self) -> usize {
        self.pack.allocated_bytes()
    }

    /// Give back what was allocated for entries that will not come.
    pub fn seal(&mut self) {
        self.pack.shrink();
    }

    /// Add an entry behind all others. `words` are its names and values by turns; `own_id` is the block's.
    pub fn append<'w>(
        &mut self,
        own_id: StreamId,
        id: StreamId,
        words: impl ExactSizeIterator<Item = &'w [u8]> + Clone,
    ) {
        let pairs = words.len() / 2;
        let same_names = self.has_names(words.clone().step_by(2));
        self.pack.append(|out| {
            out.int(if same_names { FLAG_SAME_NAMES } else { 0 });
            out.int(id.ms.wrapping_sub(own_id.ms) as i64);
            out.int(id.seq.wrapping_sub(own_id.seq) as i64);
            if same_names {
                words.skip(1).step_by(2).for_each(|value| out.string(value));
                out.int((FIXED_ELEMENTS + pairs) as i64);
            } else {
                out.int(pairs as i64);
                words.for_each(|word| out.string(word));
                out.int((FIXED_ELEMENTS + 1 + 2 * pairs) as i64);
            }
        });
        self.live += 1;
        self.pack.set_int(FIRST, self.live as i64);
    }

    /// Whether the block's names are these.
    fn has_names<'n>(&self, mut names: impl ExactSizeIterator<Item = &'n [u8]>) -> bool {
        let mut own = self.head().names(self.bytes());
        own.len() == names.len() && own.all(|own| names.next().is_some_and(|name| own.is(name)))
    }

    /// What stands in front of the entries.
    pub fn head(&self) -> Head {
        let pack = self.bytes();
        let dead = listpack::skip(pack, FIRST);
        let (count, names) = listpack::read_int(pack, listpack::skip(pack, dead));
        Head { names, name_count: count as usize }
    }

    /// Mark the entry at `at`, which lives, as deleted.
    pub fn delete(&mut self, at: usize) {
        let (flags, _) = listpack::read_int(self.bytes(), at);
        debug_assert!(flags & FLAG_DELETED == 0);
        // One byte before and after: `at` stays right.
        self.pack.set_int(at, flags | FLAG_DELETED);
        self.count(self.live - 1, self.dead + 1);
    }

    /// Delete living entries from the first on, until `stop`, which is asked before each entry, dead or alive, with
    /// the entry's id and how many have been deleted.
    pub fn delete_first(&mut self, own_id: StreamId, mut stop: impl FnMut(StreamId, u64) -> bool) -> u64 {
        let head = self.head();
        let mut at = head.entries(self.bytes());
        let mut deleted = 0;
        while let Some(entry) = RawEntry::read(self.bytes(), own_id, head, at) {
            if stop(entry.id, deleted) {
                break;
            }
            at = entry.end;
            if !entry.is_deleted() {
                self.pack.set_int(entry.start, entry.flags | FLAG_DELETED);
                deleted += 1;
            }
        }
        self.count(self.live - deleted, self.dead + deleted);
        deleted
    }

    /// The id of the last entry, deleted or not.
    pub fn last_id(&self, own_id: StreamId) -> StreamId {
        let at = RawEntry::start_before(self.bytes(), listpack::end(self.bytes()));
        let entry = RawEntry::read(self.bytes(), own_id, self.head(), at);
        entry.expect("a block has at least one entry").id
    }

    fn count(&mut self, live: u64, dead: u64) {
        (self.live, self.dead) = (live, dead);
        self.pack.set_int(FIRST, live as i64);
        let at = listpack::skip(self.bytes(), FIRST);
        self.pack.set_int(at, dead as i64);
    }
}

/// Where a block's names are, and how many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    names: usize,
    name_count: usize,
}

impl Head {
    fn names(self, pack: &[u8]) -> Elements<'_> {
        Elements { pack, at: self.names, left: self.name_count }
    }

    /// Where the first entry is.
    pub fn entries(self, pack: &[u8]) -> usize {
        let mut names = self.names(pack);
        names.by_ref().for_each(drop);
        listpack::skip(pack, names.at)
    }
}

/// An entry in its block.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawEntry {
    pub id: StreamId,
    flags: i64,
    /// Where its flags are.
    pub start: usize,
    /// Where its values or pairs are, and how many.
    body: usize,
    pairs: usize,
    /// Where the next entry is.
    pub end: usize,
}

impl RawEntry {
    /// The entry at `at`, if one is there.
    #[inline]
    pub fn read(pack: &[u8], own_id: StreamId, head: Head, at: usize) -> Option<Self> {
        if listpack::is_end(pack, at) {
            return None;
        }
        let (flags, next) = listpack::read_int(pack, at);
        let (ms, next) = listpack::read_int(pack, next);
        let (seq, mut body) = listpack::read_int(pack, next);
        let id = StreamId::new(own_id.ms.wrapping_add(ms as u64), own_id.seq.wrapping_add(seq as u64));
        let (mut pairs, mut elements) = (head.name_count, head.name_count);
        if flags & FLAG_SAME_NAMES == 0 {
            let (count, next) = listpack::read_int(pack, body);
            (pairs, elements, body) = (count as usize, 2 * count as usize, next);
        }
        let mut end = body;
        // The last one tells how many elements there are.
        for _ in 0..=elements {
            end = listpack::skip(pack, end);
        }
        Some(Self { id, flags, start: at, body, pairs, end })
    }

    /// Where the entry starts that ends at `end`.
    pub fn start_before(pack: &[u8], end: usize) -> usize {
        let mut at = listpack::previous(pack, end);
        let (elements, _) = listpack::read_int(pack, at);
        for _ in 0..elements {
            at = listpack::previous(pack, at);
        }
        at
    }

    #[inline]
    pub fn is_deleted(&self) -> bool {
        self.flags & FLAG_DELETED != 0
    }

    /// Names and values.
    pub fn fields<'a>(&self, pack: &'a [u8], head: Head) -> Fields<'a> {
        let elements = |at, left| Elements { pack, at, left };
        if self.flags & FLAG_SAME_NAMES != 0 {
            Fields { names: Some(head.names(pack)), values: elements(self.body, self.pairs) }
        } else {
            Fields { names: None, values: elements(self.body, 2 * self.pairs) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&[u8]> {
        text.split(' ').map(str::as_bytes).collect()
    }

    fn append(block: &mut Block, ms: u64, text: &str) {
        block.append(StreamId::new(10, 5), StreamId::new(ms, 1), words(text).into_iter());
    }

    fn texts(block: &Block) -> Vec<String> {
        let (pack, head) = (block.bytes(), block.head());
        let mut at = head.entries(pack);
        let mut texts = Vec::new();
        while let Some(entry) = RawEntry::read(pack, StreamId::new(10, 5), head, at) {
            let fields: Vec<String> = entry
                .fields(pack, head)
                .flat_map(|(name, value)| [name, value])
                .map(|element| String::from_utf8(element.to_vec()).unwrap())
                .collect();
            let mark = if entry.is_deleted() { " deleted" } else { "" };
            texts.push(format!("{} {}{mark}", entry.id, fields.join(" ")));
            at = entry.end;
        }
        texts
    }

    fn sample() -> Block {
        let mut block = Block::new(words("a b").into_iter());
        append(&mut block, 10, "a 1 b x");
        append(&mut block, 11, "a 2 b y");
        append(&mut block, 12, "b 3 a z");
        append(&mut block, 13, "a 4");
        block
    }

    #[test]
    fn entries_keep_their_names_whether_they_share_them_or_not() {
        let block = sample();
        assert_eq!(texts(&block), ["10-1 a 1 b x", "11-1 a 2 b y", "12-1 b 3 a z", "13-1 a 4"]);
        assert_eq!(block.last_id(StreamId::new(10, 5)), StreamId::new(13, 1));
        // The second entry takes its three numbers, its two values and its count.
        let pack = block.bytes();
        let first = block.head().entries(pack);
        let second = RawEntry::read(pack, StreamId::new(10, 5), block.head(), first).unwrap().end;
        let third = RawEntry::read(pack, StreamId::new(10, 5), block.head(), second).unwrap();
        assert_eq!(third.end - second, 2 + 2 + 3 + 2 + 3 + 2);
    }

    #[test]
    fn deleted_entries_keep_their_place() {
        let mut block = sample();
        let at = RawEntry::start_before(block.bytes(), listpack::end(block.bytes()));
        block.delete(at);
        assert_eq!(block.delete_first(StreamId::new(10, 5), |id, deleted| id.ms == 12 || deleted == 9), 2);
        assert_eq!(
            texts(&block),
            ["10-1 a 1 b x deleted", "11-1 a 2 b y deleted", "12-1 b 3 a z", "13-1 a 4 deleted"]
        );
        assert_eq!((block.live(), block.total()), (1, 4));
        assert_eq!(listpack::read_int(block.bytes(), FIRST).0, 1);
        assert_eq!(block.last_id(StreamId::new(10, 5)), StreamId::new(13, 1));
    }
}
