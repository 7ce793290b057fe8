//! Keyspace notifications: events of keys, published to subscribers of this node.

use super::Server;
use super::changes::EventClass;
use crate::keyspace::Keyspace;

/// Where events are published: under the key's name, under the event's, or under both.
const PLACES: EventClass = EventClass::KEYSPACE.union(EventClass::KEYEVENT);

impl Server {
    /// Put settings into effect that others than the configuration keep.
    pub fn apply_settings(&mut self, keyspace: &mut Keyspace) {
        self.config.apply_to(&mut keyspace.access_clock);
        let wanted = self.config.notify_keyspace_events;
        let is_published = wanted.intersects(PLACES);
        self.changes.want_classes(if is_published { wanted - PLACES } else { EventClass::empty() });
        self.set_effects_recorded(keyspace);
    }

    /// Have the keyspace record what happens unasked, while anybody wants to know.
    pub(super) fn set_effects_recorded(&self, keyspace: &mut Keyspace) {
        keyspace.record_effects = self.changes.are_wanted();
        keyspace.record_misses = self.changes.are_published(EventClass::KEY_MISS);
    }

    /// Publish an event, if its class is wanted.
    #[inline]
    pub(super) fn notify(&mut self, db: usize, class: EventClass, event: &str, key: &[u8]) {
        if self.changes.are_published(class) {
            self.publish_event(db, event, key);
        }
    }

    #[cold]
    fn publish_event(&mut self, db: usize, event: &str, key: &[u8]) {
        let places = self.config.notify_keyspace_events;
        if places.contains(EventClass::KEYSPACE) {
            let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
            self.publish(&channel, event.as_bytes());
        }
        if places.contains(EventClass::KEYEVENT) {
            self.publish(format!("__keyevent@{db}__:{event}").as_bytes(), key);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Host, Wire};

    /// The words of the messages that came, without their framing.
    fn messages(wire: &mut Wire) -> String {
        let received = wire.received();
        let words =
            received.split("\r\n").filter(|word| !word.starts_with(['*', '$', '>']) && !word.is_empty());
        words.filter(|word| !["message", "pmessage", "__key*"].contains(word)).collect::<Vec<_>>().join(" ")
    }

    fn listen(host: &mut Host, classes: &str) -> (Wire, Wire) {
        let (mut listener, mut writer) = (host.connect(), host.connect());
        host.run(&mut writer, &format!("CONFIG SET notify-keyspace-events {classes}"));
        host.run(&mut listener, "PSUBSCRIBE __key*");
        (listener, writer)
    }

    #[test]
    fn events_are_published_under_the_keys_and_the_events_names() {
        let mut host = Host::alone();
        let (mut listener, mut writer) = listen(&mut host, "KEA");
        host.run(&mut writer, "SET k v");
        assert_eq!(messages(&mut listener), "__keyspace@0__:k set __keyevent@0__:set k");
        host.run(&mut writer, "SELECT 3\nMULTI\nRPUSH l 1\nLPOP l\nEXEC\nCONFIG SET notify-keyspace-events Kg\nDEL k\nSET k v\nDEL k");
        assert_eq!(
            messages(&mut listener),
            "__keyspace@3__:l rpush __keyevent@3__:rpush l __keyspace@3__:l lpop __keyevent@3__:lpop l \
             __keyspace@3__:l del __keyevent@3__:del l __keyspace@3__:k del"
        );
        host.run(&mut writer, "CONFIG SET notify-keyspace-events \"\"\nSET k v");
        assert_eq!(messages(&mut listener), "");
        assert!(!host.core.server.changes.are_wanted());
    }

    #[test]
    fn without_a_place_to_publish_there_are_no_events() {
        let mut host = Host::alone();
        let (mut listener, mut writer) = listen(&mut host, "A");
        host.run(&mut writer, "SET k v");
        assert_eq!((messages(&mut listener).as_str(), host.core.server.changes.are_wanted()), ("", false));
    }

    #[test]
    fn keys_that_expire_or_are_missed_are_told_of() {
        let mut host = Host::alone();
        let (mut listener, mut writer) = listen(&mut host, "Exm");
        host.run(&mut writer, "SET k v PXAT 1\nGET k\nSET j v PX 1");
        assert_eq!(messages(&mut listener), "__keyevent@0__:keymiss k");
        assert!(!host.wait_for(&mut listener).is_empty());
    }

    #[test]
    fn what_a_waiting_client_takes_is_told_as_well() {
        let mut host = Host::alone();
        let (mut listener, mut writer) = listen(&mut host, "El");
        let mut waiting = host.connect();
        host.run(&mut waiting, "BLPOP k 0");
        host.run(&mut writer, "RPUSH k 1");
        assert_eq!(messages(&mut listener), "__keyevent@0__:rpush k __keyevent@0__:lpop k");
    }
}
