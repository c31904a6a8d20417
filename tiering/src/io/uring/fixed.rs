//! Files and memory that the kernel knows beforehand, so that a transfer names them by number.
//!
//! Invariant: a number is used only after the kernel took the registration; everything else goes by descriptor and
//! address. A refusal (an old kernel, a memlock limit) costs speed, never a transfer.
//!
//! Memory is pinned at registration. Its pages may be remapped to other addresses afterwards; the kernel goes on
//! finding them by the address they had then, which is what [`FixedPlace::address`] carries.

use crate::io::file::IoFile;
use crate::io::{FileSlot, FixedPlace};
use io_uring::{IoUring, types};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::NonNull;

/// Most bytes the kernel takes as one registered buffer.
const MAX_ENTRY_BYTES: usize = 1 << 30;

/// Registered buffers the ring has room for: 1 TiB in the largest entries.
const MEMORY_ENTRIES: u32 = 1024;

/// Files the ring has room for; the kernel allows no more than the process may open.
const FILE_ENTRIES: [u32; 2] = [1024, 256];

/// The ring's table of files.
#[derive(Debug, Default)]
pub(super) struct FixedFiles {
    taken: Vec<bool>,
}

impl FixedFiles {
    /// Asks for a table of files, smaller or none where refused.
    pub(super) fn new(ring: &IoUring) -> Self {
        let size = FILE_ENTRIES.iter().find(|&&size| ring.submitter().register_files_sparse(size).is_ok());
        Self { taken: vec![false; size.map_or(0, |&size| size as usize)] }
    }

    /// Puts a file in the table under its slot, if the table reaches that far.
    pub(super) fn insert(&mut self, ring: &IoUring, slot: FileSlot, file: &IoFile) {
        if let Some(taken) = self.taken.get_mut(usize::from(slot.0)) {
            let fd = file.as_fd().as_raw_fd();
            *taken = ring.submitter().register_files_update(u32::from(slot.0), &[fd]).is_ok();
        }
    }

    /// Takes a file out of the table.
    pub(super) fn remove(&mut self, ring: &IoUring, slot: FileSlot) {
        if let Some(taken) = self.taken.get_mut(usize::from(slot.0)).filter(|taken| **taken) {
            *taken = ring.submitter().register_files_update(u32::from(slot.0), &[-1]).is_err();
        }
    }

    /// Whether transfers may name the file by its slot.
    pub(super) fn knows(&self, slot: FileSlot) -> bool {
        self.taken.get(usize::from(slot.0)).copied().unwrap_or(false)
    }
}

/// The ring's table of memory.
#[derive(Debug)]
pub(super) struct Regions {
    /// By their first entry.
    regions: Vec<Region>,
    room: u32,
}

#[derive(Clone, Copy, Debug)]
struct Region {
    /// `None` where transfers no longer name it, but the kernel has it still.
    index: Option<u16>,
    base: u64,
    len: u64,
    first_entry: u32,
}

impl Region {
    fn entries(&self) -> u32 {
        // At most as many as the table has.
        self.len.div_ceil(MAX_ENTRY_BYTES as u64) as u32
    }
}

impl Regions {
    /// Asks for a table of memory; none where refused.
    pub(super) fn new(ring: &IoUring) -> Self {
        let taken = ring.submitter().register_buffers_sparse(MEMORY_ENTRIES).is_ok();
        Self { regions: Vec::new(), room: if taken { MEMORY_ENTRIES } else { 0 } }
    }

    /// Registers `base .. base + len` as region `index`, in entries of at most 1 GiB; whether all of it was taken.
    ///
    /// # Safety
    /// The pages stay allocated until the ring is dropped or the region unregistered.
    pub(super) unsafe fn register(
        &mut self,
        ring: &IoUring,
        index: u16,
        base: NonNull<u8>,
        len: usize,
    ) -> bool {
        let known = self.regions.iter().any(|region| region.index == Some(index));
        let entries = len.div_ceil(MAX_ENTRY_BYTES);
        let Some((at, first_entry)) = self.gap(entries).filter(|_| !known && entries > 0) else {
            return false;
        };
        let pieces: Vec<libc::iovec> = (0..entries)
            .map(|entry| {
                let skip = entry * MAX_ENTRY_BYTES;
                let start = base.as_ptr().wrapping_add(skip);
                libc::iovec { iov_base: start.cast(), iov_len: (len - skip).min(MAX_ENTRY_BYTES) }
            })
            .collect();
        // SAFETY:
        // - the pieces cover `base .. base + len`, which the caller keeps allocated until they are forgotten
        let taken = unsafe { ring.submitter().register_buffers_update(first_entry, &pieces, None) }.is_ok();
        let base = base.as_ptr().addr() as u64;
        let region = Region { index: taken.then_some(index), base, len: len as u64, first_entry };
        // A failing call may have filled some entries.
        if taken || !clear(ring, &region) {
            self.regions.insert(at, region);
        }
        taken
    }

    /// Forgets a region, and has the kernel forget it where `told` says that it has all submissions that name it.
    /// Returns whether nothing of it is pinned by its entries any more.
    pub(super) fn unregister(&mut self, ring: &IoUring, index: u16, told: bool) -> bool {
        let Some(at) = self.regions.iter().position(|region| region.index == Some(index)) else {
            return true;
        };
        let cleared = told && clear(ring, &self.regions[at]);
        if cleared {
            self.regions.remove(at);
        } else {
            self.regions[at].index = None;
        }
        cleared
    }

    /// Where a region of so many entries goes in the list, and its first entry.
    fn gap(&self, entries: usize) -> Option<(usize, u32)> {
        let ends = self.regions.iter().map(|region| region.first_entry + region.entries());
        let starts = self.regions.iter().map(|region| region.first_entry).chain([self.room]);
        let free = std::iter::once(0).chain(ends).zip(starts).enumerate();
        free.map(|(at, (start, end))| (at, start, end))
            .find(|(_, start, end)| (end - start) as usize >= entries)
            .map(|(at, start, _)| (at, start))
    }

    /// The entry and address by which the kernel finds `len` bytes at `place`, if it knows them.
    pub(super) fn find(&self, place: FixedPlace, len: u32) -> Option<(u16, u64)> {
        let region = self.regions.iter().find(|region| region.index == Some(place.region))?;
        let skip = place.address.checked_sub(region.base)?;
        let last = skip.checked_add(u64::from(len).checked_sub(1)?)?;
        let entry = skip / MAX_ENTRY_BYTES as u64;
        if last >= region.len || last / MAX_ENTRY_BYTES as u64 != entry {
            return None;
        }
        let entry = u16::try_from(u64::from(region.first_entry) + entry).ok()?;
        Some((entry, place.address))
    }
}

/// Empties the entries of a region.
fn clear(ring: &IoUring, region: &Region) -> bool {
    let nothing = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
    let pieces = vec![nothing; region.entries() as usize];
    // SAFETY: the entries are given no memory at all.
    unsafe { ring.submitter().register_buffers_update(region.first_entry, &pieces, None) }.is_ok()
}

/// The file of a transfer, by number where the kernel knows one.
pub(super) enum Target {
    /// By number.
    Fixed(types::Fixed),
    /// By descriptor.
    Plain(types::Fd),
}

impl FixedFiles {
    /// How a transfer names the file.
    pub(super) fn target(&self, slot: FileSlot, file: &IoFile) -> Target {
        if self.knows(slot) {
            Target::Fixed(types::Fixed(u32::from(slot.0)))
        } else {
            Target::Plain(types::Fd(file.as_fd().as_raw_fd()))
        }
    }
}

#[cfg(test)]
mod tests;
