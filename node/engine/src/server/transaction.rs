//! A client's transaction: the commands it has queued, the keys it watches.

use hashbrown::HashTable;

use super::Server;
use super::session::{Session, SessionFlags};
use super::watch::{Watch, Watches};
use crate::commands::call::FirstKey;
use crate::commands::registry::Entry;
use crate::commands::spec::Flags;
use crate::keyspace::HashedKey;
use crate::resp::{ArgStore, Args, StoredArgs};
use crate::slot::SlotIndex;

/// A transaction whose allocations are larger than this is not kept for the next client.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// A command that waits for EXEC.
#[derive(Clone, Copy, Debug)]
pub struct QueuedCommand {
    pub entry: Entry,
    /// In a cluster, the slot of its keys.
    pub slot: Option<SlotIndex>,
    pub first_key: Option<FirstKey>,
    args: StoredArgs,
}

/// What a client has queued and watches.
#[derive(Debug)]
pub struct Transaction {
    args: ArgStore,
    commands: Vec<QueuedCommand>,
    /// Flags that any of the queued commands has.
    flags: Flags,
    /// A command was refused while it should have been queued: EXEC will not run the others.
    pub refused: bool,
    watches: HashTable<Watch>,
    watches_bytes: usize,
}

impl Default for Transaction {
    fn default() -> Self {
        Self {
            args: ArgStore::default(),
            commands: Vec::new(),
            flags: Flags::empty(),
            refused: false,
            watches: HashTable::new(),
            watches_bytes: 0,
        }
    }
}

impl Transaction {
    /// Queue a command.
    #[inline]
    pub fn push(
        &mut self,
        args: Args<'_>,
        entry: Entry,
        slot: Option<SlotIndex>,
        first_key: Option<FirstKey>,
    ) {
        let args = self.args.push(args);
        self.flags |= entry.spec.flags;
        self.commands.push(QueuedCommand { entry, slot, first_key, args });
    }

    /// The queued commands, in order.
    pub fn commands(&self) -> &[QueuedCommand] {
        &self.commands
    }

    /// The arguments of a queued command.
    #[inline]
    pub fn args(&self, command: &QueuedCommand) -> Args<'_> {
        self.args.get(command.args)
    }

    /// Flags that any of the queued commands has.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// The watched keys.
    pub fn watches(&self) -> impl ExactSizeIterator<Item = &Watch> {
        self.watches.iter()
    }

    /// Watch a key; false if it is watched already.
    fn watch(&mut self, watches: &mut Watches, db: usize, key: &HashedKey<'_>, existed: bool) -> bool {
        if self.watches.find(key.hash, |watch| watch.name.is(db, key)).is_some() {
            return false;
        }
        self.watches_bytes += key.bytes.len() + size_of::<Watch>();
        let watch = watches.add(db, key, existed);
        self.watches.insert_unique(key.hash, watch, |watch| watch.name.hash);
        true
    }

    /// Bytes that the client makes us keep.
    #[inline]
    pub fn len_bytes(&self) -> usize {
        self.args.len_bytes() + self.commands.len() * size_of::<QueuedCommand>() + self.watches_bytes
    }

    /// Note that a command was refused: what was queued is lost, and what follows will be.
    pub fn refuse(&mut self) {
        self.clear();
        self.refused = true;
    }

    /// Forget what was queued.
    fn clear(&mut self) {
        self.args.clear();
        self.commands.clear();
        self.flags = Flags::empty();
        self.refused = false;
    }

    fn capacity_bytes(&self) -> usize {
        self.args.capacity_bytes()
            + self.commands.capacity() * size_of::<QueuedCommand>()
            + self.watches.capacity() * size_of::<Watch>()
    }
}

/// An empty transaction for the next client that begins one: most are short, and allocating would cost as much as they.
#[derive(Debug, Default)]
pub struct SpareTransaction(Option<Box<Transaction>>);

impl SpareTransaction {
    /// An empty transaction.
    pub fn take(&mut self) -> Box<Transaction> {
        self.0.take().unwrap_or_default()
    }

    /// Take back one that is over, and watches nothing.
    pub fn put(&mut self, mut transaction: Box<Transaction>) {
        transaction.clear();
        if transaction.capacity_bytes() <= KEPT_BYTES_MAX {
            self.0 = Some(transaction);
        }
    }
}

impl Server {
    /// The client's transaction, which is made if it has none.
    pub fn transaction<'s>(&mut self, session: &'s mut Session) -> &'s mut Transaction {
        session.transaction.get_or_insert_with(|| self.spare_transaction.take())
    }

    /// Watch a key, which is there or not, for a client.
    pub fn watch(&mut self, session: &mut Session, db: usize, key: &HashedKey<'_>, existed: bool) {
        let transaction = session.transaction.get_or_insert_with(|| self.spare_transaction.take());
        if transaction.watch(&mut self.watches, db, key, existed) {
            self.changes.want_key(key.hash);
            self.watches.clients_count += usize::from(transaction.watches.len() == 1);
        }
    }

    /// Watch nothing for this transaction any more.
    pub fn unwatch(&mut self, transaction: &mut Transaction) {
        self.watches.clients_count -= usize::from(!transaction.watches.is_empty());
        for watch in transaction.watches.drain() {
            self.watches.remove(&watch);
            self.changes.unwant_key(watch.name.hash);
        }
        transaction.watches_bytes = 0;
    }

    /// Forget what a client has queued and watches.
    pub fn discard_transaction(&mut self, session: &mut Session) {
        session.flags.remove(SessionFlags::MULTI);
        if let Some(mut transaction) = session.transaction.take() {
            self.unwatch(&mut transaction);
            self.spare_transaction.put(transaction);
        }
    }
}
