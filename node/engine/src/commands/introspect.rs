//! COMMAND: the command table as clients ask for it.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::introspect_docs::docs;
use super::introspect_info::{command, info};
use super::keys::keys_and_flags;
use super::registry::Entry;
use super::spec::{CATEGORY_NAMES, Category, CommandSpec, Flags, Group, Handler, KEY_FLAG_NAMES, KeyFlags};
use super::{help, registry};
use crate::glob;
use crate::resp::Args;

/// The row of `name` or `container|name`, in upper or lower case.
pub(super) fn row_named(name: &[u8]) -> Option<Entry> {
    let mut words = name.split(|byte| *byte == b'|');
    let entry = registry().find(words.next()?)?;
    match (words.next(), words.next()) {
        (None, _) => Some(entry),
        (Some(subcommand), None) => registry().find_subcommand(entry, subcommand),
        (Some(_), Some(_)) => None,
    }
}

/// COMMAND COUNT
fn count(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(registry().top_level().len() as i64);
    Ok(())
}

/// Which commands COMMAND LIST gives.
enum Filter<'a> {
    All,
    /// Those of a module, and there are no modules.
    Module,
    /// Those of an ACL category; none if there is no such category.
    Category(Option<Category>),
    /// Those whose name, subcommands as `container|name`, matches a pattern in upper or lower case.
    Pattern(&'a [u8]),
}

impl Filter<'_> {
    fn passes(&self, spec: &CommandSpec) -> bool {
        match self {
            Self::All => true,
            Self::Module => false,
            Self::Category(category) => category.is_some_and(|wanted| spec.categories().contains(wanted)),
            Self::Pattern(pattern) => glob::matches(pattern, spec.name.as_bytes(), true),
        }
    }
}

/// COMMAND LIST [FILTERBY <MODULE name | ACLCAT category | PATTERN pattern>]
fn list(call: &mut Call<'_>) -> CommandResult {
    let filter = filter(call)?;
    let begun = call.reply.begin();
    let mut listed = 0;
    // Without a filter only commands are told, with one their subcommands as well.
    let all = matches!(filter, Filter::All);
    for spec in registry().all().filter(|spec| filter.passes(spec) && !(all && spec.name.contains('|'))) {
        call.reply.bulk(spec.name.as_bytes());
        listed += 1;
    }
    call.reply.end_array(begun, listed);
    Ok(())
}

fn filter<'a>(call: &Call<'a>) -> Result<Filter<'a>, CommandError> {
    let value = call.args.get(4);
    match call.args.len() {
        2 => Ok(Filter::All),
        5 if !call.is_word(2, "FILTERBY") => Err(CommandError::SYNTAX),
        5 if call.is_word(3, "MODULE") => Ok(Filter::Module),
        5 if call.is_word(3, "ACLCAT") => {
            let named = CATEGORY_NAMES.iter().find(|(_, name)| name.as_bytes().eq_ignore_ascii_case(value));
            Ok(Filter::Category(named.map(|(category, _)| *category)))
        }
        5 if call.is_word(3, "PATTERN") => Ok(Filter::Pattern(value)),
        _ => Err(CommandError::SYNTAX),
    }
}

/// COMMAND GETKEYS command [arg ...]
fn getkeys(call: &mut Call<'_>) -> CommandResult {
    let command = call.args.skip(2);
    let keys = keys_of(command)?;
    call.reply.array(keys.len());
    keys.iter().for_each(|(index, _)| call.reply.bulk(command.get(*index)));
    Ok(())
}

/// COMMAND GETKEYSANDFLAGS command [arg ...]
fn getkeysandflags(call: &mut Call<'_>) -> CommandResult {
    let command = call.args.skip(2);
    let keys = keys_of(command)?;
    call.reply.array(keys.len());
    for (index, flags) in keys {
        // These two tell about the specification, not about what becomes of the key.
        let flags = flags - KeyFlags::INCOMPLETE - KeyFlags::VARIABLE_FLAGS;
        call.reply.array(2);
        call.reply.bulk(command.get(index));
        call.reply.set(flags.bits().count_ones() as usize);
        let names = KEY_FLAG_NAMES.iter().filter(|(flag, _)| flags.contains(*flag));
        names.for_each(|(_, name)| call.reply.simple(name));
    }
    Ok(())
}

/// The keys of a command that is an argument of this one.
fn keys_of(command: Args<'_>) -> Result<Vec<(usize, KeyFlags)>, CommandError> {
    let found = registry().find(command.get(0)).and_then(|entry| {
        let with_subcommand = !entry.spec.subcommands.is_empty() && command.len() > 1;
        if with_subcommand { registry().find_subcommand(entry, command.get(1)) } else { Some(entry) }
    });
    let spec = found.ok_or(CommandError::text("ERR Invalid command specified"))?.spec;
    if spec.key_specs.iter().all(|keys| keys.flags.contains(KeyFlags::NOT_KEY)) {
        return Err(CommandError::text("ERR The command has no key arguments"));
    }
    if !spec.accepts(command.len()) {
        return Err(CommandError::text("ERR Invalid number of arguments specified for command"));
    }
    match keys_and_flags(spec, command) {
        Ok(keys) if !keys.is_empty() || spec.flags.contains(Flags::NO_MANDATORY_KEYS) => Ok(keys),
        _ => Err(CommandError::text("ERR Invalid arguments specified for command")),
    }
}

