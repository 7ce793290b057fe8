//! A whole node's data path, as tests and the Python binding drive it.

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;

use crate::clock::{Now, Rng, random_seeds};
use crate::dispatch::Core;
use crate::evict::SampledEvictor;
use crate::keyspace::Keyspace;
use crate::observe::info::{self, Subject};
use crate::reactor::Reactor;
use crate::server::config::ConfigError;
use crate::server::{
    Config, ControlRequest, Identity, Published, ReplyValue, Server, SessionFlags, SubscriptionChange, Topic,
    Topology,
};

/// Why the engine could not do what was asked.
#[derive(Debug)]
pub enum EngineError {
    /// The system refused.
    Io(io::Error),
    /// A setting was refused.
    Config(ConfigError),
    /// An argument does not have the shape it must have.
    Invalid(String),
    /// [`Engine::close`] was called before.
    Closed,
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Config(error) => error.fmt(f),
            Self::Invalid(text) => f.write_str(text),
            Self::Closed => f.write_str("the engine is closed"),
        }
    }
}

impl std::error::Error for EngineError {}

impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ConfigError> for EngineError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// One node's data path; belongs to one thread at a time.
pub struct Engine {
    core: Core,
    reactor: Reactor,
    closed: bool,
}

impl Engine {
    /// An engine with an empty keyspace and no sockets.
    ///
    /// # Errors
    /// A setting is unknown or out of range, or the system is out of descriptors.
    pub fn new<'a>(
        identity: Identity,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, EngineError> {
        let mut config = Config::default();
        config.set_at_start(settings)?;
        if identity.cluster {
            config.databases = 1;
        }
        let databases = usize::try_from(config.databases).unwrap_or(1).min(DATABASES_MAX);
        let reactor = Reactor::new(config.hz)?;
        let server = Server::new(identity, config, Rng::from_system(), Now::read());
        let mut core = Core {
            keyspace: Keyspace::new(random_seeds(), databases),
            server,
            evictor: Box::new(SampledEvictor::default()),
        };
        core.set_now(Now::read());
        core.server.startup_bytes = core.keyspace.used_bytes();
        core.server.apply_settings(&mut core.keyspace);
        Ok(Self { core, reactor, closed: false })
    }

    /// Listen on every address of `host`; port 0 lets the system choose. Returns the port.
    ///
    /// # Errors
    /// The name is unknown or an address can't be bound.
    pub fn listen(&mut self, host: &str, port: u16) -> Result<u16, EngineError> {
        self.open()?;
        let port = self.reactor.listen(&mut self.core, host, port)?;
        let config = &mut self.core.server.config;
        if config.port == 0 {
            config.port = i64::from(port);
            config.bind = host.to_owned();
        }
        Ok(port)
    }

