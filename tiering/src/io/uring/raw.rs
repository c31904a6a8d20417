//! Transfers by a bare ring, without flights: the yardstick that the driver is measured against.
//!
//! One registered buffer, one registered file, every slot's transfer started anew as soon as it ended; nothing is retried
//! and nothing is checked but the count. The buffer is freed only when none is under way.

use super::ring::Ring;
use crate::error::{Error, ErrorKind, Result};
use crate::io::buf::AlignedBuf;
use crate::io::file::IoFile;
use crate::io::limit::Transfers;
use crate::io::{IoBuf, Op};
use io_uring::{opcode, types};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A disk that answers nothing for this long is stuck.
const STUCK: Duration = Duration::from_secs(30);

/// A ring and the memory of its transfers.
#[derive(Debug)]
pub(in crate::io) struct RawTransfers {
    ring: Ring,
    file: Arc<IoFile>,
    memory: ManuallyDrop<AlignedBuf>,
    fixed: bool,
    under_way: usize,
}

impl RawTransfers {
    /// A ring for `depth` transfers at once, into `memory` and out of it.
    pub(in crate::io) fn open(file: &Arc<IoFile>, memory: AlignedBuf, depth: u32) -> Result<Self> {
        let ring = Ring::open(depth)?;
        let whole = libc::iovec { iov_base: memory.start().as_ptr().cast(), iov_len: memory.len() };
        // SAFETY:
        // - the memory is freed after the ring is closed, or never
        let fixed = unsafe { ring.raw().submitter().register_buffers(&[whole]) }.is_ok()
            && ring.raw().submitter().register_files(&[file.as_fd().as_raw_fd()]).is_ok();
        Ok(Self { ring, file: Arc::clone(file), memory: ManuallyDrop::new(memory), fixed, under_way: 0 })
    }
}

impl Transfers for RawTransfers {
    fn name(&self) -> &'static str {
        "io_uring"
    }

    fn start(&mut self, slot: u32, block: u32, offset: u64, op: Op) -> Result<()> {
        let skip = slot as usize * block as usize;
        let room = self.memory.len().checked_sub(skip).is_some_and(|room| room >= block as usize);
        let start = self.memory.start().as_ptr().wrapping_add(skip);
        let fd = types::Fd(self.file.as_fd().as_raw_fd());
        let transfer = match (op, self.fixed) {
            (Op::Read, true) => {
                opcode::ReadFixed::new(types::Fixed(0), start, block, 0).offset(offset).build()
            }
            (Op::Read, false) => opcode::Read::new(fd, start, block).offset(offset).build(),
            (Op::Write, true) => {
                opcode::WriteFixed::new(types::Fixed(0), start, block, 0).offset(offset).build()
            }
            (Op::Write, false) => opcode::Write::new(fd, start, block).offset(offset).build(),
        };
        // SAFETY:
        // - the block lies in the memory (`room`), which is freed only when none is under way
        // - the file is held as long as the ring
        if room && unsafe { self.ring.push(&transfer.user_data(u64::from(slot))) } {
            self.under_way += 1;
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unsupported, "more transfers than the ring has room for")
            .with("slot", slot))
    }

    fn ended(&mut self, ended: &mut Vec<(u32, u32)>) -> Result<()> {
        let named = |error: Error| error.with("file", self.file.path().display());
        let broke = |cause| named(Error::new(ErrorKind::Io, "measuring the disk").caused_by(cause));
        let (before, start) = (ended.len(), Instant::now());
        while ended.len() == before {
            let left = STUCK.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(named(Error::new(ErrorKind::Deadline, "the disk answered nothing for 30 s")));
            }
            self.ring.enter(left).map_err(broke)?;
            while let Some((slot, outcome)) = self.ring.reap() {
                self.under_way -= 1;
                // Slots came from 32 bits.
                ended.push((slot as u32, outcome.map_err(broke)?));
            }
        }
        Ok(())
    }
}

impl Drop for RawTransfers {
    fn drop(&mut self) {
        let mut ended = Vec::new();
        while self.under_way > 0 {
            let before = self.under_way;
            // A failed one has ended as well.
            let _ = self.ended(&mut ended);
            if self.under_way == before {
                // Leaked: the kernel may still write there.
                return;
            }
        }
        let _ = self.ring.raw().submitter().unregister_buffers();
        // SAFETY:
        // - nothing is under way or registered, and the field is not used again
        unsafe { ManuallyDrop::drop(&mut self.memory) };
    }
}
