//! The files a driver knows, by slot.
//!
//! Invariant: a slot is given to another file only after `detach` and after its last flight has landed, so a slot
//! number that the kernel or a worker still holds never comes to name a different file.

use super::FileSlot;
use super::file::IoFile;
use crate::error::{Error, ErrorKind, Result};
use std::sync::Arc;

/// Attached files and the flights over each.
#[derive(Debug, Default)]
pub(super) struct Files {
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    file: Option<Arc<IoFile>>,
    flights: usize,
    leaving: bool,
}

impl Files {
    /// Gives a file a slot, the lowest that is free.
    pub(super) fn attach(&mut self, file: Arc<IoFile>) -> Result<FileSlot> {
        let free = self.slots.iter().position(|slot| slot.file.is_none()).unwrap_or(self.slots.len());
        let Ok(index) = u16::try_from(free) else {
            let error = Error::new(ErrorKind::Unsupported, "all 65536 file slots of the driver are taken");
            return Err(error.with("file", file.path().display()));
        };
        let slot = Slot { file: Some(file), flights: 0, leaving: false };
        match self.slots.get_mut(free) {
            Some(old) => *old = slot,
            None => self.slots.push(slot),
        }
        Ok(FileSlot(index))
    }

    /// Takes no further flights over a slot; true when it is free now, false when flights are still over it.
    pub(super) fn detach(&mut self, slot: FileSlot) -> bool {
        let Some(entry) = self.slots.get_mut(usize::from(slot.0)) else { return false };
        entry.leaving = true;
        entry.free_if_idle()
    }

    /// Counts a flight over a slot and names its file; `None` when no file is attached there.
    pub(super) fn depart(&mut self, slot: FileSlot) -> Option<Arc<IoFile>> {
        let entry = self.slots.get_mut(usize::from(slot.0)).filter(|entry| !entry.leaving)?;
        let file = entry.file.clone()?;
        entry.flights += 1;
        Some(file)
    }

    /// Counts a flight as ended; true when this freed the slot of a detached file.
    pub(super) fn land(&mut self, slot: FileSlot) -> bool {
        let Some(entry) = self.slots.get_mut(usize::from(slot.0)) else { return false };
        entry.flights = entry.flights.saturating_sub(1);
        entry.free_if_idle()
    }
}

impl Slot {
    fn free_if_idle(&mut self) -> bool {
        self.leaving && self.flights == 0 && self.file.take().is_some()
    }
}

#[cfg(test)]
mod tests;
