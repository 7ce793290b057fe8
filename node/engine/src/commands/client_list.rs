//! CLIENT LIST and CLIENT INFO: clients, a line each.

use std::io::Write;

use super::call::{Call, CommandResult};
use super::client_filter::ClientFilter;
use super::error::CommandError;
use super::spec::CommandSpec;
use super::text::until_nul;
use crate::clock::Now;
use crate::resp::{Protocol, Reply};
use crate::server::{Client, Session, SessionFlags, Topic, Watched};

/// CLIENT INFO
pub(super) fn info(call: &mut Call<'_>) -> CommandResult {
    let mut lines = Vec::new();
    Shown::asking(call).write_line(call.now, &mut lines);
    call.reply.verbatim(&lines);
    Ok(())
}

/// CLIENT LIST [filter value ...]
pub(super) fn list(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() == 3 {
        return Err(CommandError::SYNTAX);
    }
    let filter = ClientFilter::parse(call, 2, false)?;
    let mut shown: Vec<Shown<'_>> = call
        .server
        .clients
        .others()
        .filter(|client| !client.session.flags.contains(SessionFlags::KILLED))
        .filter(|client| filter.accepts(&client.session, false, call.now))
        .map(Shown::other)
        .collect();
    if filter.accepts(call.session, true, call.now) {
        shown.push(Shown::asking(call));
    }
    shown.sort_unstable_by_key(|shown| shown.session.id);
    let mut lines = Vec::new();
    for shown in shown {
        shown.write_line(call.now, &mut lines);
    }
    call.reply.verbatim(&lines);
    Ok(())
}

/// What a line tells of a client beside its session.
struct Shown<'a> {
    session: &'a Session,
    command: Option<&'static CommandSpec>,
    protocol: Protocol,
    input_bytes: usize,
    input_free_bytes: usize,
    args_bytes: usize,
    reply: &'a Reply,
    watched: Watched,
    total_bytes: usize,
}

impl<'a> Shown<'a> {
    /// The client whose command is running.
    fn asking(call: &'a Call<'_>) -> Self {
        let args_bytes = call.args.iter_from(0).map(<[u8]>::len).sum();
        Self {
            session: call.session,
            command: Some(call.spec),
            protocol: call.reply.protocol,
            input_bytes: 0,
            input_free_bytes: 0,
            args_bytes,
            reply: call.reply,
            watched: Watched { read: true, write: false },
            total_bytes: size_of::<Client>() + args_bytes + call.reply.queue.memory_bytes(),
        }
    }

    fn other(client: &'a Client) -> Self {
        Self {
            session: &client.session,
            command: client.session.last_command,
            protocol: client.reply.protocol,
            input_bytes: client.input.len(),
            input_free_bytes: client.input.capacity() - client.input.len(),
            args_bytes: client.parser.memory_bytes(),
            reply: &client.reply,
            watched: client.watched,
            total_bytes: client.memory_bytes(),
        }
    }

    /// The line, in the order of Valkey's fields.
    fn write_line(&self, now: Now, out: &mut Vec<u8>) {
        let session = self.session;
        let seconds_since = |then_us: u64| now.monotonic_us.saturating_sub(then_us) / 1_000_000;
        let queue = &self.reply.queue;
        let mut field = |name: &str, value: &dyn std::fmt::Display| {
            // Writing to a Vec can't fail.
            let _ = write!(out, "{name}={value} ");
        };
        field("id", &session.id);
        field("addr", &session.address);
        field("laddr", &session.local_address);
        field("fd", &session.fd);
        field("name", &shown_text(&session.name));
        field("age", &seconds_since(session.created.monotonic_us));
        field("idle", &seconds_since(session.last_used_us));
        field("flags", &session.flag_letters());
        field("capa", &if session.flags.contains(SessionFlags::CAPA_REDIRECT) { "r" } else { "" });
        field("db", &session.db);
        for (name, topic) in [("sub", Topic::Channel), ("psub", Topic::Pattern), ("ssub", Topic::Shard)] {
            field(name, &session.subscriptions_len(topic));
        }
        let transaction = session.transaction.as_deref();
        let queued = transaction.filter(|_| session.flags.contains(SessionFlags::MULTI));
        field("multi", &queued.map_or(-1, |transaction| transaction.commands().len() as i64));
        field("watch", &transaction.map_or(0, |transaction| transaction.watches().len()));
        field("qbuf", &self.input_bytes);
        field("qbuf-free", &self.input_free_bytes);
        field("argv-mem", &self.args_bytes);
        field("multi-mem", &transaction.map_or(0, |transaction| transaction.len_bytes()));
        field("rbs", &queue.tail_capacity());
        field("rbp", &queue.tail_capacity());
        field("obl", &(queue.len() - queue.chunk_bytes()));
        field("oll", &queue.chunk_count());
        field("omem", &queue.chunk_bytes());
        field("tot-mem", &self.total_bytes);
        field(
            "events",
            &match (self.watched.read, self.watched.write) {
                (true, true) => "rw",
                (true, false) => "r",
                (false, true) => "w",
                (false, false) => "",
            },
        );
        field("cmd", &self.command.map_or("NULL", |spec| spec.name));
        field("user", &"default");
        field("redir", &-1);
        field("resp", &if self.protocol == Protocol::Resp3 { 3 } else { 2 });
        field("lib-name", &shown_text(&session.lib_name));
        field("lib-ver", &shown_text(&session.lib_version));
        field("tot-net-in", &session.bytes_in);
        field("tot-net-out", &session.bytes_out);
        field("tot-cmds", &session.commands_total);
        out.pop();
        out.push(b'\n');
    }
}

