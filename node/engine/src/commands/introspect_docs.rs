//! COMMAND DOCS: what commands are for, for people and for the hints of command lines.

use super::call::{Call, CommandResult};
use super::introspect::row_named;
use super::registry;
use super::spec::CommandSpec;
use super::usage::write_arguments;
use crate::resp::Reply;

/// COMMAND DOCS [name ...]
pub(super) fn docs(call: &mut Call<'_>) -> CommandResult {
    let begun = call.reply.begin();
    let mut told = 0;
    let mut tell = |spec: &CommandSpec| {
        write_docs(call.reply, spec);
        told += 1;
    };
    if call.args.len() == 2 {
        registry().top_level().iter().for_each(|entry| tell(entry.spec));
    } else {
        call.args.iter_from(2).filter_map(row_named).for_each(|entry| tell(entry.spec));
    }
    call.reply.end_map(begun, told);
    Ok(())
}

fn write_docs(reply: &mut Reply, spec: &CommandSpec) {
    reply.bulk(spec.name.as_bytes());
    let has_arguments = !spec.usage.is_empty();
    let has_subcommands = !spec.subcommands.is_empty();
    reply.map(3 + usize::from(has_arguments) + usize::from(has_subcommands));
    for (name, text) in [("summary", spec.summary), ("since", spec.since), ("group", spec.group.name())] {
        reply.bulk(name.as_bytes());
        reply.bulk(text.as_bytes());
    }
    if has_arguments {
        reply.bulk(b"arguments");
        write_arguments(reply, spec);
    }
    if has_subcommands {
        reply.bulk(b"subcommands");
        reply.map(spec.subcommands.len());
        spec.subcommands.iter().for_each(|subcommand| write_docs(reply, subcommand));
    }
}

#[cfg(test)]
mod tests {
    use crate::resp::Protocol;
    use crate::testing::Node;

    #[test]
    fn docs_name_what_is_known_and_pass_over_what_is_not() {
        let mut node = Node::alone();
        node.protocol = Protocol::Resp3;
        let reply = node.run("COMMAND DOCS nosuch dbsize object|freq");
        assert!(reply.starts_with("%2\r\n$6\r\ndbsize\r\n%3\r\n$7\r\nsummary\r\n"), "{reply}");
        assert!(reply.contains("$11\r\nobject|freq\r\n%4\r\n"), "{reply}");
        assert!(
            reply.ends_with(
                "$9\r\narguments\r\n*1\r\n%4\r\n$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n\
                $12\r\ndisplay_text\r\n$3\r\nkey\r\n$14\r\nkey_spec_index\r\n:0\r\n"
            ),
            "{reply}"
        );
    }
}
