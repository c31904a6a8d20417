//! Sleeping until memory is short: the kernel's alarm, or a bell, or the time.
//!
//! An alarm is a descriptor that the kernel marks by `POLLPRI`: a file of pressure stall information to which a trigger
//! was written. Whoever sleeps for it costs nothing meanwhile.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// What ended a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The kernel says that memory is short.
    Alarm,
    /// The bell's other end was written to or dropped.
    Bell,
    /// Nothing, for as long as was asked.
    Time,
    /// The alarm is out of order: sleep without it from now on.
    Broken,
}

/// Sleeps until one of them rings, and no longer than `timeout`.
#[must_use]
pub fn wait(alarm: Option<BorrowedFd<'_>>, bell: BorrowedFd<'_>, timeout: Duration) -> Woken {
    let entry = |fd: i32, events| libc::pollfd { fd, events, revents: 0 };
    // A negative descriptor is passed over.
    let alarm = alarm.map_or(-1, |alarm| alarm.as_raw_fd());
    let mut entries = [entry(bell.as_raw_fd(), libc::POLLIN), entry(alarm, libc::POLLPRI)];
    let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the array has two entries and outlives the call, which writes their `revents` alone.
    let rung = unsafe { libc::poll(entries.as_mut_ptr(), 2, timeout_ms) };
    let [bell, alarm] = entries.map(|entry| entry.revents);
    match rung {
        ..=0 => Woken::Time,
        _ if bell != 0 => Woken::Bell,
        _ if alarm & (libc::POLLERR | libc::POLLNVAL | libc::POLLHUP) != 0 => Woken::Broken,
        _ => Woken::Alarm,
    }
}

#[cfg(test)]
mod tests;
