//! INFO: what a node tells of itself, in sections of named fields.

mod clients;
mod commands;
mod cpu;
mod fields;
mod keyspace;
mod memory;
mod persistence;
mod replication;
mod server;
mod stats;

use fields::Fields;

use crate::keyspace::Keyspace;
use crate::server::{Server, Session};

/// What the fields are read from.
pub struct Subject<'a> {
    pub keyspace: &'a Keyspace,
    pub server: &'a Server,
    /// The client that asks, which is not among the others while its command runs.
    pub session: Option<&'a Session>,
}

/// Which words ask for a section.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Nothing, `default` and `all`.
    Always,
    /// `all`.
    All,
}

struct Section {
    /// In lower case, as it is asked for.
    name: &'static str,
    title: &'static str,
    asked: Asked,
    write: fn(&Subject<'_>, &mut Fields),
}

const fn section(
    title: &'static str,
    name: &'static str,
    asked: Asked,
    write: fn(&Subject<'_>, &mut Fields),
) -> Section {
    Section { name, title, asked, write }
}

/// In Valkey's order, which is kept whatever order they are asked for in.
const SECTIONS: &[Section] = &[
    section("Server", "server", Asked::Always, server::write),
    section("Clients", "clients", Asked::Always, clients::write),
    section("Memory", "memory", Asked::Always, memory::write),
    section("Persistence", "persistence", Asked::Always, persistence::write),
    section("Stats", "stats", Asked::Always, stats::write),
    section("Replication", "replication", Asked::Always, replication::write),
    section("CPU", "cpu", Asked::Always, cpu::write),
    section("Modules", "modules", Asked::Always, |_, _| {}),
    section("Commandstats", "commandstats", Asked::All, commands::write_calls),
    section("Errorstats", "errorstats", Asked::Always, commands::write_errors),
    section("Latencystats", "latencystats", Asked::All, commands::write_latency),
    section("Cluster", "cluster", Asked::Always, |subject, fields| {
        fields.add("cluster_enabled", u8::from(subject.server.identity.cluster));
    }),
    section("Keyspace", "keyspace", Asked::Always, keyspace::write),
];

/// The sections of these names, in any case; without names the default ones. Names that mean nothing give nothing.
fn chosen(names: &[&str]) -> impl Iterator<Item = &'static Section> {
    let named = |name: &str| names.iter().any(|given| given.eq_ignore_ascii_case(name));
    let default = names.is_empty() || named("default");
    let all = named("all") || named("everything");
    let wanted: Vec<bool> = SECTIONS
        .iter()
        .map(|section| {
            let as_modules = section.name == "modules" && named("module_list");
            all || named(section.name) || as_modules || (default && section.asked == Asked::Always)
        })
        .collect();
    SECTIONS.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(section, _)| section)
}

/// The fields of the named sections, or of the default ones.
pub fn fields(subject: &Subject<'_>, names: &[&str]) -> Vec<(String, String)> {
    let mut fields = Fields::default();
    for section in chosen(names) {
        (section.write)(subject, &mut fields);
    }
    fields.into_pairs()
}

/// The same as text, as INFO answers.
pub fn text(subject: &Subject<'_>, names: &[&str]) -> String {
    let mut text = String::new();
    for section in chosen(names) {
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        text.push_str(&format!("# {}\r\n", section.title));
        let mut fields = Fields::default();
        (section.write)(subject, &mut fields);
        for (name, value) in fields.into_pairs() {
            text.push_str(&format!("{name}:{value}\r\n"));
        }
    }
    text
}
