//! CONFIG: settings while the node serves.

use std::collections::BTreeMap;

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::help;
use super::spec::{CommandSpec, Flags, Group};

/// CONFIG GET pattern [pattern ...]
fn get(call: &mut Call<'_>) -> CommandResult {
    // A name that is no pattern is shown as it was given, in upper or lower case.
    let mut found: BTreeMap<&'static str, (&[u8], String)> = BTreeMap::new();
    for pattern in call.args.iter_from(2) {
        for (name, value) in call.server.config.matching(pattern) {
            let shown = if name.as_bytes().eq_ignore_ascii_case(pattern) { pattern } else { name.as_bytes() };
            found.entry(name).or_insert((shown, value));
        }
    }
    call.reply.map(found.len());
    for (name, value) in found.values() {
        call.reply.bulk(name);
        call.reply.bulk(value.as_bytes());
    }
    Ok(())
}

/// CONFIG SET name value [name value ...]
fn set(call: &mut Call<'_>) -> CommandResult {
    if !call.args.len().is_multiple_of(2) {
        return Err(CommandError::SYNTAX);
    }
    let pairs = (2..call.args.len()).step_by(2).map(|index| (call.args.get(index), call.args.get(index + 1)));
    call.server
        .config
        .set_all(pairs)
        .map_err(|error| CommandError::new([b"ERR ".as_slice(), &error.message()].concat()))?;
    call.server.apply_settings(call.keys.keyspace);
    call.reply.ok();
    Ok(())
}

/// CONFIG RESETSTAT
fn resetstat(call: &mut Call<'_>) -> CommandResult {
    call.server.stats.reset();
    call.keys.keyspace.stats.reset();
    call.reply.ok();
    Ok(())
}

/// CONFIG REWRITE
fn rewrite(_call: &mut Call<'_>) -> CommandResult {
    // Settings come from the command line or from the cluster's directory, which is the supervisor's to write.
    Err(CommandError::text("ERR The server is running without a config file"))
}

const ADMIN: Flags = Flags::ADMIN.union(Flags::NOSCRIPT).union(Flags::LOADING).union(Flags::STALE);
const ALL_NODES: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::container(
    "config",
    Group::Server,
    &[
        CommandSpec::new("config|get", -3, Group::Server, get)
            .flags(ADMIN)
            .usage("parameter [parameter ...]")
            .about("2.0.0", "Tell the settings whose names match."),
        help::row("config|help", Group::Server, "5.0.0"),
        CommandSpec::new("config|resetstat", 2, Group::Server, resetstat)
            .flags(ADMIN)
            .tips(ALL_NODES)
            .about("2.0.0", "Start to count anew what INFO tells."),
        CommandSpec::new("config|rewrite", 2, Group::Server, rewrite)
            .flags(ADMIN)
            .tips(ALL_NODES)
            .about("2.8.0", "Write the settings to the configuration file, if there is one."),
        CommandSpec::new("config|set", -4, Group::Server, set)
            .flags(ADMIN)
            .tips(ALL_NODES)
            .usage("parameter value [parameter value ...]")
            .about("2.0.0", "Change settings, all of them or none."),
    ],
)
.about("2.0.0", "Commands about settings.")];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn settings_are_found_by_several_patterns_each_once() {
        let mut node = Node::alone();
        node.expect(&[
            ("CONFIG GET maxmemory MAXMEMORY maxmemor[y]", "*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n"),
            ("CONFIG GET HZ h[z]", "*2\r\n$2\r\nHZ\r\n$2\r\n10\r\n"),
            ("CONFIG GET nosuch", "*0\r\n"),
            ("CONFIG SET maxmemory", "-ERR wrong number of arguments for 'config|set' command\r\n"),
            ("CONFIG SET maxmemory 1 hz", "-ERR syntax error\r\n"),
            ("CONFIG SET maxmemory 1mb maxclients 7", "+OK\r\n"),
            (
                "CONFIG GET maxcl* maxmemory",
                "*4\r\n$10\r\nmaxclients\r\n$1\r\n7\r\n$9\r\nmaxmemory\r\n$7\r\n1048576\r\n",
            ),
            ("CONFIG REWRITE", "-ERR The server is running without a config file\r\n"),
        ]);
    }

    #[test]
    fn a_policy_set_by_config_is_followed_at_once() {
        let mut node = Node::alone();
        node.expect(&[
            ("CONFIG SET maxmemory-policy allkeys-lfu", "+OK\r\n"),
            ("SET k v", "+OK\r\n"),
            ("OBJECT FREQ k", ":5\r\n"),
        ]);
    }

    #[test]
    fn resetstat_starts_all_counts_anew() {
        let mut node = Node::alone();
        node.expect(&[("GET k", "$-1\r\n"), ("GET", "-ERR wrong number of arguments for 'get' command\r\n")]);
        assert_eq!((node.core.keyspace.stats.misses, node.core.server.stats.errors), (1, 1));
        node.expect(&[("CONFIG RESETSTAT", "+OK\r\n")]);
        assert_eq!((node.core.keyspace.stats.misses, node.core.server.stats.errors), (0, 0));
        assert_eq!(node.core.server.stats.commands_processed, 1);
    }
}
