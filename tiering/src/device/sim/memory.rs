//! The simulator's memory: addresses of its own, and frames that are mapped into them.
//!
//! Frames are ranges of one unnamed file in memory, so that the same bytes can lie at one address now and at another
//! later, as on a device. Reserved addresses without a frame belong to nobody: what reads them faults.
//!
//! ```text
//! file       [ frame 0 |  free  | frame 2 ]
//!                │ map               │
//! addresses  [ 0x7f..00 | hole | 0x7f..40 ]        one reservation
//! ```
//!
//! Invariants: `used_bytes` is the sum of the frames and at most `memory_bytes`; frames are disjoint; what is mapped
//! is inside a reservation and disjoint.

use super::super::driver::{Address, RawFrame};
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Frames come in multiples of this.
pub(super) const GRANULARITY: u64 = 2 << 20;

/// What lies at some addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    pub(super) len: u64,
    /// Where its bytes are in the file.
    pub(super) at: u64,
    frame: u64,
}

#[derive(Debug)]
pub(super) struct Memory {
    file: OwnedFd,
    memory_bytes: u64,
    used_bytes: u64,
    next_frame: u64,
    /// Offset in the file and length, by handle.
    frames: BTreeMap<u64, (u64, u64)>,
    reservations: BTreeMap<u64, u64>,
    mappings: BTreeMap<u64, Mapping>,
}

fn refused(what: &'static str) -> Error {
    Error::new(ErrorKind::OutOfMemory, what).caused_by(io::Error::last_os_error())
}

fn invalid(what: &'static str) -> Error {
    Error::new(ErrorKind::Device, what)
}

