//! The policies that are compared, and what a shadow asks of them besides [`Evict`].

use super::super::Evict;
use super::super::arc::Arc;
use super::super::lfu::Lfu;
use super::super::lru::Lru;
use super::super::reactive::{Order, Reactive};
use super::super::s3_fifo::S3Fifo;
use super::super::sieve::Sieve;
use crate::object::{ChunkKey, NextUse};

/// A policy that says which copies it orders.
pub(super) trait Ordered: Evict {
    /// Whether a copy is here or out.
    fn holds(&self, key: ChunkKey) -> bool;

    /// As [`Evict::victim`], with the bytes of the copy.
    fn evict(&mut self, not_before: Option<NextUse>) -> Option<(ChunkKey, u64)>;

    /// As [`Evict::forget`]; returns the bytes of the copy, 0 where none was held.
    fn expel(&mut self, key: ChunkKey) -> u64;
}

impl<O: Order> Ordered for Reactive<O> {
    fn holds(&self, key: ChunkKey) -> bool {
        self.bytes_of(key) > 0
    }

    fn evict(&mut self, not_before: Option<NextUse>) -> Option<(ChunkKey, u64)> {
        self.take_victim(not_before)
    }

    fn expel(&mut self, key: ChunkKey) -> u64 {
        let bytes = self.bytes_of(key);
        self.forget(key);
        bytes
    }
}

/// One of the policies compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expert {
    Lru,
    S3Fifo,
    Lfu,
    Sieve,
    Arc,
}

/// All of them; of equals the first leads.
pub(super) const EXPERTS: [Expert; 5] =
    [Expert::Lru, Expert::S3Fifo, Expert::Arc, Expert::Lfu, Expert::Sieve];

impl Expert {
    /// An empty policy of this kind.
    pub(super) fn make(self) -> Box<dyn Ordered> {
        match self {
            Self::Lru => Box::new(Lru::new()),
            Self::S3Fifo => Box::new(S3Fifo::new()),
            Self::Lfu => Box::new(Lfu::new()),
            Self::Sieve => Box::new(Sieve::new()),
            Self::Arc => Box::new(Arc::new()),
        }
    }

    /// Name in reports.
    pub(super) fn name(self) -> &'static str {
        self.make().name()
    }
}
