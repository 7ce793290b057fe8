//! HELP of the commands that hold subcommands.

use super::call::{Call, CommandResult};
use super::registry;
use super::spec::{CommandSpec, Flags, Group};

/// `container HELP`: the container's rows in the command table, arguments and summary.
fn help(call: &mut Call<'_>) -> CommandResult {
    let name = call.spec.name.split('|').next().unwrap_or_default();
    let Some(container) = registry().find(name.as_bytes()) else {
        return Ok(());
    };
    let name = name.to_ascii_uppercase();
    call.reply.array(1 + 2 * container.spec.subcommands.len());
    call.reply.simple(&format!("{name} <subcommand> [<argument> ...]. The subcommands:"));
    for spec in container.spec.subcommands {
        let line = format!("{} {}", spec.short_name().to_ascii_uppercase(), spec.usage);
        call.reply.simple(line.trim_end());
        call.reply.simple(&format!("    {}", spec.summary));
    }
    Ok(())
}

/// The row of a container's HELP.
pub(super) const fn row(name: &'static str, group: Group, since: &'static str) -> CommandSpec {
    CommandSpec::new(name, 2, group, help)
        .flags(Flags::LOADING.union(Flags::STALE))
        .about(since, "Tell which subcommands there are.")
}
