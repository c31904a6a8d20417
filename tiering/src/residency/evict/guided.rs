//! MIN where somebody has said when a copy is used next, another policy for the rest.
//!
//! The rest goes first: nobody has said that it is used at all. Without a schedule or hints everything is the rest.

use super::Evict;
use super::min::Min;
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, NextUse};

/// Evicts what has no predicted use by its fallback, then what is used farthest in the future.
#[derive(Debug)]
pub struct Guided {
    predicted: Min,
    rest: Box<dyn Evict>,
    bytes: ChunkMap<u64>,
}

impl Guided {
    /// An empty policy over an empty fallback.
    #[must_use]
    pub fn new(rest: Box<dyn Evict>) -> Self {
        Self { predicted: Min::new(), rest, bytes: ChunkMap::new() }
    }

    fn put(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse, used: bool) {
        *self.bytes.entry(key) = bytes;
        match next_use {
            NextUse::Never if used => self.rest.insert(key, bytes, next_use),
            NextUse::Never => self.rest.insert_unused(key, bytes, next_use),
            NextUse::At(_) | NextUse::Streamed(_) => {
                // Out of the fallback's reach, which keeps its history.
                self.rest.remove(key);
                return self.predicted.insert(key, bytes, next_use);
            }
        }
        self.predicted.remove(key);
    }
}

impl Evict for Guided {
    fn name(&self) -> &'static str {
        "min"
    }

    fn insert(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        self.put(key, bytes, next_use, true);
    }

    fn insert_unused(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        self.put(key, bytes, next_use, false);
    }

    fn remove(&mut self, key: ChunkKey) -> bool {
        self.predicted.remove(key) || self.rest.remove(key)
    }

    fn gone(&mut self, key: ChunkKey) {
        self.predicted.gone(key);
        self.rest.gone(key);
    }

    fn forget(&mut self, key: ChunkKey) {
        self.predicted.forget(key);
        self.rest.forget(key);
    }

    fn victim(&mut self, not_before: Option<NextUse>) -> Option<ChunkKey> {
        self.rest.victim(not_before).or_else(|| {
            let victim = self.predicted.victim(not_before)?;
            self.rest.gone(victim);
            Some(victim)
        })
    }

    fn overdue(&mut self, now: u64) -> Option<ChunkKey> {
        self.predicted.overdue(now)
    }

    fn reset(&mut self, next_use: &mut dyn FnMut(ChunkKey) -> NextUse) {
        let Self { predicted, rest, bytes } = self;
        let mut found = Vec::new();
        rest.reset(&mut |key| {
            let next_use = next_use(key);
            found.extend((next_use != NextUse::Never).then_some((key, next_use)));
            NextUse::Never
        });
        predicted.reset(next_use);
        for key in predicted.take_unpredicted() {
            rest.insert(key, bytes.get(key), NextUse::Never);
        }
        for (key, next_use) in found {
            if rest.remove(key) {
                predicted.insert(key, bytes.get(key), next_use);
            }
        }
    }

    fn len(&self) -> usize {
        self.predicted.len() + self.rest.len()
    }
}

#[cfg(test)]
mod tests;
