//! Commands about the cluster: slots and keys are answered here, all else by Python, which knows the members.

use super::call::{Call, CommandResult};
use super::control::to_python;
use super::error::CommandError;
use super::help;
use super::spec::{Category, CommandSpec, Flags, Group, Handler};
use crate::server::SessionFlags;
use crate::slot::{SlotIndex, key_slot};

/// Refuse what only makes sense in a cluster.
fn in_cluster(call: &Call<'_>) -> CommandResult {
    if call.server.identity.cluster {
        return Ok(());
    }
    Err(CommandError::text("ERR This instance has cluster support disabled"))
}

/// A subcommand that Python answers.
fn ask_python(call: &mut Call<'_>) -> CommandResult {
    in_cluster(call)?;
    to_python(call)
}

/// CLUSTER KEYSLOT key
fn keyslot(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(i64::from(key_slot(call.args.get(2)).get()));
    Ok(())
}

/// CLUSTER COUNTKEYSINSLOT slot
fn countkeysinslot(call: &mut Call<'_>) -> CommandResult {
    in_cluster(call)?;
    let slot = slot_index(call.integer(2)?).ok_or(CommandError::text("ERR Invalid slot"))?;
    call.reply.integer(call.keys.database().slot_len(slot) as i64);
    Ok(())
}

/// CLUSTER GETKEYSINSLOT slot count
fn getkeysinslot(call: &mut Call<'_>) -> CommandResult {
    in_cluster(call)?;
    let (slot, count) = (call.integer(2)?, call.integer(3)?);
    let (Some(slot), Ok(count)) = (slot_index(slot), usize::try_from(count)) else {
        return Err(CommandError::text("ERR Invalid slot or number of keys"));
    };
    let begun = call.reply.begin();
    let mut listed = 0;
    call.keys.database().keys_in_slot(slot, count, |entry| {
        call.reply.bulk(entry.key());
        listed += 1;
    });
    call.reply.end_array(begun, listed);
    Ok(())
}

fn slot_index(number: i64) -> Option<SlotIndex> {
    u16::try_from(number).ok().and_then(SlotIndex::new)
}

/// READONLY
fn readonly(call: &mut Call<'_>) -> CommandResult {
    call.session.flags.insert(SessionFlags::READONLY);
    call.reply.ok();
    Ok(())
}

/// READWRITE
fn readwrite(call: &mut Call<'_>) -> CommandResult {
    call.session.flags.remove(SessionFlags::READONLY);
    call.reply.ok();
    Ok(())
}

/// ASKING
fn asking(call: &mut Call<'_>) -> CommandResult {
    in_cluster(call)?;
    call.session.flags.insert(SessionFlags::ASKING);
    call.reply.ok();
    Ok(())
}

const ADMIN: Flags = Flags::ADMIN.union(Flags::STALE);
const CHANGES: Flags = ADMIN.union(Flags::NO_ASYNC_LOADING);
const RESET: Flags = ADMIN.union(Flags::NOSCRIPT);
const ALWAYS: Flags = Flags::LOADING.union(Flags::STALE);
const CHANGING: &[&str] = &["nondeterministic_output"];

