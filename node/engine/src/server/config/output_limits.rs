//! `client-output-buffer-limit`: how much a client of each class may leave unread.

use std::borrow::Cow;

use super::memory_size::parse_memory;

/// Limits of one class of clients; 0: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimit {
    pub hard_bytes: u64,
    pub soft_bytes: u64,
    /// For so long the soft limit may be passed.
    pub soft_seconds: u64,
}

/// Limits of all classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimits {
    pub normal: OutputLimit,
    pub replica: OutputLimit,
    pub pubsub: OutputLimit,
}

impl Default for OutputLimits {
    fn default() -> Self {
        let limit = |hard_mb: u64, soft_mb: u64, soft_seconds| OutputLimit {
            hard_bytes: hard_mb << 20,
            soft_bytes: soft_mb << 20,
            soft_seconds,
        };
        Self { normal: limit(0, 0, 0), replica: limit(256, 64, 60), pubsub: limit(32, 8, 60) }
    }
}

impl OutputLimits {
    /// These limits changed by a text of `class hard soft seconds`, for any number of classes.
    ///
    /// # Errors
    /// The reason, in Redis's words.
    pub fn changed_by(mut self, text: &str) -> Result<Self, Cow<'static, str>> {
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        if !words.len().is_multiple_of(4) {
            return Err("Wrong number of arguments in buffer limit configuration.".into());
        }
        for class in words.chunks_exact(4) {
            let limit = match class[0].to_ascii_lowercase().as_str() {
                "normal" => &mut self.normal,
                "slave" | "replica" => &mut self.replica,
                "pubsub" => &mut self.pubsub,
                _ => return Err("Invalid client class specified in buffer limit configuration.".into()),
            };
            let read = || {
                Some(OutputLimit {
                    hard_bytes: parse_memory(class[1])?,
                    soft_bytes: parse_memory(class[2])?,
                    soft_seconds: class[3].parse().ok()?,
                })
            };
            *limit =
                read().ok_or("Error in hard, soft or soft_seconds setting in buffer limit configuration.")?;
        }
        Ok(self)
    }

    /// All limits, as CONFIG GET shows them.
    pub fn text(&self) -> String {
        let classes = [("normal", self.normal), ("slave", self.replica), ("pubsub", self.pubsub)];
        let shown = classes.map(|(name, limit)| {
            format!("{name} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_seconds)
        });
        shown.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_changed_by_itself_and_the_others_stay() {
        let limits = OutputLimits::default().changed_by("Replica 1mb 2kb 3").unwrap();
        assert_eq!(limits.text(), "normal 0 0 0 slave 1048576 2048 3 pubsub 33554432 8388608 60");
        assert_eq!(limits.changed_by(""), Ok(limits));
        for wrong in ["normal 1 2", "master 1 2 3", "normal a 2 3", "normal 1 2 -3"] {
            assert!(limits.changed_by(wrong).is_err(), "{wrong}");
        }
    }
}
