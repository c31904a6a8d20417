//! The ring itself: set up with the best flags the kernel takes, proved by real work, entered with a deadline.
//!
//! Invariant: a [`Ring`] that exists has carried a no-op and a read through `io_uring_enter`. A seccomp filter may
//! allow setup and refuse enter, or refuse reads; then there is no ring and the error says at which step.

use crate::error::{Error, ErrorKind, Result};
use io_uring::{IoUring, cqueue, opcode, squeue, types};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::{Duration, Instant};

/// How long the first no-op and read may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(5);

/// Pause before trying again when the kernel is out of memory for requests.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// The kernel refuses times that overflow its clock; whoever waits longer comes again.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// A ring owned by the thread that made it.
pub(super) struct Ring {
    ring: IoUring,
    pub(super) manners: Manners,
}

/// How completions reach the owner, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    /// In the owner's `enter` and nowhere else (6.1).
    Deferred,
    /// Without interrupting the owner (6.0).
    Cooperative,
    /// As they come.
    Plain,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").field("manners", &self.manners).field("params", self.ring.params()).finish()
    }
}

impl Ring {
    /// A working ring with room for `entries` submissions at once.
    pub(super) fn open(entries: u32) -> Result<Self> {
        let (ring, manners) = build(entries).map_err(|cause| refused("setup", cause))?;
        if !ring.params().is_feature_ext_arg() {
            return Err(refused("setup", io::Error::from_raw_os_error(libc::ENOSYS)));
        }
        let mut ring = Self { ring, manners };
        ring.probe_nop()?;
        ring.probe_read()?;
        Ok(ring)
    }

    pub(super) fn raw(&self) -> &IoUring {
        &self.ring
    }

    /// Queues a submission; false when the queue is full until the next `enter`.
    ///
    /// # Safety
    /// The memory and files that `entry` names stay valid until its completion has been reaped or the ring is closed
    /// and drained.
    pub(super) unsafe fn push(&mut self, entry: &squeue::Entry) -> bool {
        // SAFETY:
        // - what the entry names stays valid, by the caller's promise
        unsafe { self.ring.submission().push(entry) }.is_ok()
    }

    /// Whether the queue takes no further submission until the next `enter`.
    pub(super) fn is_full(&mut self) -> bool {
        self.ring.submission().is_full()
    }

    /// Whether submissions wait for the next `enter`.
    pub(super) fn has_unsubmitted(&mut self) -> bool {
        !self.ring.submission().is_empty()
    }

    /// Hands the queue to the kernel and waits up to `timeout` for one completion.
    pub(super) fn enter(&self, timeout: Duration) -> io::Result<()> {
        let entered = if timeout.is_zero() {
            self.ring.submit()
        } else {
            let time = types::Timespec::from(timeout.min(LONGEST_WAIT));
            self.ring.submitter().submit_with_args(1, &types::SubmitArgs::new().timespec(&time))
        };
        match entered {
            Ok(_) => Ok(()),
            Err(cause) => match cause.raw_os_error() {
                Some(libc::ETIME | libc::EINTR) => Ok(()),
                Some(libc::EAGAIN | libc::EBUSY) => {
                    // Completions are waiting, or request memory is short: the caller reaps and comes again.
                    std::thread::sleep(BUSY_PAUSE.min(timeout));
                    Ok(())
                }
                _ => Err(cause),
            },
        }
    }

    /// The next completion that the kernel has posted.
    pub(super) fn reap(&mut self) -> Option<(u64, io::Result<u32>)> {
        let entry: cqueue::Entry = self.ring.completion().next()?;
        let outcome = u32::try_from(entry.result())
            .map_err(|_| io::Error::from_raw_os_error(entry.result().saturating_neg()));
        Some((entry.user_data(), outcome))
    }

    fn probe_nop(&mut self) -> Result<()> {
        // SAFETY:
        // - a no-op names no memory and no file
        let count =
            unsafe { self.probe(&opcode::Nop::new().build()) }.map_err(|cause| refused("enter", cause))?;
        debug_assert_eq!(count, 0);
        Ok(())
    }

    fn probe_read(&mut self) -> Result<()> {
        const MARK: [u8; 8] = *b"stratal\n";
        let file = probe_file(&MARK).map_err(|cause| refused("probe file", cause))?;
        // Leaked if the kernel never answers: it may still write there.
        let target: &'static mut [u8; 8] = Box::leak(Box::new([0; 8]));
        let start: *mut u8 = target.as_mut_ptr();
        let read = opcode::Read::new(types::Fd(file.as_raw_fd()), start, MARK.len() as u32).build();
        // SAFETY:
        // - the target is leaked until the completion has been reaped
        // - the file is open until then, and the kernel holds it afterwards
        let count = unsafe { self.probe(&read) }.map_err(|cause| refused("read", cause))?;
        // SAFETY:
        // - `start` came from leaking this box, and the read has completed
        let target = unsafe { Box::from_raw(start.cast::<[u8; 8]>()) };
        if count as usize == MARK.len() && *target == MARK {
            return Ok(());
        }
        Err(refused("read", io::Error::from(io::ErrorKind::InvalidData)))
    }

    /// Carries one submission to its completion.
    ///
    /// # Safety
    /// As [`push`](Self::push).
    unsafe fn probe(&mut self, entry: &squeue::Entry) -> io::Result<u32> {
        // SAFETY:
        // - by the caller's promise
        if !unsafe { self.push(entry) } {
            return Err(io::Error::from_raw_os_error(libc::EBUSY));
        }
        let deadline = Instant::now() + PROBE_DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            self.enter(left)?;
            if let Some((_, outcome)) = self.reap() {
                return outcome;
            }
            if left.is_zero() {
                return Err(io::Error::from_raw_os_error(libc::ETIME));
            }
        }
    }
}

/// Why there is no ring: the step and the kernel's answer.
fn refused(step: &'static str, cause: io::Error) -> Error {
    Error::new(ErrorKind::Unsupported, "io_uring refused: using threads").with("step", step).caused_by(cause)
}

/// A ring with the best manners the kernel knows.
fn build(entries: u32) -> io::Result<(IoUring, Manners)> {
    let mut answer = io::Error::from_raw_os_error(libc::EINVAL);
    for manners in [Manners::Deferred, Manners::Cooperative, Manners::Plain] {
        let mut builder = IoUring::builder();
        builder.dontfork();
        match manners {
            Manners::Deferred => builder.setup_single_issuer().setup_defer_taskrun(),
            Manners::Cooperative => builder.setup_single_issuer().setup_coop_taskrun(),
            Manners::Plain => &mut builder,
        };
        if manners != Manners::Plain {
            builder.setup_taskrun_flag().setup_submit_all();
        }
        match builder.build(entries) {
            Ok(ring) => return Ok((ring, manners)),
            Err(cause) if cause.raw_os_error() == Some(libc::EINVAL) => answer = cause,
            Err(cause) => return Err(cause),
        }
    }
    Err(answer)
}

/// An unnamed file in memory that holds `bytes`.
fn probe_file(bytes: &[u8]) -> io::Result<File> {
    // SAFETY:
    // - the name is a C string
    let fd = unsafe { libc::memfd_create(c"stratal-probe".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY:
    // - `fd` was just opened and nobody else owns it
    let file = unsafe { File::from_raw_fd(fd) };
    std::os::unix::fs::FileExt::write_all_at(&file, bytes, 0)?;
    Ok(file)
}
