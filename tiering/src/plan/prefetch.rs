//! What to fetch next: walks ahead of the cursor, and stops when the window is full of bytes nobody has used yet.
//!
//! Invariant: bytes handed out and not yet used are at most the window, or one chunk where that alone is larger.

use super::schedule::Schedule;
use crate::object::{ChunkKey, Touch};

/// Hands out the chunks that the coming steps miss, in order of use.
#[derive(Clone, Debug)]
pub struct Prefetcher {
    window_bytes: u64,
    /// The step of the latest lease; chunks up to and including it are no longer ahead.
    position: u64,
    /// Where the walk goes on: a position, and which chunk of its step.
    head: (u64, usize),
    /// Handed out and not yet used, with the position of their use.
    ahead: Vec<(u64, Touch)>,
    ahead_bytes: u64,
}

impl Prefetcher {
    /// A walk that begins after `position`.
    #[must_use]
    pub fn new(window_bytes: u64, position: u64) -> Self {
        Self { window_bytes, position, head: (position + 1, 0), ahead: Vec::new(), ahead_bytes: 0 }
    }

    /// The next chunk to fetch, not present (nor on its way) by `is_present`; `None` while the window is full, and
    /// where a whole pass ahead is present.
    pub fn next(
        &mut self,
        schedule: &Schedule,
        is_present: &mut dyn FnMut(ChunkKey) -> bool,
    ) -> Option<Touch> {
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
                self.ahead.push((self.head.0, touch));
                self.ahead_bytes += bytes;
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
        self.ahead.retain(|(when, touch)| {
            let still_ahead = *when > position;
            if !still_ahead {
                self.ahead_bytes -= u64::from(touch.bytes);
            }
            still_ahead
        });
    }

    /// A chunk handed out was not fetched, for want of room or by a failure, or was evicted before its use: its
    /// bytes no longer count, and the walk comes back to it.
    pub fn cancelled(&mut self, schedule: &Schedule, chunk: ChunkKey) {
        if let Some(index) = self.ahead.iter().position(|(_, touch)| touch.chunk == chunk) {
            let (_, touch) = self.ahead.swap_remove(index);
            self.ahead_bytes -= u64::from(touch.bytes);
        }
        if let Some(next) = schedule.first_use_after(chunk, self.position)
            && next <= self.head.0
        {
            self.head = (next, 0);
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
