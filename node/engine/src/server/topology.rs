//! Who serves which slot, as Python last told us.

use crate::commands::error::CommandError;
use crate::slot::{SLOT_COUNT, SlotIndex};

/// Nobody serves the slot.
const NOBODY: u16 = u16::MAX;

/// The slots of the cluster, from the point of view of one node.
#[derive(Debug, Default)]
pub struct Topology {
    /// Index into `endpoints` for every slot; empty before the first topology came.
    owners: Vec<u16>,
    endpoints: Vec<(String, u16)>,
    mine: Option<u16>,
    replica: bool,
    down_reason: Option<String>,
}

/// Where a command has to go instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    Moved { slot: SlotIndex, host: String, port: u16 },
    Down(String),
    Unassigned,
}

impl Redirect {
    /// The redirect for a client that reached this node at `local_host`: an endpoint without a host is there too,
    /// because it listens on all addresses of the same machine.
    pub fn seen_from(self, local_host: &str) -> Self {
        match self {
            Self::Moved { slot, host, port } if host.is_empty() => {
                Self::Moved { slot, host: local_host.to_owned(), port }
            }
            other => other,
        }
    }
}

impl From<Redirect> for CommandError {
    fn from(redirect: Redirect) -> Self {
        match redirect {
            Redirect::Moved { slot, host, port } => Self::new(format!("MOVED {} {host}:{port}", slot.get())),
            Redirect::Down(reason) => Self::new(format!("CLUSTERDOWN {reason}")),
            Redirect::Unassigned => Self::text("CLUSTERDOWN Hash slot not served"),
        }
    }
}

impl Topology {
    /// A topology as Python gives it.
    ///
    /// # Errors
    /// A text that says which argument does not have its shape.
    pub fn new(
        slot_owners: &[u8],
        endpoints: Vec<(String, u16)>,
        mine: Option<usize>,
        replica: bool,
        down_reason: Option<String>,
    ) -> Result<Self, String> {
        if slot_owners.len() != 2 * usize::from(SLOT_COUNT) {
            return Err(format!("slot_owners must have {} bytes, not {}", 2 * SLOT_COUNT, slot_owners.len()));
        }
        let owners: Vec<u16> =
            slot_owners.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        if endpoints.len() >= usize::from(NOBODY) {
            return Err("too many endpoints".to_owned());
        }
        if let Some(owner) =
            owners.iter().find(|owner| **owner != NOBODY && usize::from(**owner) >= endpoints.len())
        {
            return Err(format!("slot_owners names endpoint {owner} of {}", endpoints.len()));
        }
        let mine = match mine {
            Some(index) if index >= endpoints.len() => {
                return Err(format!("mine is {index} of {}", endpoints.len()));
            }
            other => other.map(|index| index as u16),
        };
        Ok(Self { owners, endpoints, mine, replica, down_reason })
    }

    /// True when this node is a replica of whoever owns its slots.
    pub fn is_replica(&self) -> bool {
        self.replica
    }

    /// Host and port of the primary whose replica this node is.
    pub fn primary_of_replica(&self) -> Option<(&str, u16)> {
        let mine = self.mine.filter(|_| self.replica)?;
        let (host, port) = self.endpoints.get(usize::from(mine))?;
        Some((host, *port))
    }

    /// True when this node is the primary of a slot.
    pub fn owns(&self, slot: SlotIndex) -> bool {
        !self.replica && self.mine.is_some() && self.owners.get(slot.index()).copied() == self.mine
    }

    /// True when this node, or the primary whose replica it is, owns a slot.
    pub fn is_of_shard(&self, slot: SlotIndex) -> bool {
        self.mine.is_some() && self.owners.get(slot.index()).copied() == self.mine
    }

    /// Whether this node serves a slot to a client: `reads_here` when the client said READONLY and only reads.
    ///
    /// # Errors
    /// The redirect or refusal to answer with.
    #[inline]
    pub fn check(&self, slot: SlotIndex, reads_here: bool) -> Result<(), Redirect> {
        let owner = self.owners.get(slot.index()).copied().unwrap_or(NOBODY);
        if Some(owner) == self.mine && self.down_reason.is_none() && (!self.replica || reads_here) {
            return Ok(());
        }
        Err(self.redirect(slot, owner))
    }

    #[cold]
    fn redirect(&self, slot: SlotIndex, owner: u16) -> Redirect {
        if self.owners.is_empty() {
            return Redirect::Down("The cluster is down".to_owned());
        }
        if let Some(reason) = &self.down_reason {
            return Redirect::Down(reason.clone());
        }
        match self.endpoints.get(usize::from(owner)) {
            Some((host, port)) => Redirect::Moved { slot, host: host.clone(), port: *port },
            None => Redirect::Unassigned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(replica: bool) -> Topology {
        let mut owners = Vec::new();
        for slot in 0..SLOT_COUNT {
            owners.extend(u16::to_le_bytes(if slot < 8_192 {
                0
            } else if slot < 16_000 {
                1
            } else {
                NOBODY
            }));
        }
        Topology::new(&owners, vec![("a".into(), 1), ("b".into(), 2)], Some(0), replica, None).unwrap()
    }

    #[test]
    fn a_slot_of_another_primary_is_moved_and_one_of_nobody_is_down() {
        let slot = |index| SlotIndex::new(index).unwrap();
        assert_eq!(topology(false).check(slot(5), false), Ok(()));
        let moved = topology(false).check(slot(9_000), false).unwrap_err();
        assert_eq!(CommandError::from(moved).as_bytes(), b"MOVED 9000 b:2");
        assert_eq!(topology(false).check(slot(16_000), false), Err(Redirect::Unassigned));
    }

    #[test]
    fn an_endpoint_without_a_host_is_where_the_client_came_in() {
        let moved =
            |host: &str| Redirect::Moved { slot: SlotIndex::new(7).unwrap(), host: host.into(), port: 1 };
        assert_eq!(moved("").seen_from("10.0.0.9"), moved("10.0.0.9"));
        assert_eq!(moved("a").seen_from("10.0.0.9"), moved("a"));
        assert_eq!(Redirect::Unassigned.seen_from("10.0.0.9"), Redirect::Unassigned);
    }

    #[test]
    fn a_replica_serves_only_reads_of_clients_that_said_readonly() {
        let slot = SlotIndex::new(5).unwrap();
        assert_eq!(topology(true).check(slot, true), Ok(()));
        assert!(matches!(topology(true).check(slot, false), Err(Redirect::Moved { port: 1, .. })));
    }

    #[test]
    fn a_topology_of_the_wrong_shape_is_refused() {
        assert!(Topology::new(&[0; 10], vec![], None, false, None).is_err());
        assert!(Topology::new(&[0; 32_768], vec![], None, false, None).is_err());
    }
}