/// What a client told of itself; it was checked to be printable up to its first NUL.
fn shown_text(text: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(until_nul(text))
}

#[cfg(test)]
mod tests {
    use crate::resp::Protocol;
    use crate::testing::Node;

    fn ids(reply: &str) -> Vec<&str> {
        let lines = reply.split_once("\r\n").unwrap().1.trim_end().lines();
        lines.map(|line| line.split(' ').next().unwrap()).collect()
    }

    #[test]
    fn a_line_has_the_fields_of_valkey_in_their_order() {
        let mut node = Node::alone();
        node.run("CLIENT SETNAME me");
        node.run("SELECT 2");
        let reply = node.run("CLIENT INFO");
        let line = reply.split_once("\r\n").unwrap().1.trim_end();
        let names: Vec<&str> = line.split(' ').map(|field| field.split('=').next().unwrap()).collect();
        assert_eq!(
            names.join(" "),
            "id addr laddr fd name age idle flags capa db sub psub ssub multi watch qbuf qbuf-free argv-mem multi-mem \
             rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver tot-net-in tot-net-out tot-cmds"
        );
        for field in
            ["id=1", "addr=127.0.0.1:5000", "name=me", "flags=N", "db=2", "cmd=client|info", "tot-cmds=2"]
        {
            assert!(line.split(' ').any(|other| other == field), "{field} in {line}");
        }
        node.protocol = Protocol::Resp3;
        assert!(node.run("CLIENT LIST").starts_with('='));
    }

    #[test]
    fn clients_are_listed_by_age_and_only_those_that_pass_every_filter() {
        let mut node = Node::alone();
        let _sockets = node.connect_others(3);
        node.run("CLIENT SETNAME me");
        let cases: &[(&str, &[&str])] = &[
            ("CLIENT LIST", &["id=1", "id=2", "id=3", "id=4"]),
            ("CLIENT LIST SKIPME yes", &["id=2", "id=3", "id=4"]),
            ("CLIENT LIST ID 4 2 9", &["id=2", "id=4"]),
            ("CLIENT LIST ID 4 ID 2", &["id=2", "id=4"]),
            ("CLIENT LIST NOT-ID 4 2 SKIPME yes", &["id=3"]),
            ("CLIENT LIST TYPE normal NOT-NAME me", &["id=2", "id=3", "id=4"]),
            ("CLIENT LIST TYPE pubsub", &[]),
            ("CLIENT LIST NAME other NAME me", &["id=1"]),
            ("CLIENT LIST NAME ", &[]),
            ("CLIENT LIST ADDR 127.0.0.1:5000", &["id=1"]),
            ("CLIENT LIST NOT-IP 127.0.0.1", &[]),
            ("CLIENT LIST USER default DB 0 FLAGS N NOT-FLAGS r NOT-CAPA r ID 3", &["id=3"]),
            ("CLIENT LIST DB 1", &[]),
            ("CLIENT LIST TYPE normal ID", &[]),
            ("CLIENT LIST MAXAGE 1", &[]),
        ];
        for (words, expected) in cases {
            assert_eq!(ids(&node.run(words)), *expected, "{words}");
        }
        node.core.server.now.monotonic_us += 5_000_000;
        assert_eq!(ids(&node.run("CLIENT LIST MAXAGE 5 IDLE 5 SKIPME yes")).len(), 3);
    }

    #[test]
    fn filters_that_make_no_sense_are_refused_in_the_words_of_valkey() {
        Node::alone().expect(&[
            ("CLIENT LIST ID", "-ERR syntax error\r\n"),
            ("CLIENT LIST ID x", "-ERR syntax error\r\n"),
            ("CLIENT LIST ID 0", "-ERR client-id should be greater than 0\r\n"),
            ("CLIENT LIST TYPE x", "-ERR Unknown client type 'x'\r\n"),
            ("CLIENT LIST USER x", "-ERR No such user 'x'\r\n"),
            ("CLIENT LIST SKIPME x", "-ERR syntax error\r\n"),
            ("CLIENT LIST MAXAGE x", "-ERR maxage is not an integer or out of range\r\n"),
            ("CLIENT LIST IDLE 0", "-ERR idle should be greater than 0\r\n"),
            ("CLIENT LIST NOT-IDLE 1", "-ERR syntax error\r\n"),
            ("CLIENT LIST FLAGS NZ", "-ERR Unknown flags found in the provided filter: NZ\r\n"),
            ("CLIENT LIST NOT-CAPA x", "-ERR Unknown capa found in the NOT-CAPA filter: x\r\n"),
            ("CLIENT LIST NOT-DB 16", "-ERR NOT-DB number should be between 0 and 15\r\n"),
            ("CLIENT LIST DB x", "-ERR DB is not an integer or out of range\r\n"),
        ]);
    }
}
