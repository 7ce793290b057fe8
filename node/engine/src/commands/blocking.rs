//! What the commands that wait for keys have in common.

use std::ops::Range;

use super::call::{Call, CommandResult};
use super::error::CommandError;
use crate::clock::Now;
use crate::long_double::LongDouble;
use crate::resp::parse_i64;
use crate::server::{SessionFlags, Wait, WaitedFor, Waiting};

/// How long a command waits at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// On the monotonic clock, in microseconds; `None`: it waits for ever.
    deadline_us: Option<u64>,
}

impl Timeout {
    /// A timeout in seconds, with a fraction; 0 is none.
    ///
    /// # Errors
    /// Redis's, for what is no number, negative or out of range.
    pub fn from_seconds(text: &[u8], now: Now) -> Result<Self, CommandError> {
        const NO_FLOAT: CommandError = CommandError::text("ERR timeout is not a float or out of range");
        let seconds = LongDouble::parse(text).ok_or(NO_FLOAT)?;
        Self::new(seconds.ceil_product(1_000).ok_or(OUT_OF_RANGE)?, now)
    }

    /// A timeout in milliseconds; 0 is none.
    ///
    /// # Errors
    /// Redis's, for what is no integer, negative or out of range.
    pub fn from_milliseconds(text: &[u8], now: Now) -> Result<Self, CommandError> {
        const NO_INTEGER: CommandError = CommandError::text("ERR timeout is not an integer or out of range");
        Self::new(parse_i64(text).ok_or(NO_INTEGER)?, now)
    }

    fn new(milliseconds: i64, now: Now) -> Result<Self, CommandError> {
        if milliseconds < 0 {
            return Err(CommandError::text("ERR timeout is negative"));
        }
        if milliseconds.checked_add(now.unix_ms()).is_none() {
            return Err(OUT_OF_RANGE);
        }
        let deadline_us = now.monotonic_us.saturating_add(1_000u64.saturating_mul(milliseconds as u64));
        Ok(Self { deadline_us: (milliseconds > 0).then_some(deadline_us) })
    }
}

const OUT_OF_RANGE: CommandError = CommandError::text("ERR timeout is out of range");