const fn row(name: &'static str, arity: i32, handler: Handler, flags: Flags) -> CommandSpec {
    CommandSpec::new(name, arity, Group::Cluster, handler).flags(flags)
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::container(
        "cluster",
        Group::Cluster,
        &[
            row("cluster|addslots", -3, ask_python, CHANGES)
                .usage("slot [slot ...]")
                .about("3.0.0", "Give slots to this node."),
            row("cluster|addslotsrange", -4, ask_python, CHANGES)
                .usage("start-slot end-slot [start-slot end-slot ...]")
                .about("7.0.0", "Give ranges of slots to this node."),
            row("cluster|bumpepoch", 2, ask_python, CHANGES)
                .tips(CHANGING)
                .about("3.0.0", "Give this node a new config epoch."),
            row("cluster|count-failure-reports", 3, ask_python, ADMIN)
                .tips(CHANGING)
                .usage("node-id")
                .about("3.0.0", "Tell how many nodes report a node as failing."),
            row("cluster|countkeysinslot", 3, countkeysinslot, Flags::STALE)
                .usage("slot")
                .about("3.0.0", "Tell how many keys of a slot this node holds."),
            row("cluster|delslots", -3, ask_python, CHANGES)
                .usage("slot [slot ...]")
                .about("3.0.0", "Take slots from this node."),
            row("cluster|delslotsrange", -4, ask_python, CHANGES)
                .usage("start-slot end-slot [start-slot end-slot ...]")
                .about("7.0.0", "Take ranges of slots from this node."),
            row("cluster|failover", -2, ask_python, CHANGES)
                .usage("[FORCE | TAKEOVER]")
                .about("3.0.0", "Let this replica take over from its primary."),
            row("cluster|flushslots", 2, ask_python, CHANGES)
                .about("3.0.0", "Take all slots from this node."),
            row("cluster|forget", 3, ask_python, CHANGES)
                .usage("node-id")
                .about("3.0.0", "Remove a node from the cluster."),
            row("cluster|getkeysinslot", 4, getkeysinslot, Flags::STALE)
                .tips(CHANGING)
                .usage("slot count")
                .about("3.0.0", "List some keys of a slot."),
            help::row("cluster|help", Group::Cluster, "5.0.0"),
            row("cluster|info", 2, ask_python, ALWAYS)
                .tips(CHANGING)
                .about("3.0.0", "Tell the state of the cluster."),
            row("cluster|keyslot", 3, keyslot, Flags::STALE)
                .usage("key")
                .about("3.0.0", "Tell the slot of a key."),
            row("cluster|links", 2, ask_python, Flags::STALE)
                .tips(CHANGING)
                .about("7.0.0", "List the connections between nodes."),
            row("cluster|meet", -4, ask_python, CHANGES)
                .usage("ip port [cluster-bus-port]")
                .about("3.0.0", "Bring another node into the cluster."),
            row("cluster|myid", 2, ask_python, ALWAYS).about("3.0.0", "Tell the id of this node."),
            row("cluster|myshardid", 2, ask_python, ALWAYS)
                .tips(CHANGING)
                .about("7.2.0", "Tell the id of this node's shard."),
            row("cluster|nodes", 2, ask_python, ALWAYS)
                .tips(CHANGING)
                .about("3.0.0", "List the nodes, a line each."),
            row("cluster|replicas", 3, ask_python, ADMIN)
                .tips(CHANGING)
                .usage("node-id")
                .about("5.0.0", "List the replicas of a primary."),
            row("cluster|replicate", -3, ask_python, CHANGES)
                .usage("<node-id | NO ONE>")
                .about("3.0.0", "Make this node a replica."),
            row("cluster|reset", -2, ask_python, RESET)
                .usage("[HARD | SOFT]")
                .about("3.0.0", "Let this node forget its cluster."),
            row("cluster|saveconfig", 2, ask_python, CHANGES)
                .about("3.0.0", "Have the cluster's state on disk."),
            row("cluster|set-config-epoch", 3, ask_python, CHANGES)
                .usage("config-epoch")
                .about("3.0.0", "Set this node's config epoch."),
            row("cluster|setslot", -4, ask_python, CHANGES)
                .usage(
                    "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE> [TIMEOUT timeout]",
                )
                .about("3.0.0", "Move a slot by hand."),
            row("cluster|shards", 2, ask_python, ALWAYS)
                .tips(CHANGING)
                .about("7.0.0", "List the shards with their slots and nodes."),
            row("cluster|slaves", 3, ask_python, ADMIN)
                .tips(CHANGING)
                .usage("node-id")
                .about("3.0.0", "The old name of CLUSTER REPLICAS."),
            row("cluster|slots", 2, ask_python, ALWAYS)
                .tips(CHANGING)
                .about("3.0.0", "List ranges of slots with the nodes that serve them."),
        ],
    )
    .about("3.0.0", "Commands about the cluster."),
    row("readonly", 1, readonly, ALWAYS.union(Flags::FAST))
        .with_categories(Category::CONNECTION)
        .about("3.0.0", "Let a replica answer this connection's reads."),
    row("readwrite", 1, readwrite, ALWAYS.union(Flags::FAST))
        .with_categories(Category::CONNECTION)
        .about("3.0.0", "Take READONLY back."),
    row("asking", 1, asking, Flags::FAST)
        .with_categories(Category::CONNECTION)
        .about("3.0.0", "Let the next command use a slot that is being imported."),
];

#[cfg(test)]
mod tests {
    use crate::server::{SessionFlags, Waiting};
    use crate::testing::Node;

    #[test]
    fn commands_about_members_wait_for_python_in_a_cluster_only() {
        let mut node = Node::member();
        assert_eq!(node.run("cluster nodes"), "");
        let requests = node.core.server.control.take_outgoing();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].argv, [b"CLUSTER".to_vec(), b"NODES".to_vec()]);
        assert_eq!(requests[0].local_address, "127.0.0.1");
        assert_eq!(node.session.waiting, Waiting::Control(requests[0].id));
        Node::alone().expect(&[
            ("CLUSTER NODES", "-ERR This instance has cluster support disabled\r\n"),
            ("CLUSTER KEYSLOT a", ":15495\r\n"),
            ("READONLY", "+OK\r\n"),
            ("ASKING", "-ERR This instance has cluster support disabled\r\n"),
        ]);
    }

    #[test]
    fn slots_are_counted_and_listed() {
        let mut node = Node::member();
        let key = node.core.keyspace.hash_key(b"a");
        node.core.keyspace.database_mut(0).append(&key, b"v");
        node.expect(&[
            ("CLUSTER COUNTKEYSINSLOT 15495", ":1\r\n"),
            ("CLUSTER COUNTKEYSINSLOT 16384", "-ERR Invalid slot\r\n"),
            ("CLUSTER GETKEYSINSLOT 15495 9", "*1\r\n$1\r\na\r\n"),
            ("CLUSTER GETKEYSINSLOT 15495 0", "*0\r\n"),
            ("CLUSTER GETKEYSINSLOT 15495 -1", "-ERR Invalid slot or number of keys\r\n"),
        ]);
    }

    #[test]
    fn asking_lasts_for_one_command() {
        let mut node = Node::member();
        node.run("ASKING");
        assert!(node.session.flags.contains(SessionFlags::ASKING));
        node.run("DBSIZE");
        assert!(!node.session.flags.contains(SessionFlags::ASKING));
    }
}
