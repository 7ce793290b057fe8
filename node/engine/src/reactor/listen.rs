//! Listening sockets and new connections.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

use super::Reactor;
use super::descriptors::make_room_for;
use super::poll::Source;
use crate::dispatch::Core;
use crate::server::{Client, Session, SessionFlags};

/// Connections accepted before other clients are served again.
const ACCEPTS_PER_EVENT_MAX: usize = 128;

impl Reactor {
    /// Listen on every address of `host`; port 0 lets the system choose. Returns the port.
    ///
    /// # Errors
    /// The name is unknown, or no address can be bound.
    pub fn listen(&mut self, core: &mut Core, host: &str, port: u16) -> io::Result<u16> {
        let backlog = core.server.config.tcp_backlog.clamp(1, i64::from(i32::MAX)) as i32;
        let config = &mut core.server.config;
        config.maxclients = make_room_for(config.maxclients as u64) as i64;
        self.reserve.fill();
        let mut bound = port;
        for address in (host, port).to_socket_addrs()? {
            let (socket, local) = bind(SocketAddr::new(address.ip(), bound), backlog)?;
            self.poll.add(&socket, Source::Listener(self.listeners.len()), true, false)?;
            self.listeners.push(socket);
            bound = local.port();
        }
        core.server.ports.push(bound);
        Ok(bound)
    }

    /// Close the listening sockets.
    pub fn stop_listening(&mut self) {
        self.listeners.clear();
    }

    pub(super) fn accept(&mut self, core: &mut Core, index: usize) {
        for _ in 0..ACCEPTS_PER_EVENT_MAX {
            let Some(listener) = self.listeners.get(index) else {
                return;
            };
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            match net::accept_with(listener, flags) {
                Ok(socket) if core.server.clients.len() as i64 >= core.server.config.maxclients => {
                    refuse(core, &socket);
                }
                Ok(socket) => {
                    core.server.stats.connections_received += 1;
                    self.welcome(core, socket);
                }
                // A connection that is not taken would be offered again and again.
                Err(Errno::MFILE | Errno::NFILE) if self.reserve.release() => {
                    if let Ok(socket) = net::accept_with(listener, flags) {
                        refuse(core, &socket);
                    }
                    self.reserve.fill();
                }
                // Gone again, or nothing left: the others are served on.
                Err(_) => return,
            }
        }
    }

    /// Take a connection in.
    pub(crate) fn welcome(&mut self, core: &mut Core, socket: OwnedFd) {
        let server = &mut core.server;
        // Options that can't be set cost latency or a late notice of a dead peer, not the connection.
        let _ = sockopt::set_tcp_nodelay(&socket, true);
        if server.config.tcp_keepalive > 0 {
            let idle = std::time::Duration::from_secs(server.config.tcp_keepalive as u64);
            let _ = sockopt::set_socket_keepalive(&socket, true);
            let _ = sockopt::set_tcp_keepidle(&socket, idle);
            let _ = sockopt::set_tcp_keepintvl(&socket, (idle / 3).max(std::time::Duration::from_secs(1)));
            let _ = sockopt::set_tcp_keepcnt(&socket, 3);
        }
        let peer = net::getpeername(&socket).ok().flatten().map_or_else(|| "?:0".to_owned(), show_address);
        let local = net::getsockname(&socket).map_or_else(|_| "?:0".to_owned(), show_address);
        let id = server.clients.next_id();
        let key = server.clients.reserve(id);
        if self.poll.add(&socket, Source::Client(key), true, false).is_err() {
            server.clients.release(key);
            return;
        }
        let mut session = Session::new(id, key, socket.as_raw_fd(), peer, local, server.now);
        session.flags.set(SessionFlags::UNAUTHENTICATED, !server.config.requirepass.is_empty());
        server.clients.put(Box::new(Client::new(socket, session)));
    }
}

/// Tell a client that there is no room for it.
fn refuse(core: &mut Core, socket: &OwnedFd) {
    core.server.stats.connections_received += 1;
    core.server.stats.connections_rejected += 1;
    // Nothing to do about a refusal that can't be delivered.
    let _ = net::send(socket, b"-ERR max number of clients reached\r\n", SendFlags::NOSIGNAL);
    // What the client has already sent is read, or closing would reset the connection under our words.
    let _ = net::recv(socket, &mut [0u8; 1024], RecvFlags::DONTWAIT);
}

fn bind(address: SocketAddr, backlog: i32) -> io::Result<(OwnedFd, SocketAddr)> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    net::bind(&socket, &address)?;
    net::listen(&socket, backlog)?;
    let local = SocketAddr::try_from(net::getsockname(&socket)?)?;
    Ok((socket, local))
}

fn show_address(address: net::SocketAddrAny) -> String {
    match SocketAddr::try_from(address) {
        Ok(address) => address.to_string(),
        Err(_) => "?:0".to_owned(),
    }
}
