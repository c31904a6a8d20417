//! The allocator: size classes, segments, slabs, per-thread caches, large objects.
//!
//! # The life of one small block
//!
//! 1. [`Stratal`] rounds the layout up to a size class (`class`), one table load.
//! 2. The thread's heap (`thread`, `heap`) pops a block from its cache of that class (`cache`): two loads, one
//!    store, no atomics. This is all that most allocations do.
//! 3. If the cache is empty, the heap takes in what other threads have sent home (`remote`), then half a cache of
//!    free slots from one of its slabs (`slab`), found by scanning bits.
//! 4. If no slab has a free slot, the pool (`whole`) cuts a new one from a run of 64 KiB slices (`runs`, `bins`,
//!    `stretch`), which lies in one of few spans of addresses reserved from the system (`segment`).
//! 5. A freed block goes on top of the cache of the thread that freed it, and is allocated next. If the cache is
//!    full, its older half goes home: into the slabs of this heap, or to the remote lists of the heaps that own it. A
//!    cache that soon wants back what it sent home becomes wide for a time (`elastic`).
//! 6. A slab whose slots are all free is given back to the runs, where neighbours join; memory that stays free for
//!    a second is given back to the system (`decay`), by whoever comes by a slow path or by a thread that a program
//!    may ask for (`background`, which sleeps by the rules of `doze`).
//!
//! Blocks above 64 KiB are runs of their own (`large`); each thread keeps a few of those it freed last (`run_cache`).
//! What the system limits, also while the program runs, is heeded (`limits`). Descriptors live apart from the memory
//! they describe (`meta`). A thread that ends leaves its heap to the next one (`roster`).
//!
//! # Invariants
//!
//! - Nothing here prints, panics or waits for anything but a short lock (`lock`); out of memory is null.
//! - Corruption that is noticed ends the process after one line by `write(2)` (`corrupt`).
//! - A block is in exactly one place: with the application, in one cache, on one remote list, or free in its slab.

mod doze;
mod lock;
mod remote;
mod roster;

// Loom cannot build statics, so the front is compiled out under it and the parts with atomics are modelled alone.
#[cfg(all(stratal_asan, not(stratal_loom)))]
mod asan;
#[cfg(not(stratal_loom))]
mod background;
#[cfg(not(stratal_loom))]
mod bins;
#[cfg(not(stratal_loom))]
mod bounded;
#[cfg(not(stratal_loom))]
mod cache;
#[cfg(not(stratal_loom))]
mod checks;
#[cfg(not(stratal_loom))]
mod class;
#[cfg(not(stratal_loom))]
mod corrupt;
#[cfg(not(stratal_loom))]
mod decay;
#[cfg(not(stratal_loom))]
mod elastic;
#[cfg(not(stratal_loom))]
mod global;
#[cfg(all(feature = "hardened", not(stratal_loom)))]
mod hardened;
#[cfg(not(stratal_loom))]
mod heap;
#[cfg(not(stratal_loom))]
mod holes;
#[cfg(not(stratal_loom))]
mod large;
#[cfg(not(stratal_loom))]
mod leak;
#[cfg(not(stratal_loom))]
mod letter;
#[cfg(not(stratal_loom))]
mod limits;
#[cfg(not(stratal_loom))]
mod meta;
#[cfg(not(stratal_loom))]
mod run_cache;
#[cfg(not(stratal_loom))]
mod runs;
#[cfg(not(stratal_loom))]
mod segment;
#[cfg(not(stratal_loom))]
mod shelf;
#[cfg(not(stratal_loom))]
mod slab;
#[cfg(not(stratal_loom))]
mod source;
#[cfg(not(stratal_loom))]
mod stats;
#[cfg(not(stratal_loom))]
mod stretch;
#[cfg(not(stratal_loom))]
mod thread;
#[cfg(not(stratal_loom))]
mod tracker;
#[cfg(not(stratal_loom))]
mod whole;

#[cfg(not(stratal_loom))]
pub use bounded::{Pool, PoolBuffer, PoolBuilder, PoolFull, PoolStats, SizeCount};
#[cfg(not(stratal_loom))]
pub use global::Stratal;
#[cfg(not(stratal_loom))]
pub use leak::{Leak, LeakDetector, LeakReport, LeakScope};
#[cfg(not(stratal_loom))]
pub use stats::{ClassStats, Stats};
#[cfg(not(stratal_loom))]
pub use tracker::{MemoryChange, MemoryTracker, MemoryUse};
