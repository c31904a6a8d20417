//! A chunk's host copy, leased by a thread of the engine itself: it fetches, waits and counts like any other lease.

use super::super::request::Span;
use super::super::slice::Lent;
use super::super::state::Shared;
use super::Asked;
use crate::error::Result;
use crate::object::ChunkKey;
use crate::observe::spans::LeaseSpan;
use std::sync::Arc;
use stratal_runtime::tensor::managed::{Access, Held};

/// Bytes of one chunk, to read. Keeps no engine: it does not outlive the thread that holds it.
#[derive(Debug)]
pub(in crate::engine) struct HostBytes<'a> {
    shared: &'a Arc<Shared>,
    held: Held,
}

impl<'a> HostBytes<'a> {
    /// Leases `len` bytes from `start` of an object, all of them in one chunk.
    ///
    /// # Errors
    /// Those of any lease.
    pub(in crate::engine) fn lease(
        shared: &'a Arc<Shared>,
        key: ChunkKey,
        start: u64,
        len: usize,
    ) -> Result<Self> {
        let told = LeaseSpan::begin("lift");
        let mut core = shared.enter(u64::from(key.object))?;
        shared.catch_up(&mut core);
        core.catalogue.live(key.object)?;
        let span = Span { object: key.object, chunks: key.chunk..=key.chunk };
        let lent = Lent { span, start, len, is_slice: false };
        let held = match shared.ask_lent(&mut core, lent, Access::Read)? {
            Asked::Leased(lent) => {
                let held = shared.hold(&mut core, lent, Access::Read);
                drop(core);
                shared.wake();
                held
            }
            Asked::Absent(lent) => shared.acquire_absent(core, lent, Access::Read, &told),
            Asked::Nothing => Ok(super::NOTHING),
        };
        held.map(|held| Self { shared, held })
    }

    /// The bytes.
    pub(in crate::engine) fn as_slice(&self) -> &[u8] {
        // SAFETY:
        // - the chunk is leased until `drop`, so `bytes .. bytes + len` stays valid and nobody writes it;
        // - the borrow ends with this value.
        unsafe { std::slice::from_raw_parts(self.held.bytes.as_ptr(), self.held.len) }
    }
}

impl Drop for HostBytes<'_> {
    fn drop(&mut self) {
        self.shared.release(self.held.token);
    }
}
