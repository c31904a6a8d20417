//! Page-locked host memory between frames and a device: slots of one chunk, each lent to one copy at a time.
//!
//! Invariant: a slot is free again only when the copy that holds it has ended, since the stream drops what it keeps only
//! then.

use crate::device::{Driver, Pinned};
use crate::error::Result;
use crate::object::CHUNK_BYTES;
use std::sync::{Arc, Mutex, PoisonError};

/// The slots of one direction.
#[derive(Debug)]
pub(super) struct Staging {
    free: Arc<Mutex<Vec<Pinned>>>,
}

/// Bytes of a slot, on loan.
#[derive(Debug)]
pub(super) struct Slot {
    pinned: Option<Pinned>,
    len: usize,
    free: Arc<Mutex<Vec<Pinned>>>,
}

impl Staging {
    /// Locks `slots` slots.
    ///
    /// # Errors
    /// What the driver says.
    pub(super) fn new(driver: &Arc<dyn Driver>, slots: usize) -> Result<Self> {
        let free = (0..slots).map(|_| Pinned::new(driver, CHUNK_BYTES as usize)).collect::<Result<_>>()?;
        Ok(Self { free: Arc::new(Mutex::new(free)) })
    }

    /// A slot for `len` bytes, if one is free.
    pub(super) fn take(&self, len: usize) -> Option<Slot> {
        let pinned = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        let len = len.min(pinned.len());
        Some(Slot { pinned: Some(pinned), len, free: Arc::clone(&self.free) })
    }
}

impl AsRef<[u8]> for Slot {
    fn as_ref(&self) -> &[u8] {
        self.pinned.as_ref().map_or(&[], |pinned| &pinned.as_ref()[..self.len])
    }
}

impl AsMut<[u8]> for Slot {
    fn as_mut(&mut self) -> &mut [u8] {
        let len = self.len;
        self.pinned.as_mut().map_or(&mut [], |pinned| &mut pinned.as_mut()[..len])
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.extend(self.pinned.take());
    }
}
