//! Commands that are kept for later: their arguments, out of the buffer they came in.

use super::parser::{Arg, Args};

/// Arguments of any number of commands, in few allocations.
#[derive(Debug, Default)]
pub struct ArgStore {
    bytes: Vec<u8>,
    args: Vec<Arg>,
    /// Bytes of arguments that came in allocations of their own, which are shared, not copied.
    owned_bytes: usize,
}

/// One command in an [`ArgStore`].
#[derive(Clone, Copy, Debug)]
pub struct StoredArgs {
    bytes_at: usize,
    first: usize,
    count: usize,
}

impl ArgStore {
    /// Keep a command's arguments.
    #[inline]
    pub fn push(&mut self, args: Args<'_>) -> StoredArgs {
        let stored =
            StoredArgs { bytes_at: self.bytes.len(), first: self.args.len(), count: args.args.len() };
        // Arguments lie one behind the other in the buffer, with little between them: one copy takes them all.
        let mut in_buffer = args.args.iter().filter(|arg| arg.owned.is_none());
        let first = in_buffer.next();
        let start = first.map_or(0, |arg| arg.start);
        let end = in_buffer.next_back().or(first).map_or(0, |arg| arg.start + arg.length);
        self.bytes.extend_from_slice(&args.buffer[start as usize..end as usize]);
        self.args.extend(args.args.iter().map(|arg| match &arg.owned {
            None => Arg { start: arg.start - start, ..arg.clone() },
            Some(_) => arg.clone(),
        }));
        self.owned_bytes +=
            args.args.iter().filter_map(|arg| arg.owned.as_ref()).map(|owned| owned.len()).sum::<usize>();
        stored
    }

    /// The arguments of a command that was kept here.
    #[inline]
    pub fn get(&self, stored: StoredArgs) -> Args<'_> {
        Args {
            buffer: &self.bytes[stored.bytes_at..],
            args: &self.args[stored.first..stored.first + stored.count],
        }
    }

    /// Forget all commands; the allocations stay.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.args.clear();
        self.owned_bytes = 0;
    }

    /// Bytes that the arguments take.
    #[inline]
    pub fn len_bytes(&self) -> usize {
        self.bytes.len() + self.owned_bytes + self.args.len() * size_of::<Arg>()
    }

    /// Bytes allocated for arguments, those in allocations of their own left out.
    pub fn capacity_bytes(&self) -> usize {
        self.bytes.capacity() + self.args.capacity() * size_of::<Arg>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parser::{Parser, Progress, RequestLimits};
    use super::*;

    #[test]
    fn commands_are_found_again_whatever_buffer_they_came_in() {
        let large = "x".repeat(40_000);
        let mut store = ArgStore::default();
        let mut stored = Vec::new();
        for input in [
            "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n".to_owned(),
            "PING hello\r\n".to_owned(),
            format!("*3\r\n$3\r\nSET\r\n$40000\r\n{large}\r\n$1\r\nb\r\n"),
            "*1\r\n$0\r\n\r\n".to_owned(),
        ] {
            let mut parser = Parser::default();
            assert!(matches!(
                parser.advance(input.as_bytes(), &RequestLimits::default()),
                Ok(Progress::Complete { .. })
            ));
            stored.push(store.push(parser.args(input.as_bytes())));
        }
        let words: Vec<Vec<Vec<u8>>> = stored.iter().map(|stored| store.get(*stored).to_vec()).collect();
        let expected: [&[&str]; 4] = [&["SET", "a", ""], &["PING", "hello"], &["SET", &large, "b"], &[""]];
        for (words, expected) in words.iter().zip(expected) {
            assert_eq!(words, &expected.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>());
        }
        assert!(store.len_bytes() > 40_000);
        store.clear();
        assert_eq!(store.len_bytes(), 0);
    }
}
