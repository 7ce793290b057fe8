//! Before the load: resolving the address, and asking whether a cluster answers there.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::config::{Config, Topology};
use crate::error::RunError;
use crate::resp::{self, Value};
use crate::slots::{SlotRange, slot_ranges};

/// How long the first connections may take.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(5);
pub(crate) const SLOTS_COMMAND: &[u8] = b"*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n";

/// Resolve the address and, where the topology asks for it, fetch the slot table. None: a server alone.
pub(crate) fn bootstrap(config: &Config) -> Result<(SocketAddr, Option<Vec<SlotRange>>), RunError> {
    let name = format!("{}:{}", config.host, config.port);
    let failed = |source| RunError::Connect { address: name.clone(), source };
    let mut addresses = (config.host.as_str(), config.port).to_socket_addrs().map_err(failed)?;
    let nowhere = || failed(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    let first = addresses.next().ok_or_else(nowhere)?;
    let mut attempt = TcpStream::connect_timeout(&first, START_TIMEOUT).map(|stream| (stream, first));
    for address in addresses {
        if attempt.is_err() {
            attempt = TcpStream::connect_timeout(&address, START_TIMEOUT).map(|stream| (stream, address));
        }
    }
    let (stream, address) = attempt.map_err(failed)?;
    if config.topology == Topology::Single {
        return Ok((address, None));
    }
    let reply = ask_for_slots(&stream).map_err(failed)?;
    let ranges = slot_ranges(&reply).filter(|ranges| !ranges.is_empty());
    if ranges.is_none() && config.topology == Topology::Cluster {
        let answer = match reply {
            Value::Error(error) => String::from_utf8_lossy(&error).into_owned(),
            _ => "it serves no slots".to_owned(),
        };
        return Err(RunError::NoCluster { address: name, answer });
    }
    Ok((address, ranges))
}

fn ask_for_slots(mut stream: &TcpStream) -> io::Result<Value> {
    stream.set_read_timeout(Some(START_TIMEOUT))?;
    stream.write_all(SLOTS_COMMAND)?;
    let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(reply) = resp::scan(&bytes).map_err(|error| invalid(error.to_string()))? {
            return resp::parse(&bytes[..reply.len])
                .ok_or_else(|| invalid("malformed slot table".to_owned()));
        }
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
