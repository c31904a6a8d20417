//! Copies that own what they need: safe to submit, and safe to forget.
//!
//! Host bytes go into a copy by value, and the stream holds them until it has ended; a block remembers the copy among its
//! uses, and its pool takes no bytes away from their address before those have ended. So nothing that a copy touches
//! can be freed under it (invariant 4).

use super::lock::lock;
use super::order::Touch;
use super::pool::DeviceBlock;
use super::stream::{Event, Stream};
use crate::error::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex};
use std::time::Duration;

impl Stream {
    /// Copies all of `from` into `to`, beginning at `offset`; the bytes are dropped when the copy has ended.
    ///
    /// # Errors
    /// `Shape` when the block is too short, `Unsupported` when it is on another device, what the driver says.
    pub fn upload<B: AsRef<[u8]> + Send + 'static>(
        &self,
        to: &DeviceBlock,
        offset: u64,
        from: B,
    ) -> Result<Event> {
        self.at_home(to)?;
        let from = Box::new(from);
        let bytes = (*from).as_ref();
        let (start, len) = (bytes.as_ptr(), bytes.len() as u64);
        let at = to.range(offset, len)?;
        let mut turn = self.turn();
        turn.uses(to.uses(), Touch::Write)?;
        if len > 0 {
            // SAFETY:
            // - the bytes are in a box or behind it, borrowed from it, and the stream keeps it untouched until the copy
            //   has ended;
            // - the block stays mapped until its uses have ended, and orders them.
            unsafe { turn.upload(at, start, len) }?;
        }
        turn.keep(from);
        turn.end()
    }

    /// Copies from `offset` of `from` until `into` is full.
    ///
    /// # Errors
    /// As [`Stream::upload`].
    pub fn download<B: AsMut<[u8]> + Send + 'static>(
        &self,
        into: B,
        from: &DeviceBlock,
        offset: u64,
    ) -> Result<Download<B>> {
        self.at_home(from)?;
        let bytes = Arc::new(Mutex::new(Some(into)));
        let (start, len) = {
            let mut held = lock(&bytes);
            let into = held.as_mut().map(AsMut::as_mut).unwrap_or_default();
            (into.as_mut_ptr(), into.len() as u64)
        };
        let at = from.range(offset, len)?;
        let mut turn = self.turn();
        turn.uses(from.uses(), Touch::Read)?;
        if len > 0 {
            // SAFETY:
            // - the bytes are in the shared cell or behind it; the stream keeps the cell, and nobody opens it before
            //   the copy has ended;
            // - the block stays mapped until its uses have ended, and orders them.
            unsafe { turn.download(start, at, len) }?;
        }
        turn.keep(Box::new(Arc::clone(&bytes)));
        Ok(Download { event: turn.end()?, bytes })
    }

    /// Copies `len` bytes between blocks of one device, or from a neighbour's block to one of this stream's device.
    ///
    /// # Errors
    /// As [`Stream::upload`]; `Conflict` when the ranges are in one block and overlap.
    pub fn copy(
        &self,
        to: &DeviceBlock,
        at: u64,
        from: &DeviceBlock,
        offset: u64,
        len: u64,
    ) -> Result<Event> {
        self.at_home(to)?;
        let (target, source) = (to.range(at, len)?, from.range(offset, len)?);
        let (here, there) = (self.driver(), from.driver());
        if here.family() != there.family() {
            return Err(self.foreign(&there.properties().name));
        }
        if target.0 < source.0 + len && source.0 < target.0 + len && Arc::ptr_eq(here, there) {
            return Err(Error::new(ErrorKind::Conflict, "a copy onto itself"));
        }
        let mut turn = self.turn();
        turn.uses(from.uses(), Touch::Read)?;
        turn.uses(to.uses(), Touch::Write)?;
        if len > 0 {
            if here.peer_token() == there.peer_token() {
                // SAFETY: the ranges do not overlap; both blocks stay mapped until their uses have ended, and order them.
                unsafe { here.copy(target, source, len, self.raw()) }?;
            } else {
                // SAFETY: as above; a pool keeps its device until its uses have ended.
                unsafe { here.copy_peer(target, there.peer_token(), source, len, self.raw()) }?;
            }
        }
        turn.end()
    }

    /// Sets `len` bytes of a block.
    ///
    /// # Errors
    /// As [`Stream::upload`].
    pub fn fill(&self, block: &DeviceBlock, offset: u64, len: u64, byte: u8) -> Result<Event> {
        self.at_home(block)?;
        let at = block.range(offset, len)?;
        let mut turn = self.turn();
        turn.uses(block.uses(), Touch::Write)?;
        if len > 0 {
            // SAFETY: the block stays mapped until its uses have ended, and orders them.
            unsafe { self.driver().fill(at, byte, len, self.raw()) }?;
        }
        turn.end()
    }

    fn at_home(&self, block: &DeviceBlock) -> Result<()> {
        let (here, there) = (self.driver(), block.driver());
        if here.family() == there.family() && here.peer_token() == there.peer_token() {
            return Ok(());
        }
        Err(self.foreign(&there.properties().name))
    }

    fn foreign(&self, other: &str) -> Error {
        Error::new(ErrorKind::Unsupported, "the block is on another device than the stream")
            .with("device", &self.driver().properties().name)
            .with("other", other)
    }
}

/// Host bytes on their way back from a device. Dropping it drops them once the copy has ended.
#[derive(Debug)]
#[must_use = "the bytes come back through `wait`"]
pub struct Download<B> {
    event: Event,
    bytes: Arc<Mutex<Option<B>>>,
}

impl<B> Download<B> {
    /// Where the copy ends.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Waits for the copy and returns the bytes.
    ///
    /// # Errors
    /// `Deadline`, after which the bytes are gone with the copy; `Lost`, and what the driver says.
    pub fn wait(self, timeout: Duration) -> Result<B> {
        self.event.wait(timeout)?;
        let bytes = lock(&self.bytes).take();
        bytes.ok_or_else(|| Error::new(ErrorKind::Closed, "the bytes were taken before"))
    }
}
