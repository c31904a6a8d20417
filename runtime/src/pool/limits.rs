//! Limits that the system sets on a process, perhaps after it started: addresses (`RLIMIT_AS`), memory (cgroup),
//! mappings (`vm.max_map_count`).
//!
//! - A process whose addresses are limited gives up the reservation that it does not use, once: from then on segments
//!   are as small as needed and the system itself refuses what is too much, to us and to everybody else in the process.
//! - Near the memory limit of the cgroup, free memory goes back at the next tick instead of after a second, since
//!   the kernel would rather kill the process than ask for it.
//! - Pages are moved instead of copied only while that leaves the process most of the mappings it may have.

use super::segment::Kind;
use super::whole::Pool;
use crate::sync::unmodelled::{AtomicUsize, Ordering::Relaxed};
use crate::sys::process;

/// Slices that are asked for between two looks at the address limit: 16 MiB of them.
const SLICES_BETWEEN_LOOKS: usize = 256;

/// Mappings that the process may have when pages are moved: a quarter of what the system allows by default. Each move
/// can cost two.
const MAPPINGS_MAX: usize = if cfg!(test) { 2000 } else { 65_530 / 4 };

/// Moves after which mappings are counted again.
const MOVES_BETWEEN_COUNTS: usize = if cfg!(test) { 64 } else { 1024 };

/// What is remembered between two looks.
#[derive(Debug)]
pub(super) struct Limits {
    slices_asked: AtomicUsize,
    /// Bytes of memory that the cgroup allows; 0 before the first look.
    memory_bytes: AtomicUsize,
    /// Moves that may be made, and those refused, before mappings are counted again.
    moves_left: AtomicUsize,
    moves_refused: AtomicUsize,
}

impl Limits {
    pub(super) const fn new() -> Self {
        Self {
            slices_asked: AtomicUsize::new(0),
            memory_bytes: AtomicUsize::new(0),
            moves_left: AtomicUsize::new(MOVES_BETWEEN_COUNTS),
            moves_refused: AtomicUsize::new(0),
        }
    }

    /// Whether one more move of pages leaves the process enough mappings; counts them now and then.
    pub(super) fn may_move(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        if self.moves_left.fetch_update(Relaxed, Relaxed, one_less).is_ok() {
            return true;
        }
        if self.moves_refused.fetch_add(1, Relaxed).is_multiple_of(MOVES_BETWEEN_COUNTS) {
            let free = MAPPINGS_MAX.saturating_sub(process::mappings().unwrap_or(usize::MAX));
            self.moves_left.store((free / 2).min(MOVES_BETWEEN_COUNTS), Relaxed);
            if free > 1 {
                // The next need is counted at once.
                self.moves_refused.store(0, Relaxed);
            }
        }
        false
    }

    /// Whether `held_bytes` come near what the cgroup allows.
    pub(super) fn is_pressed(&self, held_bytes: usize) -> bool {
        let allowed = match self.memory_bytes.load(Relaxed) {
            0 => {
                let asked = process::memory_limit().unwrap_or(usize::MAX);
                self.memory_bytes.store(asked, Relaxed);
                asked
            }
            known => known,
        };
        held_bytes > allowed / 4 * 3
    }

    /// Sets what the cgroup allows.
    #[cfg(test)]
    pub(super) fn allow(&self, bytes: usize) {
        self.memory_bytes.store(bytes, Relaxed);
    }
}

impl Pool {
    /// Looks at the address limit every so many slices. Called before slices are asked for, without a lock held.
    pub(super) fn heed_address_limit(&self, slices: u32) {
        // Two threads may count as one; that only delays the look.
        let asked = self.limits.slices_asked.load(Relaxed) + slices as usize;
        self.limits.slices_asked.store(asked % SLICES_BETWEEN_LOOKS, Relaxed);
        if asked >= SLICES_BETWEEN_LOOKS && self.map.is_ample() && process::is_address_limited() {
            self.give_up_reserve();
        }
    }

    #[cold]
    pub(super) fn give_up_reserve(&self) {
        for (kind, runs) in [(Kind::Slabs, &self.slab_runs), (Kind::Large, &self.large_runs)] {
            let _guard = runs.lock();
            self.map.give_up_reserve(&self.room.source, kind);
        }
    }
}

#[cfg(test)]
mod tests;
