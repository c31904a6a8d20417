//! Belady's MIN over predicted next uses: the copy used farthest in the future goes first, unscheduled ones before
//! all, the least recently used of those first. Every operation O(log n).

use super::Evict;
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, NextUse};
use std::collections::BTreeSet;

/// Sorts before every other key.
const FIRST_KEY: ChunkKey = ChunkKey { object: 0, chunk: 0 };

/// Order of eviction: the last rank goes first.
type Rank = (NextUse, u64);

/// Evicts the copy whose predicted next use is farthest.
#[derive(Debug, Default)]
pub struct Min {
    order: BTreeSet<(Rank, ChunkKey)>,
    ranks: ChunkMap<Option<Rank>>,
    /// Counts down per insertion, so that among equals the oldest ranks last.
    age: u64,
}

impl Min {
    /// An empty policy.
    #[must_use]
    pub const fn new() -> Self {
        Self { order: BTreeSet::new(), ranks: ChunkMap::new(), age: u64::MAX }
    }

    /// Takes out the copies without a predicted use, the longest idle first.
    pub(super) fn take_unpredicted(&mut self) -> Vec<ChunkKey> {
        let unpredicted = self.order.split_off(&((NextUse::Never, 0), FIRST_KEY));
        for (_, key) in &unpredicted {
            self.ranks.take(*key);
        }
        unpredicted.into_iter().rev().map(|(_, key)| key).collect()
    }

    fn put(&mut self, key: ChunkKey, rank: Rank) {
        *self.ranks.entry(key) = Some(rank);
        self.order.insert((rank, key));
    }
}

impl Evict for Min {
    fn name(&self) -> &'static str {
        "min"
    }

    fn insert(&mut self, key: ChunkKey, _bytes: u64, next_use: NextUse) {
        self.remove(key);
        self.age -= 1;
        self.put(key, (next_use, self.age));
    }

    fn remove(&mut self, key: ChunkKey) -> bool {
        self.ranks.take(key).is_some_and(|rank| self.order.remove(&(rank, key)))
    }

    fn victim(&mut self, not_before: Option<NextUse>) -> Option<ChunkKey> {
        let &((next_use, _), key) = self.order.last()?;
        if not_before.is_some_and(|limit| !next_use.yields_to(limit)) {
            return None;
        }
        self.remove(key);
        Some(key)
    }

    fn overdue(&mut self, now: u64) -> Option<ChunkKey> {
        let kept = self.order.first();
        let streamed = self.order.range(((NextUse::Streamed(0), 0), FIRST_KEY)..).next();
        let missed = |next_use: NextUse| next_use.position().is_some_and(|position| position < now);
        let found = kept.into_iter().chain(streamed).find(|((next_use, _), _)| missed(*next_use));
        let key = found?.1;
        self.remove(key);
        Some(key)
    }

    fn reset(&mut self, next_use: &mut dyn FnMut(ChunkKey) -> NextUse) {
        for ((_, age), key) in std::mem::take(&mut self.order) {
            self.put(key, (next_use(key), age));
        }
    }

    fn len(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests;
