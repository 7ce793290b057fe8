//! The process: its logs, its place in the system, what DEBUG may do.

use super::{Allowed, INT, Kind, Setting, inert, row};
use crate::server::config::DebugAccess;
use crate::server::config::kinds::parse_word;

const LEVELS: &[&str] = &["debug", "verbose", "notice", "warning", "nothing"];
const ACCESS: &[&str] = &["no", "yes", "local"];
const SHUTDOWN: &[&str] = &["default", "save", "nosave", "now", "force", "safe", "failover"];

pub(super) const TABLE: &[Setting] = &[
    integer!("databases", databases, 1, INT).fixed(),
    inert("daemonize", "no", Allowed::Default("a node stays in the foreground")).fixed(),
    inert("supervised", "no", Allowed::Words(&["upstart", "systemd", "auto", "no"])).fixed(),
    inert("pidfile", "", Allowed::Any).fixed(),
    inert("loglevel", "notice", Allowed::Words(LEVELS)),
    inert("logfile", "", Allowed::Any).fixed(),
    inert("log-format", "legacy", Allowed::Words(&["legacy", "logfmt", "json"])),
    inert("log-timestamp-format", "legacy", Allowed::Words(&["legacy", "iso8601", "milliseconds"])),
    inert("syslog-enabled", "no", Allowed::Flag).fixed(),
    inert("syslog-facility", "local0", Allowed::Any).fixed(),
    inert("syslog-ident", "pycluster", Allowed::Any).fixed(),
    inert("always-show-logo", "no", Allowed::Flag).fixed(),
    inert("hide-user-data-from-log", "yes", Allowed::Flag),
    inert("crash-log-enabled", "yes", Allowed::Flag),
    inert("crash-memcheck-enabled", "yes", Allowed::Flag),
    inert("ignore-warnings", "", Allowed::Any),
    inert("availability-zone", "", Allowed::Any),
    inert("set-proc-title", "yes", Allowed::Flag).fixed(),
    inert("proc-title-template", "{title} {listen-addr} {server-mode}", Allowed::Any),
    inert("disable-thp", "yes", Allowed::Flag).fixed(),
    inert("oom-score-adj", "no", Allowed::Words(&["no", "yes", "relative", "absolute"])),
    inert("oom-score-adj-values", "0 200 800", Allowed::Any),
    inert("server-cpulist", "", Allowed::Any).fixed().alias("server_cpulist"),
    inert("bio-cpulist", "", Allowed::Any).fixed().alias("bio_cpulist"),
    inert("bgsave-cpulist", "", Allowed::Any).fixed().alias("bgsave_cpulist"),
    inert("aof-rewrite-cpulist", "", Allowed::Any).fixed().alias("aof_rewrite_cpulist"),
    inert("dynamic-hz", "yes", Allowed::Flag),
    inert("import-mode", "no", Allowed::Flag),
    inert("shutdown-timeout", "10", Allowed::Range(0, INT)),
    inert("shutdown-on-sigint", "default", Allowed::Words(SHUTDOWN)),
    inert("shutdown-on-sigterm", "default", Allowed::Words(SHUTDOWN)),
    row(
        "enable-debug-command",
        Kind::Other {
            get: |config| match config.enable_debug_command {
                DebugAccess::Nobody => "no".to_owned(),
                DebugAccess::Everybody => "yes".to_owned(),
                DebugAccess::Local => "local".to_owned(),
            },
            set: |config, value| {
                config.enable_debug_command = match parse_word(value, ACCESS)? {
                    "yes" => DebugAccess::Everybody,
                    "local" => DebugAccess::Local,
                    _ => DebugAccess::Nobody,
                };
                Ok(())
            },
        },
    )
    .fixed(),
    inert("enable-module-command", "no", Allowed::Words(ACCESS)).fixed(),
    inert("enable-protected-configs", "no", Allowed::Words(ACCESS)).fixed(),
];
