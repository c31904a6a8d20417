//! What happened, in numbers: relaxed atomics that anyone adds to, and snapshots that can be subtracted.
//!
//! The counters of one engine obey, whenever nothing is in flight:
//!
//! ```text
//! chunk_leases   = hits + misses                        every chunk of a lease is one or the other
//! misses         = demand_fetches + late_prefetches     + those that joined a fetch under way for another lease
//! bytes_read     ≥ payload of (demand_fetches + prefetches)   more only by block alignment and retries
//! bytes_written  ≥ payload of spills
//! evictions      = evictions_clean + evictions_spilled
//! ```

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// One table makes the atomics, the snapshot, the difference and the text, so that none can forget a counter.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of one engine, added to from any thread.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: Counter,)*
        }

        impl Counters {
            /// All values now. Each is exact; between two of them others may have moved on.
            #[must_use]
            pub fn snapshot(&self) -> Snapshot {
                Snapshot { $($name: self.$name.get(),)* }
            }
        }

        /// Values of [`Counters`] at one moment, or what was added between two.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Snapshot {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Snapshot {
            /// Names and values, in order.
            #[must_use]
            pub fn fields(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }

        impl std::ops::Sub for Snapshot {
            type Output = Self;

            /// What was added since `earlier`.
            fn sub(self, earlier: Self) -> Self {
                Self { $($name: self.$name.saturating_sub(earlier.$name),)* }
            }
        }
    };
}

counters! {
    /// Bytes read from files, alignment and retries included.
    bytes_read,
    /// Bytes written to files, alignment and retries included.
    bytes_written,
    /// Bytes that the store gave back and whose checksum was judged.
    bytes_verified,
    /// Reads of the store whose checksum was wrong.
    checksum_mismatches,
    /// Bytes copied by the processor, as out of staging for an unaligned origin.
    bytes_copied,
    /// Leases taken on tensors or slices.
    leases,
    /// Chunks of those leases.
    chunk_leases,
    /// Chunks that were resident when leased.
    hits,
    /// Chunks that a lease had to wait for.
    misses,
    /// Fetches started because a lease waits.
    demand_fetches,
    /// Fetches started before need.
    prefetches,
    /// Prefetches that were still under way when their lease came.
    late_prefetches,
    /// Prefetched copies evicted before any lease used them.
    wasted_prefetches,
    /// Copies evicted that their home held already: nothing was written.
    evictions_clean,
    /// Copies evicted after a spill.
    evictions_spilled,
    /// Copies written to the store.
    spills,
    /// Of those, chunks of one value: nothing was written.
    spills_constant,
    /// Bytes of chunks that were encoded for the store.
    bytes_encoded,
    /// Bytes that encoding saved.
    bytes_saved,
    /// Leases to write that waited because too much was dirty.
    writes_throttled,
    /// Nanoseconds that leases waited for bytes.
    stall_ns,
    /// Transfers that moved fewer bytes than asked and were resubmitted.
    short_transfers,
    /// Transfers tried again after an error.
    retries,
    /// Transfers that failed for good.
    failed_transfers,
    /// Schedules learned from a recorded pass.
    schedules,
    /// Bytes copied from host memory to devices.
    bytes_uploaded,
    /// Bytes copied from devices to host memory.
    bytes_downloaded,
    /// Leases on a device that found all bytes there.
    device_hits,
    /// Leases on a device that had to wait for bytes.
    device_misses,
    /// Objects evicted from a device that the host or home held as well: nothing was moved.
    device_evictions_clean,
    /// Objects evicted from a device after some of their bytes went to the host.
    device_evictions_demoted,
    /// Objects lifted to a device before need.
    device_prefetches,
    /// Of those, evicted before any lease used them.
    device_prefetches_wasted,
}

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Its value now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Snapshot {
    /// `name value` pairs that are not zero, separated by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moved = self.fields().into_iter().filter(|(_, value)| *value != 0);
        for (i, (name, value)) in moved.enumerate() {
            write!(f, "{}{name} {value}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