impl Call<'_> {
    /// Whether the client may wait: in a transaction it may not.
    pub fn may_wait(&self) -> bool {
        !self.session.flags.contains(SessionFlags::IN_EXEC)
    }

    /// End a command that has found nothing under the keys in these arguments: it is run again when one of them is
    /// in the state that is waited for.
    ///
    /// When the timeout is over before, or the client may not wait, the answer is a null array. `memo` is kept for
    /// when the command runs again, see [`Call::memo`].
    pub fn wait_for_keys(
        &mut self,
        keys: Range<usize>,
        waited_for: WaitedFor,
        timeout: Timeout,
        memo: impl Into<Box<[u64]>>,
    ) -> CommandResult {
        let now_us = self.now.monotonic_us;
        let deadline_us =
            self.session.blocked.as_ref().map_or(timeout.deadline_us, |blocked| blocked.deadline_us);
        if !self.may_wait() || deadline_us.is_some_and(|deadline_us| deadline_us <= now_us) {
            self.reply.null_array();
            return Ok(());
        }
        if self.session.blocked.is_some() {
            self.session.waiting = Waiting::Keys;
            return Ok(());
        }
        let wait = Wait {
            db: self.keys.db,
            keys: keys.map(|index| self.key(index)).collect(),
            waited_for,
            deadline_us,
            memo: memo.into(),
        };
        self.server.begin_wait(self.session, wait);
        self.keys.keyspace.record_effects = true;
        Ok(())
    }

    /// What the command gave [`Call::wait_for_keys`] when it ran first; `None` when it runs first.
    pub fn memo(&self) -> Option<&[u64]> {
        Some(&self.session.blocked.as_ref()?.memo)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
    use super::*;
    use crate::clock::Rng;
    use crate::keyspace::{Value, ValueType};
    use crate::server::EventClass;
    use crate::testing::{Host, Node, Wire};

    /// WAITGETDEL key [key ...] timeout: GETDEL of the first key there is, or of the first that comes.
    fn wait_getdel(call: &mut Call<'_>) -> CommandResult {
        let last = call.args.len() - 1;
        let timeout = Timeout::from_seconds(call.args.get(last), call.now)?;
        for index in 1..last {
            let key = call.key(index);
            let Some(entry) = call.keys.read(&key) else { continue };
            let Value::Bytes { bytes, .. } = entry.value() else { return Err(CommandError::WRONG_TYPE) };
            call.reply.bulk(bytes);
            call.keys.remove(&key);
            call.changed(EventClass::GENERIC, "del", &key);
            return Ok(());
        }
        let waited_for = WaitedFor { value_type: ValueType::String, or_gone: false };
        call.wait_for_keys(1..last, waited_for, timeout, [])
    }

    /// WAITGONE key timeout: waits until there is no such key.
    fn wait_gone(call: &mut Call<'_>) -> CommandResult {
        let timeout = Timeout::from_seconds(call.args.get(2), call.now)?;
        let key = call.key(1);
        if !call.keys.exists(&key) {
            let waited = i64::from(call.memo().is_some_and(|memo| memo == [7]));
            call.reply.integer(waited);
            return Ok(());
        }
        let waited_for = WaitedFor { value_type: ValueType::Stream, or_gone: true };
        call.wait_for_keys(1..2, waited_for, timeout, [7])
    }

    /// Commands that only tests have.
    pub const TABLE: &[CommandSpec] = &[
        CommandSpec::new("waitgetdel", -3, Group::String, wait_getdel)
            .flags(Flags::WRITE.union(Flags::BLOCKING))
            .keys(&[KeySpec::range(1, -2, 1, KeyFlags::RW)]),
        CommandSpec::new("waitgone", 3, Group::String, wait_gone)
            .flags(Flags::READONLY.union(Flags::BLOCKING))
            .keys(&[KeySpec::one(1, KeyFlags::RO)]),
    ];

    fn connect<const COUNT: usize>(host: &mut Host) -> [Wire; COUNT] {
        std::array::from_fn(|_| host.connect())
    }

    #[test]
    fn timeouts_are_read_as_valkey_reads_them() {
        let now = crate::clock::Now { unix_us: 1_700_000_000_000_000, monotonic_us: 5 };
        let seconds =
            |text: &str| Timeout::from_seconds(text.as_bytes(), now).map(|timeout| timeout.deadline_us);
        assert_eq!(seconds("0"), Ok(None));
        assert_eq!(seconds("-0.0001"), Ok(None));
        assert_eq!(seconds("0.0001"), Ok(Some(1_005)));
        assert_eq!(seconds("1.5"), Ok(Some(1_500_005)));
        for (text, error) in [
            ("-1", "ERR timeout is negative"),
            ("-inf", "ERR timeout is negative"),
            ("inf", "ERR timeout is out of range"),
            ("9223372036854775", "ERR timeout is out of range"),
            ("nan", "ERR timeout is not a float or out of range"),
            ("", "ERR timeout is not a float or out of range"),
        ] {
            assert_eq!(seconds(text).unwrap_err().as_bytes(), error.as_bytes(), "{text}");
        }
        let milliseconds =
            |text: &str| Timeout::from_milliseconds(text.as_bytes(), now).map(|timeout| timeout.deadline_us);
        assert_eq!(milliseconds("2"), Ok(Some(2_005)));
        assert_eq!(
            milliseconds("1.5").unwrap_err().as_bytes(),
            b"ERR timeout is not an integer or out of range"
        );
    }

    #[test]
    fn those_who_wait_are_served_in_order_of_arrival_and_before_the_next_command() {
        let mut host = Host::alone();
        let [mut first, mut second, mut third, mut writer] = connect(&mut host);
        assert_eq!(host.run(&mut first, "WAITGETDEL other k 0\nPING"), "");
        assert_eq!(host.run(&mut second, "WAITGETDEL k 0"), "");
        assert_eq!(host.run(&mut third, "WAITGETDEL k k 0"), "");
        let said = host.run(&mut writer, "SET k one\nEXISTS k\nSET k two\nSET k three\nSET k four\nGET k");
        assert_eq!(said, "+OK\r\n:0\r\n+OK\r\n+OK\r\n+OK\r\n$4\r\nfour\r\n");
        let received = [&mut first, &mut second, &mut third].map(Wire::received);
        assert_eq!(received, ["$3\r\none\r\n+PONG\r\n", "$3\r\ntwo\r\n", "$5\r\nthree\r\n"]);
        assert_eq!((host.core.server.blocking.clients_len(), host.core.server.blocking.keys_len()), (0, 0));
        assert!(!host.core.server.changes.are_wanted());
    }

    #[test]
    fn a_transaction_is_over_before_anybody_is_served() {
        let mut host = Host::alone();
        let [mut waiting, mut writer] = connect(&mut host);
        host.run(&mut waiting, "WAITGETDEL a b 0");
        host.run(&mut writer, "MULTI\nSET a 1x\nDEL a\nEXEC");
        assert_eq!(waiting.received(), "");
        // Its own command decides which of two keys it takes.
        host.run(&mut writer, "MULTI\nSET b bb\nSET a aa\nEXEC");
        assert_eq!(waiting.received(), "$2\r\naa\r\n");
        assert_eq!(host.run(&mut writer, "GET b"), "$2\r\nbb\r\n");
        // And in a transaction nobody waits.
        assert_eq!(
            host.run(&mut waiting, "MULTI\nWAITGETDEL k 0\nPING\nEXEC"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n*-1\r\n+PONG\r\n"
        );
    }

    #[test]
    fn a_wait_ends_at_its_deadline_and_not_at_the_next_tick() {
        let mut host = Host::alone();
        let [mut long, mut short] = connect(&mut host);
        host.run(&mut long, "WAITGETDEL k 60");
        let start_us = crate::clock::monotonic_us();
        host.run(&mut short, "WAITGETDEL k 0.01\nPING");
        assert_eq!(host.wait_for(&mut short), "*-1\r\n+PONG\r\n");
        let waited_us = crate::clock::monotonic_us() - start_us;
        assert!(waited_us >= 10_000, "{waited_us} us");
        assert_eq!((long.received(), host.core.server.blocking.clients_len()), (String::new(), 1));
    }

    #[test]
    fn other_clients_end_a_wait_by_its_id_once() {
        let mut host = Host::alone();
        let [mut waiting, mut other] = connect(&mut host);
        for (how, told) in [
            ("", "*-1\r\n"),
            (" TIMEOUT", "*-1\r\n"),
            (" ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"),
        ] {
            host.run(&mut waiting, "WAITGETDEL k 0");
            let twice =
                format!("MULTI\nCLIENT UNBLOCK 1{how}\nCLIENT UNBLOCK 1{how}\nEXEC\nCLIENT UNBLOCK 1");
            let said = host.run(&mut other, &twice);
            assert!(said.ends_with("*2\r\n:1\r\n:0\r\n:0\r\n"), "{said}");
            assert_eq!(waiting.received(), told);
            assert_eq!(host.run(&mut waiting, "PING"), "+PONG\r\n");
        }
        host.run(&mut waiting, "CLIENT REPLY SKIP\nWAITGETDEL k 0");
        host.run(&mut other, "CLIENT UNBLOCK 1");
        assert_eq!(host.run(&mut waiting, "ECHO x"), "$1\r\nx\r\n");
    }

    #[test]
    fn a_key_that_is_gone_is_told_to_those_who_want_to_know() {
        for end in ["DEL k", "FLUSHALL", "SWAPDB 0 1", "RENAME k j", "SET k v PX 1"] {
            let mut host = Host::alone();
            let [mut gone, mut filled, mut writer] = connect(&mut host);
            host.run(&mut writer, "SET k 1");
            host.run(&mut gone, "WAITGONE k 0");
            host.run(&mut filled, "WAITGETDEL other 0");
            host.run(&mut writer, end);
            // The clock finds a key that has expired, at its next tick.
            let told = gone.received();
            let told = if told.is_empty() { host.wait_for(&mut gone) } else { told };
            assert_eq!((told.as_str(), filled.received().as_str()), (":1\r\n", ""), "{end}");
        }
    }

    #[test]
    fn a_wait_that_is_paused_goes_on_until_its_deadline() {
        let mut host = Host::alone();
        let [mut waiting, mut other] = connect(&mut host);
        host.run(&mut other, "CLIENT PAUSE 100000 WRITE");
        host.run(&mut waiting, "WAITGETDEL k 0.001");
        host.run(&mut other, "CLIENT UNPAUSE");
        assert_eq!(host.wait_for(&mut waiting), "*-1\r\n");
    }

    #[test]
    fn ten_thousand_waiters_on_a_key_leave_without_a_trace() {
        let mut node = Node::alone();
        let key = node.core.keyspace.hash_key(b"k");
        let mut sessions: Vec<_> = (0..10_000u32)
            .map(|index| {
                let key = crate::server::ClientKey { index, stamp: index };
                let now = node.core.server.now;
                crate::server::Session::new(u64::from(index), key, -1, String::new(), String::new(), now)
            })
            .collect();
        for session in &mut sessions {
            let waited_for = WaitedFor { value_type: ValueType::String, or_gone: session.id % 2 == 0 };
            let wait =
                Wait { db: 0, keys: vec![key], waited_for, deadline_us: Some(session.id), memo: [].into() };
            node.core.server.begin_wait(session, wait);
        }
        let blocking = &node.core.server.blocking;
        assert_eq!(
            (blocking.clients_len(), blocking.keys_len(), blocking.or_gone_keys_len()),
            (10_000, 1, 1)
        );
        assert_eq!(blocking.next_deadline_us(), Some(0));
        // In any order, each of them at once.
        let mut rng = Rng::from_seed(1);
        while !sessions.is_empty() {
            let mut session = sessions.swap_remove(rng.below(sessions.len() as u64) as usize);
            node.core.server.end_wait(&mut session);
        }
        let blocking = &node.core.server.blocking;
        assert_eq!((blocking.clients_len(), blocking.keys_len(), blocking.or_gone_keys_len()), (0, 0, 0));
        assert_eq!((blocking.next_deadline_us(), node.core.server.changes.are_wanted()), (None, false));
    }

    #[test]
    fn clients_that_are_killed_or_hang_up_do_not_wait_any_more() {
        let mut host = Host::alone();
        let mut waiting: Vec<Wire> = (0..100).map(|_| host.connect()).collect();
        let mut killer = host.connect();
        for wire in &mut waiting {
            wire.send("WAITGETDEL k 0");
        }
        host.turn();
        assert_eq!(host.core.server.blocking.clients_len(), 100);
        waiting.truncate(50);
        host.turn();
        assert_eq!(host.core.server.blocking.clients_len(), 50);
        assert_eq!(
            host.run(&mut killer, "CLIENT KILL TYPE normal SKIPME yes\nSET k v\nGET k"),
            ":50\r\n+OK\r\n$1\r\nv\r\n"
        );
        assert!(waiting.iter_mut().all(|wire| wire.received() == "<closed>"));
        assert_eq!((host.core.server.blocking.clients_len(), host.core.server.clients.len()), (0, 1));
    }

    #[test]
    fn who_waits_for_a_key_that_has_moved_is_sent_after_it() {
        let mut host = Host::member(16_384);
        let [mut moved, mut stays] = connect(&mut host);
        // Slots 7365 and 3300.
        host.run(&mut moved, "WAITGETDEL c 0\nPING");
        host.run(&mut stays, "WAITGETDEL b 0");
        host.serve_slots_below(5_000);
        assert_eq!(
            (moved.received().as_str(), stays.received().as_str()),
            ("-MOVED 7365 there:2\r\n+PONG\r\n", "")
        );
        assert_eq!(host.core.server.blocking.clients_len(), 1);
    }
}
