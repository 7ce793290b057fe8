//! COMMAND and COMMAND INFO: rows of the command table as replies.

use super::call::{Call, CommandResult};
use super::introspect::row_named;
use super::registry;
use super::spec::{BeginSearch, CATEGORY_NAMES, CommandSpec, FLAG_NAMES, FindKeys, KEY_FLAG_NAMES, KeySpec};
use crate::resp::Reply;

/// COMMAND
pub(super) fn command(call: &mut Call<'_>) -> CommandResult {
    let commands = registry().top_level();
    call.reply.array(commands.len());
    commands.iter().for_each(|entry| write_row(call.reply, entry.spec));
    Ok(())
}

/// COMMAND INFO [name ...]
pub(super) fn info(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() == 2 {
        return command(call);
    }
    let names = call.args.iter_from(2);
    call.reply.array(names.len());
    for name in names {
        match row_named(name) {
            Some(entry) => write_row(call.reply, entry.spec),
            None => call.reply.null(),
        }
    }
    Ok(())
}

fn write_row(reply: &mut Reply, spec: &CommandSpec) {
    reply.array(10);
    reply.bulk(spec.name.as_bytes());
    reply.integer(i64::from(spec.arity));
    let flags = spec.shown_flags();
    write_names(reply, FLAG_NAMES.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| *name));
    let (first, last, step) = spec.legacy_key_range();
    [first, last, step].iter().for_each(|number| reply.integer(i64::from(*number)));
    let categories = spec.categories();
    let named = CATEGORY_NAMES.iter().filter(|(category, _)| categories.contains(*category));
    let named: Vec<String> = named.map(|(_, name)| format!("@{name}")).collect();
    write_names(reply, named.iter().map(String::as_str));
    reply.set(spec.tips.len());
    spec.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(spec.key_specs.len());
    spec.key_specs.iter().for_each(|keys| write_key_spec(reply, keys));
    reply.array(spec.subcommands.len());
    spec.subcommands.iter().for_each(|subcommand| write_row(reply, subcommand));
}

/// A set of simple strings.
fn write_names<'a>(reply: &mut Reply, names: impl Iterator<Item = &'a str>) {
    let begun = reply.begin();
    let mut count = 0;
    for name in names {
        reply.simple(name);
        count += 1;
    }
    reply.end_set(begun, count);
}

fn write_key_spec(reply: &mut Reply, keys: &KeySpec) {
    reply.map(3 + usize::from(keys.notes.is_some()));
    if let Some(notes) = keys.notes {
        reply.bulk(b"notes");
        reply.bulk(notes.as_bytes());
    }
    reply.bulk(b"flags");
    let named = KEY_FLAG_NAMES.iter().filter(|(flag, _)| keys.flags.contains(*flag));
    write_names(reply, named.map(|(_, name)| *name));
    reply.bulk(b"begin_search");
    match keys.begin {
        BeginSearch::Index(index) => write_search(reply, "index", &[("index", Word::Number(index as i64))]),
        BeginSearch::Keyword(word, from) => {
            let from = Word::Number(i64::from(from));
            write_search(reply, "keyword", &[("keyword", Word::Text(word)), ("startfrom", from)]);
        }
        BeginSearch::Unknown => write_search(reply, "unknown", &[]),
    }
    reply.bulk(b"find_keys");
    let numbers = |names: [&'static str; 3], values: [i64; 3]| {
        [0, 1, 2].map(|index| (names[index], Word::Number(values[index])))
    };
    match keys.find {
        FindKeys::Range { last, step, limit } => {
            let values = [i64::from(last), step as i64, limit as i64];
            write_search(reply, "range", &numbers(["lastkey", "keystep", "limit"], values));
        }
        FindKeys::Count { count, first, step } => {
            let values = [count, first, step].map(|number| number as i64);
            write_search(reply, "keynum", &numbers(["keynumidx", "firstkey", "keystep"], values));
        }
        FindKeys::Unknown => write_search(reply, "unknown", &[]),
    }
}

enum Word {
    Text(&'static str),
    Number(i64),
}

/// A part of a key specification: its type and what belongs to that type.
fn write_search(reply: &mut Reply, kind: &str, fields: &[(&str, Word)]) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    reply.map(fields.len());
    for (name, value) in fields {
        reply.bulk(name.as_bytes());
        match value {
            Word::Text(text) => reply.bulk(text.as_bytes()),
            Word::Number(number) => reply.integer(*number),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::resp::Protocol;
    use crate::testing::Node;

    #[test]
    fn a_row_is_told_with_sets_and_maps_in_the_newer_protocol() {
        let mut node = Node::alone();
        node.protocol = Protocol::Resp3;
        let expected = "*2\r\n*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n\
            ~3\r\n+@read\r\n+@string\r\n+@fast\r\n~0\r\n~1\r\n%3\r\n$5\r\nflags\r\n~2\r\n+RO\r\n+access\r\n\
            $12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:1\r\n\
            $9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n%3\r\n$7\r\nlastkey\r\n:0\r\n\
            $7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n_\r\n";
        assert_eq!(node.run("COMMAND INFO GET nosuch"), expected);
        node.protocol = Protocol::Resp2;
        assert_eq!(node.run("COMMAND INFO a|b|c"), "*1\r\n$-1\r\n");
        assert!(node.run("COMMAND INFO object|ENCODING").starts_with("*1\r\n*10\r\n$15\r\nobject|encoding"));
        assert_eq!(node.run("COMMAND"), node.run("COMMAND INFO"));
    }

    #[test]
    fn keys_behind_a_count_are_movable_and_have_no_fixed_range() {
        let reply = Node::alone().run("COMMAND INFO msetex");
        assert!(reply.contains("+movablekeys\r\n:0\r\n:0\r\n:0\r\n"), "{reply}");
    }
}
