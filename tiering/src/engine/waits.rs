//! How long leases waited, and for which tensors.
//!
//! ```text
//! leases.sum = counters.stall_ns = Σ waited_ns over tensors and the rest     every wait is counted in all three
//! misses ⊆ leases                                                            those that waited for bytes to come
//! ```

use super::request::Request;
use super::state::{Core, Shared};
use crate::observe::gauges;
use crate::observe::histogram::Histogram;
use crate::observe::stalls::Stalls;
use std::sync::Arc;

/// Waits of one engine.
#[derive(Debug, Default)]
pub(super) struct Waits {
    /// Of every lease that had to wait, whatever for.
    pub(super) leases: Histogram,
    /// Of those, the ones that waited for bytes that were not there.
    pub(super) misses: Histogram,
    pub(super) by_tensor: Stalls,
}

/// A wait that is over, to be told outside the lock.
#[derive(Debug)]
pub(super) struct Waited {
    pub(super) tensor: Arc<str>,
    pub(super) ns: u64,
    /// Whether bytes were missing.
    pub(super) missed: bool,
}

impl Waited {
    /// Tells whoever listens.
    pub(super) fn tell(&self) {
        gauges::waited(self.ns, self.missed);
    }
}

impl Shared {
    /// A request has its answer, `ns` after it was made.
    pub(super) fn note_wait(&self, core: &Core, request: &Request, ns: u64) -> Waited {
        let tensor = core.catalogue.name(request.span.object);
        self.counters.stall_ns.add(ns);
        self.waits.leases.record(ns);
        if request.missed {
            self.waits.misses.record(ns);
        }
        self.waits.by_tensor.note(&tensor, ns);
        Waited { tensor, ns, missed: request.missed }
    }
}
