//! The way up: one thread brings objects to its device, chunk by chunk.
//!
//! ```text
//!  host lease on chunk n ── copied ──> slot ── upload ──> block      the lease ends once the bytes are in the slot
//!  chunk n + 1 is leased, fetched and copied meanwhile: disk, processor and link work side by side
//! ```
//!
//! Invariant: the generation that a slot holds is that of the host lease, which is held until residency knows of the copy.

use super::{DeviceTier, Piece, piece, whole};
use crate::device::{DeviceBlock, Event};
use crate::engine::lease::HostBytes;
use crate::engine::request::Span;
use crate::engine::state::{Core, Shared};
use crate::error::{Error, ErrorKind, Result};
use crate::object::ChunkKey;
use crate::residency::state::Source;
use crate::transfer::Placement;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Longest sleep without being called; only a safety net.
const NAP: Duration = Duration::from_secs(5);

/// Chunks that are asked for while one is copied.
const READ_AHEAD: u32 = 8;

/// Why an object is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A lease waits for it.
    Demand,
    /// The schedule or the application needs it soon.
    Ahead,
}

/// The thread of the way up.
#[derive(Debug)]
pub(super) struct Lifter {
    pub(super) shared: Arc<Shared>,
    pub(super) at: usize,
    /// Uploads that may hold slots, oldest first.
    flying: VecDeque<Event>,
}

impl Lifter {
    pub(super) fn new(shared: Arc<Shared>, at: usize) -> Self {
        Self { shared, at, flying: VecDeque::new() }
    }

    pub(super) fn tier(&self) -> &DeviceTier {
        &self.shared.devices[self.at]
    }

    /// Lifts until the engine is closed.
    pub(super) fn run(mut self) {
        while let Some((object, cause)) = self.next() {
            let result = self.lift(object, cause);
            self.ended(object, cause, result);
        }
    }