/// MODULE LIST
fn module_list(call: &mut Call<'_>) -> CommandResult {
    call.reply.array(0);
    Ok(())
}

const ORDER: &[&str] = &["nondeterministic_output_order"];
const ALWAYS: Flags = Flags::LOADING.union(Flags::STALE);

const fn row(name: &'static str, arity: i32, since: &'static str, handler: Handler) -> CommandSpec {
    CommandSpec::new(name, arity, Group::Server, handler)
        .flags(ALWAYS)
        .with_categories(Category::CONNECTION)
        .about(since, "")
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::container(
        "command",
        Group::Server,
        &[
            row("command|count", 2, "2.8.13", count).about("2.8.13", "Count the commands."),
            row("command|docs", -2, "7.0.0", docs)
                .tips(ORDER)
                .usage("[command-name [command-name ...]]")
                .about(
                    "7.0.0",
                    "Tell what commands are for and which arguments they take; all, if none is named.",
                ),
            row("command|getkeys", -3, "2.8.13", getkeys)
                .usage("command [arg [arg ...]]")
                .about("2.8.13", "Tell which arguments of a whole command are keys."),
            row("command|getkeysandflags", -3, "7.0.0", getkeysandflags)
                .usage("command [arg [arg ...]]")
                .about(
                    "7.0.0",
                    "Tell which arguments of a whole command are keys, and what becomes of each.",
                ),
            help::row("command|help", Group::Server, "5.0.0").with_categories(Category::CONNECTION),
            row("command|info", -2, "2.8.13", info)
                .tips(ORDER)
                .usage("[command-name [command-name ...]]")
                .about(
                    "2.8.13",
                    "Tell arity, flags, categories and keys of commands; of all, if none is named.",
                ),
            row("command|list", -2, "7.0.0", list)
                .tips(ORDER)
                .usage("[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]")
                .about("7.0.0", "List the names of commands."),
        ],
    )
    .alone(command)
    .flags(ALWAYS)
    .with_categories(Category::CONNECTION)
    .tips(ORDER)
    .about("2.8.13", "Tell everything that the command table holds."),
    CommandSpec::container(
        "module",
        Group::Server,
        &[
            CommandSpec::new("module|list", 2, Group::Server, module_list)
                .flags(Flags::ADMIN.union(Flags::NOSCRIPT))
                .tips(ORDER)
                .about("4.0.0", "List the loaded modules; there are none."),
            help::row("module|help", Group::Server, "5.0.0"),
        ],
    )
    .about("4.0.0", "Commands about modules, which pycluster does not load."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn keys_are_told_only_of_commands_that_could_be_run() {
        Node::alone().expect(&[
            ("COMMAND GETKEYS MSET a 1 b 2", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
            ("COMMAND GETKEYS OBJECT ENCODING k", "*1\r\n$1\r\nk\r\n"),
            ("COMMAND GETKEYS NOSUCH a", "-ERR Invalid command specified\r\n"),
            ("COMMAND GETKEYS OBJECT NOSUCH k", "-ERR Invalid command specified\r\n"),
            ("COMMAND GETKEYS PING", "-ERR The command has no key arguments\r\n"),
            ("COMMAND GETKEYS GET", "-ERR Invalid number of arguments specified for command\r\n"),
            ("COMMAND GETKEYS MSETEX 9 a 1", "-ERR Invalid arguments specified for command\r\n"),
        ]);
    }

    #[test]
    fn flags_of_a_key_depend_on_the_options_of_set() {
        let mut node = Node::alone();
        let told = |node: &mut Node, words: &str| node.run(&format!("COMMAND GETKEYSANDFLAGS {words}"));
        assert_eq!(told(&mut node, "SET k v"), "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+OW\r\n+update\r\n");
        assert_eq!(
            told(&mut node, "SET k v EX 10 get"),
            "*1\r\n*2\r\n$1\r\nk\r\n*3\r\n+RW\r\n+access\r\n+update\r\n"
        );
    }

    #[test]
    fn list_filters_by_pattern_and_category_with_subcommands() {
        let mut node = Node::alone();
        let all = node.run("COMMAND LIST");
        assert!(all.contains("$7\r\ncommand\r\n") && !all.contains("command|"));
        node.expect(&[
            ("COMMAND LIST FILTERBY PATTERN mod*l?st", "*1\r\n$11\r\nmodule|list\r\n"),
            ("COMMAND LIST FILTERBY ACLCAT nosuch", "*0\r\n"),
            ("COMMAND LIST FILTERBY MODULE x", "*0\r\n"),
            ("COMMAND LIST FILTERBY x y", "-ERR syntax error\r\n"),
        ]);
        assert!(node.run("COMMAND LIST FILTERBY ACLCAT Dangerous").contains("module|list"));
    }
}
