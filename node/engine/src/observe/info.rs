//! The fields of INFO.

use crate::keyspace::Keyspace;
use crate::server::Server;

/// The fields of the named sections, or of the default ones.
pub fn fields(keyspace: &Keyspace, server: &Server, _sections: &[&str]) -> Vec<(String, String)> {
    vec![
        ("run_id".to_owned(), server.identity.run_id.clone()),
        ("used_memory".to_owned(), keyspace.used_bytes().to_string()),
    ]
}