    /// The epoll descriptor: readable when [`Engine::turn`] has something to do.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.reactor.fd()
    }

    /// Serve ready sockets for about `budget_us` microseconds; the commands that Python has to answer.
    ///
    /// # Errors
    /// The system refused to wait for events, or the engine is closed.
    pub fn turn(&mut self, budget_us: u64) -> Result<Vec<ControlRequest>, EngineError> {
        self.open()?;
        self.reactor.turn(&mut self.core, budget_us)?;
        Ok(self.core.server.control.take_outgoing())
    }

    /// End turns early when this descriptor is readable.
    ///
    /// # Errors
    /// The descriptor can't be polled, or the engine is closed.
    pub fn watch(&mut self, fd: BorrowedFd<'_>) -> Result<(), EngineError> {
        self.open()?;
        Ok(self.reactor.watch(fd)?)
    }

    /// No longer look at a descriptor given to [`Engine::watch`].
    ///
    /// # Errors
    /// The descriptor is not watched.
    pub fn unwatch(&mut self, fd: BorrowedFd<'_>) -> Result<(), EngineError> {
        Ok(self.reactor.unwatch(fd)?)
    }

    /// Answer a control request; a client that is gone meanwhile is no error.
    ///
    /// # Errors
    /// There is no such request, or it was answered before; or the system refused to set a timer.
    pub fn reply(&mut self, request_id: u64, value: &ReplyValue) -> Result<(), EngineError> {
        self.open()?;
        let key = self.core.server.control.answer(request_id).ok_or_else(|| {
            EngineError::Invalid(format!("no control request {request_id} waits for an answer"))
        })?;
        if let ReplyValue::Error(text) = value {
            self.core.server.stats.count_error(text.split(' ').next().unwrap_or("ERR"));
        }
        let Some(client) = self.core.server.clients.get_mut(key) else {
            return Ok(());
        };
        let mark = client.reply.mark();
        value.write(&mut client.reply);
        if let Some(held) = &mut client.session.held {
            let answer = client.reply.take_since(mark);
            let Some(whole) = held.fill(request_id, answer) else {
                return Ok(());
            };
            client.session.held = None;
            client.reply.raw(&whole);
        }
        let flags = &mut client.session.flags;
        if flags.intersects(SessionFlags::REPLY_OFF | SessionFlags::REPLY_SKIP_CONTROL) {
            client.reply.truncate(mark);
        }
        flags.remove(SessionFlags::REPLY_SKIP_CONTROL);
        Ok(self.reactor.resume(&mut self.core, key)?)
    }

    /// Tell who serves which slot.
    ///
    /// # Errors
    /// The engine is closed, or the system refused to set a timer.
    pub fn set_topology(&mut self, topology: Topology) -> Result<(), EngineError> {
        self.open()?;
        self.core.server.topology = topology;
        Ok(self.reactor.topology_changed(&mut self.core)?)
    }

    /// Settings whose names match a glob pattern, by name.
    pub fn config_get(&self, pattern: &str) -> Vec<(&'static str, String)> {
        self.core.server.config.matching(pattern.as_bytes())
    }

    /// Change settings, all or none.
    ///
    /// # Errors
    /// A setting is unknown, immutable, or its value is wrong.
    pub fn config_set<'a>(
        &mut self,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), EngineError> {
        self.core.server.config.set_all(settings)?;
        self.core.server.apply_settings(&mut self.core.keyspace);
        Ok(())
    }

    /// The fields of INFO: of the named sections, or the default ones.
    pub fn info(&self, sections: &[&str]) -> Vec<(String, String)> {
        let subject = Subject { keyspace: &self.core.keyspace, server: &self.core.server, session: None };
        info::fields(&subject, sections)
    }

    /// Whether there are messages or changes of subscriptions for the bus.
    pub fn has_pubsub(&self) -> bool {
        self.core.server.relay.has_outgoing()
    }

    /// Messages for other nodes, and what got its first subscriber here or lost its last one, since the last time.
    pub fn take_pubsub(&mut self) -> (Vec<Published>, Vec<SubscriptionChange>) {
        let relay = &mut self.core.server.relay;
        (relay.take_outgoing(), relay.take_changes())
    }

    /// Everything that has subscribers here; later changes are told by [`Engine::take_pubsub`].
    pub fn subscriptions(&mut self) -> Vec<(Topic, Vec<u8>)> {
        self.core.server.all_subscriptions()
    }

    /// Note what other nodes have subscribers for; `reset` forgets what they had before.
    pub fn change_wanted(&mut self, changes: Vec<SubscriptionChange>, reset: bool) {
        self.core.server.relay.change_wanted(changes, reset);
    }

    /// Send what was published on other nodes to the subscribers here.
    ///
    /// # Errors
    /// The engine is closed, or the system refused to set a timer.
    pub fn deliver(&mut self, messages: &[Published]) -> Result<(), EngineError> {
        self.open()?;
        Ok(self.reactor.deliver(&mut self.core, messages)?)
    }

    /// Number of keys in all databases.
    pub fn dbsize(&self) -> u64 {
        self.core.keyspace.total_len()
    }

    /// All that a command can reach, for tests.
    pub fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    /// Close the listening sockets; connected clients are served on.
    pub fn stop_listening(&mut self) {
        self.reactor.stop_listening();
    }

    /// Send what can be sent without waiting and close every connection.
    pub fn close(&mut self) {
        if !self.closed {
            self.closed = true;
            self.reactor.stop_listening();
            self.reactor.close_all(&mut self.core);
        }
    }

    fn open(&self) -> Result<(), EngineError> {
        if self.closed { Err(EngineError::Closed) } else { Ok(()) }
    }
}

/// The most databases a node alone can have: each costs its table of slots once it is used.
const DATABASES_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn exec_answers_when_python_has_answered_its_part() {
        let identity = Identity { node_id: "a".repeat(40), run_id: "b".repeat(40), cluster: true };
        let mut engine = Engine::new(identity, []).unwrap();
        let port = engine.listen("127.0.0.1", 0).unwrap();
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client
            .write_all(b"MULTI\r\nPING\r\nCLUSTER MYID\r\nECHO a\r\nCLUSTER INFO\r\nEXEC\r\nPING\r\n")
            .unwrap();
        let mut requests = Vec::new();
        while requests.len() < 2 {
            requests.extend(engine.turn(1_000).unwrap());
        }
        // In any order, and the other commands have been run meanwhile.
        engine.reply(requests[1].id, &ReplyValue::Integer(2)).unwrap();
        engine.reply(requests[0].id, &ReplyValue::Integer(1)).unwrap();
        engine.close();
        let mut received = String::new();
        client.read_to_string(&mut received).unwrap();
        let queued = "+QUEUED\r\n".repeat(4);
        assert_eq!(received, format!("+OK\r\n{queued}*4\r\n+PONG\r\n:1\r\n$1\r\na\r\n:2\r\n+PONG\r\n"));
    }
}
