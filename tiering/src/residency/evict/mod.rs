//! Which copy to evict: a policy orders the evictable copies of one tier, and nothing else.
//!
//! Leased, filling and draining copies are never in a policy, so a policy cannot choose wrongly, only slowly.

use crate::object::{ChunkKey, NextUse};
use std::fmt::Debug;

#[cfg(test)]
mod conformance;
pub mod lru;
pub mod min;

/// Orders the evictable copies of one tier. The engine inserts a copy when it becomes evictable (or spillable) and
/// removes it when it is leased or gone.
pub trait Evict: Debug + Send {
    /// Name in policies and reports: `lru`, `min`.
    fn name(&self) -> &'static str;

    /// A copy became evictable just now: the most recently used one. `next_use` is when the schedule needs it next;
    /// inserting a chunk that is already there moves it.
    fn insert(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse);

    /// A copy was leased or is gone. Returns whether it was there.
    fn remove(&mut self, key: ChunkKey) -> bool;

    /// Takes out the copy to evict. With `not_before`, the next use of the chunk to be fetched, only one that
    /// [yields to](NextUse::yields_to) it: a chunk never gives way to one that is needed after it. `None` where no
    /// copy qualifies.
    fn victim(&mut self, not_before: Option<NextUse>) -> Option<ChunkKey>;

    /// Takes out one copy whose predicted use lies before `now` and did not happen: insert it again with a new
    /// prediction. `None` when there is none, or the policy ignores predictions.
    fn overdue(&mut self, now: u64) -> Option<ChunkKey>;

    /// A new schedule: asks every copy's next use again, keeping the order of use.
    fn reset(&mut self, next_use: &mut dyn FnMut(ChunkKey) -> NextUse);

    /// Evictable copies.
    fn len(&self) -> usize;

    /// Whether nothing is evictable.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