    /// The next object to lift, marked as being worked on; `None` once the engine is closed.
    fn next(&self) -> Option<(u32, Cause)> {
        let mut core = self.shared.lock();
        loop {
            if core.closed.is_some() {
                return None;
            }
            let residents = &mut core.devices[self.at];
            let demanded = residents.demanded.pop_front().map(|object| (object, Cause::Demand));
            let job = demanded.or_else(|| residents.ahead.pop_front().map(|object| (object, Cause::Ahead)));
            match job {
                Some((object, cause)) => {
                    // Given up meanwhile, unless it says so.
                    let berth = residents.berths.get_mut(&object).filter(|berth| berth.queued);
                    if let Some(berth) = berth {
                        berth.queued = false;
                        berth.busy = true;
                        residents.victims.remove(whole(object));
                        return Some((object, cause));
                    }
                }
                None => {
                    let lifts = &self.tier().lifts;
                    core = lifts.wait_timeout(core, NAP).unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Brings every chunk up that the device has not as it is now. Returns whether there was room.
    fn lift(&mut self, object: u32, cause: Cause) -> Result<bool> {
        let Some(placement) = self.placement(object) else { return Ok(true) };
        let Some(block) = self.make_berth(object, placement.bytes, cause)? else { return Ok(false) };
        for chunk in 0..placement.chunks() {
            if self.needs(object, chunk, placement.chunks())? {
                self.lift_chunk(object, piece(&placement, chunk), &block)?;
            }
        }
        Ok(true)
    }

    fn placement(&self, object: u32) -> Option<Placement> {
        let core = self.shared.lock();
        core.catalogue.live(object).ok().map(|object| object.placement)
    }

    /// Whether a chunk has to be lifted; those after it are asked for meanwhile.
    fn needs(&self, object: u32, chunk: u32, chunks: u32) -> Result<bool> {
        let mut core = self.shared.lock();
        core.open()?;
        core.catalogue.live(object)?;
        let tier = self.tier().tier;
        let absent = |core: &Core, chunk| {
            core.table.get(ChunkKey { object, chunk }).is_some_and(|record| !record.is_valid(tier))
        };
        let needs = absent(&core, chunk);
        let next = chunk + 1;
        if needs && next < chunks && chunk.is_multiple_of(READ_AHEAD) {
            let last = chunks.min(next + 2 * READ_AHEAD) - 1;
            self.shared.hint(&mut core, &Span { object, chunks: next..=last });
            drop(core);
            self.shared.wake();
        }
        Ok(needs)
    }

    fn lift_chunk(&mut self, object: u32, piece: Piece, block: &DeviceBlock) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let (tier, host, key) = (self.tier().tier, shared.host, ChunkKey { object, chunk: piece.chunk });
        let bytes = HostBytes::lease(&shared, key, piece.start, piece.len)?;
        let mut slot = self.slot(piece.len)?;
        slot.as_mut().copy_from_slice(bytes.as_slice());
        let begun = {
            let mut core = shared.lock();
            let chunk = core.table.get_mut(key);
            chunk.is_some_and(|chunk| chunk.begin_fill(tier, Source::Tier(host)).is_ok())
        };
        if !begun {
            // Written or dropped since: whoever wants it asks again.
            return Ok(());
        }
        let uploaded = self.tier().up.upload(block, piece.start, slot);
        let mut core = shared.lock();
        let Some(chunk) = core.table.get_mut(key) else { return Ok(()) };
        let kept = match &uploaded {
            Ok(_) => chunk.fill_done(tier).map(drop),
            Err(_) => chunk.fill_failed(tier),
        };
        debug_assert!(kept.is_ok(), "nobody else fills copies on this device");
        drop(core);
        while self.flying.front().is_some_and(|oldest| matches!(oldest.is_past(), Ok(true))) {
            self.flying.pop_front();
        }
        self.flying.push_back(uploaded?);
        shared.counters.bytes_uploaded.add(piece.len as u64);
        Ok(())
    }

    /// A slot of staging, waiting for the oldest upload where none is free.
    fn slot(&mut self, len: usize) -> Result<super::staging::Slot> {
        loop {
            if let Some(slot) = self.tier().staging_up.take(len) {
                return Ok(slot);
            }
            let deadline = self.shared.policy.deadline();
            match self.flying.pop_front() {
                // The stream lets go of what it kept when the next work goes in.
                Some(event) => event.wait(deadline).and_then(|()| self.tier().up.record().map(drop))?,
                None => {
                    self.tier().up.finish(deadline)?;
                    let free = self.tier().staging_up.take(len);
                    let none = || Error::new(ErrorKind::Deadline, "the device does not give staging back");
                    return free.ok_or_else(none);
                }
            }
        }
    }

    /// Says what came of a lift.
    fn ended(&self, object: u32, cause: Cause, result: Result<bool>) {
        let shared = &self.shared;
        let mut core = shared.lock();
        if let Some(berth) = core.devices[self.at].berths.get_mut(&object) {
            berth.busy = false;
            berth.ahead = cause == Cause::Ahead && matches!(result, Ok(true)) && berth.wanted == 0;
        }
        match result {
            Ok(true) if cause == Cause::Ahead => shared.counters.device_prefetches.add(1),
            Ok(true) => {}
            Ok(false) => core.devices[self.at].follower.cancelled(whole(object)),
            Err(error) => self.failed(&mut core, object, cause, error),
        }
        shared.drop_lost(&mut core, self.at, object);
        shared.settle_berth(&mut core, self.at, object);
        shared.collect(&mut core, object);
        shared.grant_ready(&mut core);
        drop(core);
        shared.changed.notify_all();
        shared.wake();
    }

    fn failed(&self, core: &mut Core, object: u32, cause: Cause, error: Error) {
        let shared = &self.shared;
        shared.counters.failed_transfers.add(1);
        let error = error.with("tier", &self.tier().name);
        if cause == Cause::Ahead {
            core.devices[self.at].follower.cancelled(whole(object));
        }
        if error.kind() != ErrorKind::Closed {
            shared.event("lift failed", &error);
        }
        if let Some(berth) = core.devices[self.at].berths.get_mut(&object) {
            berth.failures = berth.failures.wrapping_add(1);
            berth.error = Some(error);
        }
        shared.notice_loss(core, self.at);
    }
}
