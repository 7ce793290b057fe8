//! INFO server.

use super::Subject;
use super::fields::Fields;
use crate::observe::process;
use crate::server::{REDIS_VERSION, SERVER_NAME};

const DAY_S: u64 = 86_400;
/// Bits of the clock that times the use of keys.
const LRU_CLOCK_MASK: i64 = 0xff_ffff;

pub(super) fn write(subject: &Subject<'_>, fields: &mut Fields) {
    let server = subject.server;
    let mode = if server.identity.cluster { "cluster" } else { "standalone" };
    let uptime_s = (server.now.monotonic_us - server.started.monotonic_us) / 1_000_000;
    let port = server.ports.first().copied().unwrap_or_default();
    fields.add("redis_version", REDIS_VERSION);
    fields.add("server_name", SERVER_NAME);
    fields.add("pycluster_version", env!("CARGO_PKG_VERSION"));
    // Redis's name of the field, and Valkey's.
    fields.add("redis_mode", mode);
    fields.add("server_mode", mode);
    fields.add("os", process::system_name());
    fields.add("arch_bits", usize::BITS);
    fields.add("multiplexing_api", "epoll");
    fields.add("process_id", std::process::id());
    fields.add("process_supervised", "no");
    fields.add("run_id", &server.identity.run_id);
    fields.add("tcp_port", port);
    fields.add("server_time_usec", server.now.unix_us);
    fields.add("uptime_in_seconds", uptime_s);
    fields.add("uptime_in_days", uptime_s / DAY_S);
    fields.add_all(&["hz", "configured_hz", "clients_hz"], server.config.hz);
    fields.add("lru_clock", (server.now.unix_us / 1_000_000) & LRU_CLOCK_MASK);
    fields.add("config_file", "");
    fields.add("io_threads_active", 0);
    fields.add("availability_zone", server.config.get("availability-zone").unwrap_or_default());
    if port > 0 {
        fields.add("listener0", format_args!("name=tcp,bind={},port={port}", server.config.bind));
    }
}
