//! Chunks by rank, the greatest first: a heap whose outdated entries are skipped when they surface.
//!
//! An insertion appends, a removal only forgets, so both are far cheaper than in a tree; the heap is cleared of
//! outdated entries once they are most of it.

use crate::object::ChunkKey;
use crate::object::map::ChunkMap;
use std::collections::BinaryHeap;

/// Outdated entries that are always let be.
const SLACK: usize = 1024;

/// A set of chunks ordered by rank. Invariant: `ranks` says which entries of the heap still count.
#[derive(Clone, Debug)]
pub(super) struct Farthest<R> {
    heap: BinaryHeap<(R, ChunkKey)>,
    ranks: ChunkMap<Option<R>>,
    len: usize,
}

impl<R: Copy + Ord> Farthest<R> {
    pub(super) fn new() -> Self {
        Self { heap: BinaryHeap::new(), ranks: ChunkMap::new(), len: 0 }
    }

    /// Puts a chunk in, or moves it to another rank.
    pub(super) fn insert(&mut self, chunk: ChunkKey, rank: R) {
        let before = self.ranks.entry(chunk).replace(rank);
        self.len += usize::from(before.is_none());
        if before != Some(rank) {
            self.heap.push((rank, chunk));
        }
        if self.heap.len() > 2 * self.len + SLACK {
            let ranks = &self.ranks;
            self.heap.retain(|(rank, chunk)| ranks.peek(*chunk) == Some(&Some(*rank)));
        }
    }

    /// Takes a chunk out and says under which rank it was in.
    pub(super) fn remove(&mut self, chunk: ChunkKey) -> Option<R> {
        let rank = self.ranks.take(chunk);
        self.len -= usize::from(rank.is_some());
        rank
    }

    /// The chunk of the greatest rank.
    pub(super) fn last(&mut self) -> Option<(R, ChunkKey)> {
        loop {
            let (rank, chunk) = *self.heap.peek()?;
            if self.ranks.peek(chunk) == Some(&Some(rank)) {
                return Some((rank, chunk));
            }
            self.heap.pop();
        }
    }

    /// Takes out the chunk of the greatest rank.
    pub(super) fn pop_last(&mut self) -> Option<(R, ChunkKey)> {
        let (rank, chunk) = self.last()?;
        self.heap.pop();
        self.remove(chunk);
        Some((rank, chunk))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests;
