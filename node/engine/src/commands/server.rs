//! What the server tells of itself.

use super::call::{Call, CommandResult};
use super::spec::{Category, CommandSpec, Flags, Group};
use crate::observe::info::{self, Subject};
use crate::server::SERVER_NAME;

/// INFO [section ...]
fn info(call: &mut Call<'_>) -> CommandResult {
    let names: Vec<String> =
        call.args.iter_from(1).map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let subject = Subject { keyspace: call.keys.keyspace, server: call.server, session: Some(call.session) };
    let text = info::text(&subject, &names);
    call.reply.verbatim(text.as_bytes());
    Ok(())
}

/// TIME
fn time(call: &mut Call<'_>) -> CommandResult {
    call.reply.array(2);
    call.reply.bulk_integer(call.now.unix_us.div_euclid(1_000_000));
    call.reply.bulk_integer(call.now.unix_us.rem_euclid(1_000_000));
    Ok(())
}

/// LASTSAVE
fn lastsave(call: &mut Call<'_>) -> CommandResult {
    // As in Redis, the start counts as the first save.
    call.reply.integer(call.server.started.unix_ms() / 1_000);
    Ok(())
}

/// ROLE
fn role(call: &mut Call<'_>) -> CommandResult {
    if let Some((host, port)) = call.server.topology.primary_of_replica() {
        call.reply.array(5);
        call.reply.bulk(b"slave");
        call.reply.bulk(host.as_bytes());
        call.reply.integer(i64::from(port));
        // It has yet to connect: no data flows between nodes.
        call.reply.bulk(b"connect");
        call.reply.integer(-1);
    } else {
        call.reply.array(3);
        call.reply.bulk(b"master");
        call.reply.integer(0);
        call.reply.array(0);
    }
    Ok(())
}

/// LOLWUT [VERSION version]
fn lolwut(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() > 2 && call.is_word(1, "VERSION") {
        call.integer(2)?;
    }
    // The first rows of Pascal's triangle, odd numbers marked: Sierpinski's.
    let mut art = String::new();
    for row in 0u32..16 {
        art.push_str(&" ".repeat(15 - row as usize));
        for column in 0..=row {
            art.push_str(if column & !row == 0 { "* " } else { "  " });
        }
        art.push('\n');
    }
    art.push_str(&format!("\n{SERVER_NAME} ver. {}\n", env!("CARGO_PKG_VERSION")));
    call.reply.verbatim(art.as_bytes());
    Ok(())
}

const EVER: Flags = Flags::LOADING.union(Flags::STALE);
const ADMIN: Category = Category::ADMIN.union(Category::DANGEROUS);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("info", -1, Group::Server, info)
        .flags(EVER)
        .with_categories(Category::DANGEROUS)
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
        .usage("[section [section ...]]")
        .about("1.0.0", "Tell about the server: figures and statistics."),
    CommandSpec::new("time", 1, Group::Server, time)
        .flags(EVER.union(Flags::FAST))
        .tips(&["nondeterministic_output"])
        .about("2.6.0", "Tell the time: seconds, and microseconds of the present one."),
    CommandSpec::new("lastsave", 1, Group::Server, lastsave)
        .flags(EVER.union(Flags::FAST))
        .with_categories(ADMIN)
        .tips(&["nondeterministic_output"])
        .about("1.0.0", "Tell when all keys were last saved."),
    CommandSpec::new("role", 1, Group::Server, role)
        .flags(EVER.union(Flags::FAST).union(Flags::NOSCRIPT))
        .with_categories(ADMIN)
        .about("2.8.12", "Tell whether this is a primary or a replica, and of whom."),
    CommandSpec::new("lolwut", -1, Group::Server, lolwut)
        .flags(Flags::READONLY.union(Flags::FAST))
        .usage("[VERSION version]")
        .about("5.0.0", "Draw something, and tell the version."),
];

#[cfg(test)]
mod tests {
    use crate::resp::Protocol;
    use crate::testing::{Node, START_MS};

    #[test]
    fn info_tells_sections_in_their_order_whatever_order_they_are_asked_for_in() {
        let mut node = Node::alone();
        node.expect(&[
            ("SET k 1", "+OK\r\n"),
            (
                "INFO keyspace CLUSTER nosuch",
                &bulk(
                    "# Cluster\r\ncluster_enabled:0\r\n\r\n\
                 # Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=0\r\n",
                ),
            ),
            ("INFO nosuch", "$0\r\n\r\n"),
        ]);
        let sections = |text: String| text.matches("# ").count();
        assert_eq!(sections(node.run("INFO")), 11);
        assert_eq!(sections(node.run("INFO default commandstats")), 12);
        assert_eq!(sections(node.run("INFO everything")), 13);
        node.protocol = Protocol::Resp3;
        node.expect(&[("INFO cluster", "=34\r\ntxt:# Cluster\r\ncluster_enabled:0\r\n\r\n")]);
    }

    #[test]
    fn info_counts_calls_errors_and_their_times() {
        let mut node = Node::alone();
        node.expect(&[
            ("GET k", "$-1\r\n"),
            ("GET", "-ERR wrong number of arguments for 'get' command\r\n"),
            ("INCRBY k x", "-ERR value is not an integer or out of range\r\n"),
        ]);
        let text = node.run("INFO commandstats errorstats latencystats stats");
        for part in [
            "cmdstat_get:calls=1,usec=",
            "cmdstat_incrby:calls=1,usec=",
            ",rejected_calls=0,failed_calls=1\r\n",
            "errorstat_ERR:count=2\r\n",
            "latency_percentiles_usec_get:p50=",
            "keyspace_misses:1\r\n",
            "total_error_replies:2\r\n",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("cmdstat_set"));
    }

    #[test]
    fn time_is_told_in_seconds_and_microseconds() {
        let mut node = Node::alone();
        node.core.server.now.unix_us = START_MS * 1_000 + 42;
        node.expect(&[
            ("TIME", "*2\r\n$10\r\n1700000000\r\n$2\r\n42\r\n"),
            ("LASTSAVE", ":1700000000\r\n"),
            ("ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"),
        ]);
    }

    fn bulk(text: &str) -> String {
        format!("${}\r\n{text}\r\n", text.len())
    }
}
