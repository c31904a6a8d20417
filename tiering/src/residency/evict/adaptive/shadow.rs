//! A cache of keys alone: what memory would hold if one policy had always chosen.

use super::expert::{Expert, Ordered};
use crate::object::{ChunkKey, NextUse};

/// Which keys shadows see: one of `2^shift`, by hash, so that the sampled keys miss as all keys do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sampling {
    pub(super) shift: u32,
}

impl Sampling {
    pub(super) fn takes(self, key: ChunkKey) -> bool {
        let word = u64::from(key.object) << 32 | u64::from(key.chunk);
        let mixed = (word + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        (mixed >> 32) & ((1 << self.shift) - 1) == 0
    }
}

/// The keys that one policy would hold.
#[derive(Debug)]
pub(super) struct Shadow {
    pub(super) policy: Box<dyn Ordered>,
    used_bytes: u64,
}

impl Shadow {
    pub(super) fn new(expert: Expert) -> Self {
        Self { policy: expert.make(), used_bytes: 0 }
    }

    /// A copy was used, or came unused: returns whether the shadow held it, and tells what it let go.
    pub(super) fn admit(
        &mut self,
        copy: (ChunkKey, u64, NextUse),
        used: bool,
        capacity_bytes: u64,
        evicted: &mut dyn FnMut(ChunkKey),
    ) -> bool {
        let (key, bytes, next_use) = copy;
        let held = self.policy.holds(key);
        if !held {
            if bytes > capacity_bytes {
                evicted(key);
                return false;
            }
            while self.used_bytes + bytes > capacity_bytes
                && let Some(victim) = self.evict(None)
            {
                evicted(victim);
            }
            self.used_bytes += bytes;
        }
        if used {
            self.policy.insert(key, bytes, next_use);
        } else {
            self.policy.insert_unused(key, bytes, next_use);
        }
        held
    }

    /// Lets go of the key that its policy would evict.
    pub(super) fn evict(&mut self, not_before: Option<NextUse>) -> Option<ChunkKey> {
        let (victim, bytes) = self.policy.evict(not_before)?;
        self.used_bytes -= bytes;
        Some(victim)
    }

    /// The chunk is gone.
    pub(super) fn forget(&mut self, key: ChunkKey) {
        self.used_bytes -= self.policy.expel(key);
    }
}
