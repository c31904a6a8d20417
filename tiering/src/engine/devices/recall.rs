//! The way home: one thread brings chunks from its device into host frames, for fills that the worker has begun.
//!
//! Invariant: it waits for the device alone, never for host memory, so it always gets on and whoever waits for it too.

use super::staging::Slot;
use super::{DeviceTier, piece};
use crate::device::host::Block;
use crate::device::{DeviceBlock, Download};
use crate::engine::catalogue::WindowPlace;
use crate::engine::fill::Started;
use crate::engine::state::{Core, Shared};
use crate::error::{Error, ErrorKind, Result};
use crate::object::ChunkKey;
use crate::residency::state::Source;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Longest sleep without being called; only a safety net.
const NAP: Duration = Duration::from_secs(5);

/// A host copy to fill from the device.
#[derive(Debug)]
pub(super) struct Recall {
    key: ChunkKey,
    /// Where the bytes go, and which of it.
    block: Block,
    within: usize,
    len: usize,
    /// Where the block must lie.
    seat: Option<WindowPlace>,
    /// Where the bytes are.
    from: DeviceBlock,
    offset: u64,
}

impl Shared {
    /// The device that has a chunk as it is now.
    pub(in crate::engine) fn device_with(&self, core: &Core, key: ChunkKey) -> Option<usize> {
        let chunk = core.table.get(key).filter(|chunk| chunk.poison().is_none())?;
        self.devices.iter().position(|tier| chunk.is_valid(tier.tier))
    }

    /// Starts filling the host copy of a chunk from a device.
    pub(in crate::engine) fn start_recall(
        &self,
        core: &mut Core,
        at: usize,
        key: ChunkKey,
        block: Block,
    ) -> Started {
        let from = core.devices[at].berths.get(&key.object).and_then(|berth| berth.block.clone());
        let object = core.catalogue.get(key.object);
        let found = object.map(|object| (piece(&object.placement, key.chunk), object.place(key.chunk)));
        let source = Source::Tier(self.devices[at].tier);
        let begun = core.table.get_mut(key).is_some_and(|chunk| chunk.begin_fill(self.host, source).is_ok());
        match (begun, from, found) {
            (true, Some(from), Some((piece, seat))) => {
                let (within, len, offset) = (piece.within, piece.len, piece.start);
                let recall = Recall { key, block, within, len, seat, from, offset };
                core.devices[at].recalls.push_back(recall);
                self.devices[at].recalls.notify_all();
                Started::Yes
            }
            (begun, ..) => {
                if begun && let Some(chunk) = core.table.get_mut(key) {
                    // Refused only where no fill was under way.
                    let _ = chunk.fill_failed(self.host);
                }
                self.free_block(core, block);
                Started::NotNow
            }
        }
    }
}

/// The thread of the way home.
#[derive(Debug)]
pub(super) struct Caller {
    shared: Arc<Shared>,
    at: usize,
}

impl Caller {
    pub(super) fn new(shared: Arc<Shared>, at: usize) -> Self {
        Self { shared, at }
    }

    fn tier(&self) -> &DeviceTier {
        &self.shared.devices[self.at]
    }

    /// Brings home until the engine is closed.
    pub(super) fn run(self) {
        let mut flying = VecDeque::new();
        while let Some(next) = self.next(flying.is_empty()) {
            let slot = next.as_ref().and_then(|recall| self.tier().staging_down.take(recall.len));
            match (next, slot) {
                (Some(recall), Some(slot)) => {
                    match self.tier().down.download(slot, &recall.from, recall.offset) {
                        Ok(download) => flying.push_back((recall, download)),
                        Err(error) => self.ended(recall, Err(error)),
                    }
                }
                (Some(recall), None) => {
                    self.shared.lock().devices[self.at].recalls.push_front(recall);
                    match flying.pop_front() {
                        Some((recall, download)) => self.land(recall, download),
                        None => self.reclaim(),
                    }
                }
                (None, _) => {
                    if let Some((recall, download)) = flying.pop_front() {
                        self.land(recall, download);
                    }
                }
            }
        }
        // Whoever waited for these has been told; the frames go with the engine.
        flying.into_iter().for_each(|(_, download)| drop(download.wait(self.shared.policy.deadline())));
    }

    /// The next chunk to bring home, none while others are under way; `None` once the engine is closed.
    fn next(&self, idle: bool) -> Option<Option<Recall>> {
        let mut core = self.shared.lock();
        loop {
            if core.closed.is_some() {
                return None;
            }
            let recall = core.devices[self.at].recalls.pop_front();
            if recall.is_some() || !idle {
                return Some(recall);
            }
            let recalls = &self.tier().recalls;
            core = recalls.wait_timeout(core, NAP).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Has the stream let go of slots whose copies have ended but were not waited for.
    fn reclaim(&self) {
        let finished = self.tier().down.finish(self.shared.policy.deadline());
        if let Err(error) = finished {
            let recall = self.shared.lock().devices[self.at].recalls.pop_front();
            if let Some(recall) = recall {
                self.ended(recall, Err(error));
            }
        }
    }

    fn land(&self, mut recall: Recall, download: Download<Slot>) {
        let landed = download.wait(self.shared.policy.deadline()).and_then(|slot| recall.take(&slot));
        self.ended(recall, landed);
    }

    /// Says what came of a fill.
    fn ended(&self, recall: Recall, result: Result<()>) {
        let Recall { key, block, len, from, .. } = recall;
        // Before the lock: it may be the last handle.
        drop(from);
        let shared = &self.shared;
        if result.is_ok() {
            shared.counters.bytes_downloaded.add(len as u64);
        }
        let mut core = shared.lock();
        let named = |error: Error| error.with("tier", &self.tier().name);
        shared.fill_ended(&mut core, key, block, result.map_err(named));
        shared.notice_loss(&mut core, self.at);
        shared.drop_lost(&mut core, self.at, key.object);
        shared.grant_ready(&mut core);
        drop(core);
        shared.changed.notify_all();
        shared.wake();
    }
}

impl Recall {
    /// Puts the bytes where the lease will find them.
    fn take(&mut self, slot: &Slot) -> Result<()> {
        if let Some(seat) = &self.seat {
            seat.take(&mut self.block)?;
        }
        let target = self.block.as_mut_slice().get_mut(self.within..self.within + self.len);
        let none = || Error::new(ErrorKind::Shape, "a chunk is longer than its block");
        target.ok_or_else(none)?.copy_from_slice(slot.as_ref());
        Ok(())
    }
}
