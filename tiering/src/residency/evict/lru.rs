//! Least recently used: an intrusive list over a slab, every operation O(1).
//!
//! ```text
//!   coldest ⇄ … ⇄ hottest      nodes live in a slab, linked by index; a dense map finds the node of a chunk
//! ```

use super::Evict;
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, NextUse};

/// No node.
const NIL: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Node {
    key: ChunkKey,
    next_use: NextUse,
    colder: u32,
    hotter: u32,
}

/// Evicts the copy that has been idle the longest. Predictions only ever forbid it a victim.
#[derive(Debug)]
pub struct Lru {
    nodes: Vec<Node>,
    free: Vec<u32>,
    /// Node index plus one; 0 is none.
    place: ChunkMap<u32>,
    coldest: u32,
    hottest: u32,
}

impl Default for Lru {
    fn default() -> Self {
        Self::new()
    }
}

impl Lru {
    /// An empty policy.
    #[must_use]
    pub const fn new() -> Self {
        Self { nodes: Vec::new(), free: Vec::new(), place: ChunkMap::new(), coldest: NIL, hottest: NIL }
    }

    fn unlink(&mut self, index: u32) {
        let Node { colder, hotter, .. } = self.nodes[index as usize];
        match colder {
            NIL => self.coldest = hotter,
            colder => self.nodes[colder as usize].hotter = hotter,
        }
        match hotter {
            NIL => self.hottest = colder,
            hotter => self.nodes[hotter as usize].colder = colder,
        }
    }

    fn push_hottest(&mut self, key: ChunkKey, next_use: NextUse) {
        let node = Node { key, next_use, colder: self.hottest, hotter: NIL };
        let index = if let Some(index) = self.free.pop() {
            self.nodes[index as usize] = node;
            index
        } else {
            self.nodes.push(node);
            // One node per chunk of memory: far below 2^32.
            (self.nodes.len() - 1) as u32
        };
        match self.hottest {
            NIL => self.coldest = index,
            hottest => self.nodes[hottest as usize].hotter = index,
        }
        self.hottest = index;
        *self.place.entry(key) = index + 1;
    }
}

impl Evict for Lru {
    fn name(&self) -> &'static str {
        "lru"
    }

    fn insert(&mut self, key: ChunkKey, _bytes: u64, next_use: NextUse) {
        self.remove(key);
        self.push_hottest(key, next_use);
    }

    fn remove(&mut self, key: ChunkKey) -> bool {
        let Some(index) = self.place.take(key).checked_sub(1) else { return false };
        self.unlink(index);
        self.free.push(index);
        true
    }

    fn victim(&mut self, not_before: Option<NextUse>) -> Option<ChunkKey> {
        let coldest = *self.nodes.get(self.coldest as usize)?;
        if not_before.is_some_and(|limit| !coldest.next_use.yields_to(limit)) {
            return None;
        }
        self.remove(coldest.key);
        Some(coldest.key)
    }

    fn overdue(&mut self, _now: u64) -> Option<ChunkKey> {
        None
    }

    fn reset(&mut self, next_use: &mut dyn FnMut(ChunkKey) -> NextUse) {
        let mut index = self.coldest;
        while let Some(node) = self.nodes.get_mut(index as usize) {
            node.next_use = next_use(node.key);
            index = node.hotter;
        }
    }

    fn len(&self) -> usize {
        self.nodes.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests;
