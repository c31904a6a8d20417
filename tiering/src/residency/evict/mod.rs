//! Which copy to evict: a policy orders the evictable copies of one tier, and nothing else.
//!
//! Leased, filling and draining copies are never offered by a policy, and the engine asks the residency table before
//! it evicts: so a policy cannot choose wrongly, only slowly.
//!
//! What a policy is told, and how reactive policies read it:
//!
//! ```text
//! fetched for a lease ───────────────────> insert          an arrival: its first use
//! fetched ahead ──> insert_unused            an arrival that nobody has used yet
//! lease taken  ──> remove                    out of reach, its history stays
//! lease ended  ──> insert                    one more use; without `remove` before it, one more use too
//! spilled early, or a request gave up ──> remove … insert_unused      back, and not used
//! evicted ──> victim, which keeps a ghost where the policy has any
//! gone by other ways ──> gone                its tensor dropped ──> forget
//! ```

use crate::object::{ChunkKey, NextUse};
use std::fmt::Debug;

pub mod adaptive;
pub mod arc;
#[cfg(test)]
mod conformance;
pub mod contained;
pub mod guided;
pub mod lfu;
pub mod lru;
pub mod min;
mod reactive;
pub mod s3_fifo;
mod shelf;
pub mod sieve;
pub mod slru;

/// Orders the evictable copies of one tier.
///
/// Calls come in the order of the events they tell of, perhaps later and several at once; a chunk that is told of
/// twice without a `remove` between was used twice. History that a policy keeps of chunks that are not present is
/// advice: bound it by what is present.
pub trait Evict: Debug + Send {
    /// Name in policies and reports: `lru`, `adaptive`.
    fn name(&self) -> &'static str;

    /// A copy was used and is evictable: the most recently used one. `next_use` is when the schedule needs it next;
    /// `bytes`, which a fetch of it moves, are at least 1.
    fn insert(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse);

    /// A copy is evictable, but was not used just now: it was fetched ahead, or written down, or a request for it
    /// was given up. As [`Self::insert`] where a policy does not tell them apart.
    fn insert_unused(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        self.insert(key, bytes, next_use);
    }

    /// A copy is leased, or wanted by a lease, or being written down: not evictable until it is inserted again.
    /// Returns whether it was evictable.
    fn remove(&mut self, key: ChunkKey) -> bool;

    /// A copy is gone, chosen by [`Self::victim`] before or not.
    fn gone(&mut self, key: ChunkKey) {
        self.remove(key);
    }

    /// The chunk itself is gone: its key may come again for another one.
    fn forget(&mut self, key: ChunkKey) {
        self.gone(key);
    }

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