/// A length as the host counts; the simulator has the host's addresses.
fn host(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

impl Memory {
    pub(super) fn new(memory_bytes: u64) -> Result<Self> {
        // SAFETY: the name is a C string.
        let raw = unsafe { libc::memfd_create(c"stratal-sim".as_ptr(), libc::MFD_CLOEXEC) };
        if raw < 0 {
            return Err(refused("no file in memory for the simulator"));
        }
        // SAFETY: the descriptor was made just now.
        let file = unsafe { OwnedFd::from_raw_fd(raw) };
        let len = i64::try_from(memory_bytes).unwrap_or(i64::MAX);
        // SAFETY: the descriptor is open.
        if unsafe { libc::ftruncate(file.as_raw_fd(), len) } != 0 {
            return Err(refused("no file of that length for the simulator"));
        }
        Ok(Self {
            file,
            memory_bytes,
            used_bytes: 0,
            next_frame: 1,
            frames: BTreeMap::new(),
            reservations: BTreeMap::new(),
            mappings: BTreeMap::new(),
        })
    }

    pub(super) fn free_bytes(&self) -> u64 {
        self.memory_bytes - self.used_bytes
    }

    /// Frames, mappings and reservations that exist.
    pub(super) fn outstanding(&self) -> (usize, usize, usize) {
        (self.frames.len(), self.mappings.len(), self.reservations.len())
    }

    pub(super) fn reserve(&mut self, len: u64) -> Result<Address> {
        if len == 0 || !len.is_multiple_of(GRANULARITY) {
            return Err(invalid("reservations are multiples of the granularity"));
        }
        let spare = len.checked_add(GRANULARITY).ok_or_else(|| invalid("more addresses than there are"))?;
        // SAFETY: new addresses, wherever the kernel has some.
        let start = unsafe { nothing_at(std::ptr::null_mut(), spare, 0) }?;
        let aligned = start.next_multiple_of(GRANULARITY);
        let (before, after) = (aligned - start, start + spare - (aligned + len));
        for (at, len) in [(start, before), (aligned + len, after)] {
            if len > 0 {
                // SAFETY: an end of the range that was reserved just now, used by nobody.
                unsafe { libc::munmap(at as *mut libc::c_void, host(len)) };
            }
        }
        self.reservations.insert(aligned, len);
        Ok(Address(aligned))
    }

    pub(super) fn unreserve(&mut self, at: Address, len: u64) -> Result<()> {
        if self.reservations.get(&at.0) != Some(&len)
            || self.mappings.range(at.0..at.0 + len).next().is_some()
        {
            return Err(invalid("not a reservation that nothing is mapped into"));
        }
        self.reservations.remove(&at.0);
        // SAFETY: the range was reserved by this memory, and nothing is mapped into it.
        unsafe { libc::munmap(at.0 as *mut libc::c_void, host(len)) };
        Ok(())
    }

    pub(super) fn create(&mut self, len: u64) -> Result<RawFrame> {
        if len == 0 || !len.is_multiple_of(GRANULARITY) {
            return Err(invalid("frames are multiples of the granularity"));
        }
        let at = self.find(len).ok_or_else(|| {
            let free = self.free_bytes();
            Error::new(ErrorKind::OutOfMemory, format!("needs {len} bytes, the device has {free} free"))
        })?;
        let frame = self.next_frame;
        self.next_frame += 1;
        self.used_bytes += len;
        self.frames.insert(frame, (at, len));
        Ok(RawFrame(frame))
    }

    /// First fit in the file.
    fn find(&self, len: u64) -> Option<u64> {
        let mut taken: Vec<(u64, u64)> = self.frames.values().copied().collect();
        taken.sort_unstable();
        taken.push((self.memory_bytes, 0));
        let mut end = 0;
        for (at, taken) in taken {
            if at - end >= len {
                return Some(end);
            }
            end = at + taken;
        }
        None
    }

    /// Forgets a frame and its bytes; tells where they were.
    pub(super) fn destroy(&mut self, frame: RawFrame) -> Result<(u64, u64)> {
        if self.mappings.values().any(|mapping| mapping.frame == frame.0) {
            return Err(invalid("the frame is still mapped"));
        }
        let (at, len) = self.frames.remove(&frame.0).ok_or_else(|| invalid("no such frame"))?;
        self.used_bytes -= len;
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        // SAFETY: the descriptor is open. A refusal keeps the host's memory until the simulator ends, and nothing else.
        unsafe { libc::fallocate(self.file.as_raw_fd(), mode, at as i64, len as i64) };
        Ok((at, len))
    }

    pub(super) fn map(&mut self, to: Address, frame: RawFrame, len: u64) -> Result<()> {
        let (at, whole) = *self.frames.get(&frame.0).ok_or_else(|| invalid("no such frame"))?;
        let inside = self.reservations.range(..=to.0).next_back();
        let inside = inside.is_some_and(|(start, reserved)| to.0 + len <= start + reserved);
        let overlaps = self.overlaps(to.0, len);
        if whole != len || !to.0.is_multiple_of(GRANULARITY) || !inside || overlaps {
            return Err(invalid("not a whole frame at reserved addresses where nothing is mapped"));
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_FIXED;
        // SAFETY: the addresses are reserved by this memory and nothing is mapped there, and the file is that long.
        let mapped = unsafe {
            libc::mmap(to.0 as *mut libc::c_void, host(len), access, flags, self.file.as_raw_fd(), at as i64)
        };
        if mapped == libc::MAP_FAILED {
            return Err(refused("the system refused a mapping"));
        }
        self.mappings.insert(to.0, Mapping { len, at, frame: frame.0 });
        Ok(())
    }

    fn overlaps(&self, at: u64, len: u64) -> bool {
        let before = self.mappings.range(..at + len).next_back();
        before.is_some_and(|(start, mapping)| start + mapping.len > at)
    }

    /// Leaves a hole; tells where the bytes are.
    pub(super) fn unmap(&mut self, at: Address, len: u64) -> Result<Mapping> {
        let mapping = self.mappings.get(&at.0).copied().filter(|mapping| mapping.len == len);
        let mapping = mapping.ok_or_else(|| invalid("not what was mapped there"))?;
        // SAFETY: replaces a mapping of this memory by addresses that belong to nobody.
        unsafe { nothing_at(at.0 as *mut libc::c_void, len, libc::MAP_FIXED) }?;
        self.mappings.remove(&at.0);
        Ok(mapping)
    }

    /// What is mapped from `at` to the next hole, as ranges of the file in order.
    pub(super) fn reach(&self, at: Address) -> Vec<(u64, u64)> {
        let (mut at, mut found) = (at.0, Vec::new());
        while let Some((start, mapping)) = self.mappings.range(..=at).next_back() {
            let inside = at - start;
            if inside >= mapping.len {
                break;
            }
            found.push((mapping.at + inside, mapping.len - inside));
            at = start + mapping.len;
        }
        found
    }

    /// What is mapped at `at .. at + len`, as ranges of the file in order; `None` if there is a hole.
    pub(super) fn resolve(&self, at: Address, len: u64) -> Option<Vec<(u64, u64)>> {
        let (mut at, end) = (at.0, at.0.checked_add(len)?);
        let mut found = Vec::new();
        while at < end {
            let (start, mapping) = self.mappings.range(..=at).next_back()?;
            let inside = at - start;
            if inside >= mapping.len {
                return None;
            }
            let step = (mapping.len - inside).min(end - at);
            found.push((mapping.at + inside, step));
            at += step;
        }
        Some(found)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        for (&at, &len) in &self.reservations {
            // SAFETY: reserved by this memory; streams that used it have ended.
            unsafe { libc::munmap(at as *mut libc::c_void, host(len)) };
        }
    }
}

/// Addresses that nobody can read or write.
///
/// # Safety
/// With `MAP_FIXED`, the range belongs to the caller, and nobody uses what is there.
unsafe fn nothing_at(at: *mut libc::c_void, len: u64, fixed: libc::c_int) -> Result<u64> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | fixed;
    // SAFETY: promised by the caller.
    let start = unsafe { libc::mmap(at, host(len), libc::PROT_NONE, flags, -1, 0) };
    if start == libc::MAP_FAILED { Err(refused("no addresses for the simulator")) } else { Ok(start as u64) }
}
