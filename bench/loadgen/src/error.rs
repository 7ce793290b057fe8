//! Why a run could not be carried out; what fails during a run is counted in the report instead.

use std::fmt;
use std::io;

use crate::config::ConfigError;

/// Why there is no report.
#[derive(Debug)]
pub enum RunError {
    /// A setting is out of range.
    Config(ConfigError),
    /// The server could not be reached before the load began.
    Connect { address: String, source: io::Error },
    /// CLUSTER SLOTS was needed and did not give a slot table.
    NoCluster { address: String, answer: String },
    /// The operating system refused an epoll, a timer or a socket.
    System(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => write!(f, "{error}"),
            Self::Connect { address, source } => write!(f, "cannot connect to {address}: {source}"),
            Self::NoCluster { address, answer } => write!(f, "{address} is no cluster: {answer}"),
            Self::System(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Connect { source, .. } | Self::System(source) => Some(source),
            Self::NoCluster { .. } => None,
        }
    }
}

impl From<ConfigError> for RunError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<rustix::io::Errno> for RunError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::System(error.into())
    }
}
