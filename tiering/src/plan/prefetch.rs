//! What to fetch next: walks ahead of the cursor, and stops when the window is full of bytes nobody has used yet.
//!
//! Invariant: bytes handed out and not yet used are at most the window, or one chunk where that alone is larger.

use super::farthest::Farthest;
use super::schedule::Schedule;
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, Touch};
use std::cmp::Reverse;

/// Hands out the chunks that the coming steps miss, in order of use.
#[derive(Clone, Debug)]
pub struct Prefetcher {
    window_bytes: u64,
    /// The step of the latest lease; chunks up to and including it are no longer ahead.
    position: u64,
    /// Where the walk goes on: a position, and which chunk of its step.
    head: (u64, usize),
    /// The chunks handed out and not yet used, the soonest first, by the position of their use.
    ahead: Farthest<Reverse<u64>>,
    /// Bytes of each of them.
    bytes: ChunkMap<u32>,
    ahead_bytes: u64,
}

impl Prefetcher {
    /// A walk that begins after `position`.
    #[must_use]
    pub fn new(window_bytes: u64, position: u64) -> Self {
        Self {
            window_bytes,
            position,
            head: (position + 1, 0),
            ahead: Farthest::new(),
            bytes: ChunkMap::new(),
            ahead_bytes: 0,
        }
    }

    /// The next chunk to fetch, not present (nor on its way) by `is_present`; `None` while the window is full or has no
    /// bytes at all, and where a whole pass ahead is present.
    pub fn next(
        &mut self,
        schedule: &Schedule,
        is_present: &mut dyn FnMut(ChunkKey) -> bool,
    ) -> Option<Touch> {
        if self.window_bytes == 0 {
            return None;
        }
        while self.head.0 <= self.position + schedule.len() {
            let Some(touch) = schedule.step(self.head.0).get(self.head.1).copied() else {
                self.head = (self.head.0 + 1, 0);
                continue;
            };
            if !is_present(touch.chunk) {
                let bytes = u64::from(touch.bytes);
                if !self.ahead.is_empty() && self.ahead_bytes + bytes > self.window_bytes {
                    return None;
                }
                self.hand_out(touch);
                self.head.1 += 1;
                return Some(touch);
            }
            self.head.1 += 1;
        }
        None
    }

    /// A lease at `position` began: chunks handed out for it or for skipped steps are ahead no more.
    pub fn used(&mut self, position: u64) {
        self.position = position;
        if self.head.0 <= position {
            self.head = (position + 1, 0);
        }
        while let Some((_, chunk)) = self.ahead.last().filter(|(Reverse(first), _)| *first <= position) {
            self.withdraw(chunk);
        }
    }

    /// A chunk handed out was not fetched, for want of room or by a failure, or was evicted before its use: its
    /// bytes no longer count, and the walk comes back to it.
    pub fn cancelled(&mut self, schedule: &Schedule, chunk: ChunkKey) {
        self.withdraw(chunk);
        if let Some(next) = schedule.first_use_after(chunk, self.position)
            && next <= self.head.0
        {
            self.head = (next, 0);
        }
    }

    fn hand_out(&mut self, touch: Touch) {
        self.withdraw(touch.chunk);
        self.ahead.insert(touch.chunk, Reverse(self.head.0));
        *self.bytes.entry(touch.chunk) = touch.bytes;
        self.ahead_bytes += u64::from(touch.bytes);
    }

    fn withdraw(&mut self, chunk: ChunkKey) {
        if self.ahead.remove(chunk).is_some() {
            self.ahead_bytes -= u64::from(self.bytes.get(chunk));
        }
    }

    /// Bytes handed out and not yet used.
    #[must_use]
    pub fn ahead_bytes(&self) -> u64 {
        self.ahead_bytes
    }
}

#[cfg(test)]
mod tests;
