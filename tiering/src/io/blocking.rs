//! One attempt at a transfer by pread or pwrite: what the thread pool and the simulator do.

use super::Op;
use super::queue::Attempt;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Moves up to `most` bytes of a piece, blocking; returns how many moved.
///
/// # Safety
/// The queue that made the attempt has not been told of its end: until then the flight keeps its buffer, and these
/// bytes of it are in no other attempt.
pub(super) unsafe fn transfer(attempt: &Attempt, most: u32) -> io::Result<u32> {
    let piece = attempt.piece;
    let fd = attempt.file.as_fd().as_raw_fd();
    let len = piece.len.min(most) as usize;
    // `board` checked that the last byte's offset fits.
    let offset = piece.offset as libc::off_t;
    let start = attempt.start.as_ptr().cast();
    let count = match attempt.op {
        // SAFETY:
        // - `start .. start + len` lies in the buffer, which the flight owns and nobody else touches: the caller's
        //   promise
        // - the file is open for the call
        Op::Read => unsafe { libc::pread(fd, start, len, offset) },
        // SAFETY:
        // - `start .. start + len` lies in the buffer, which the flight owns and nobody else touches: the caller's
        //   promise
        // - the file is open for the call
        Op::Write => unsafe { libc::pwrite(fd, start.cast_const(), len, offset) },
    };
    // A count is at most `len`, which came from 32 bits.
    if count < 0 { Err(io::Error::last_os_error()) } else { Ok(count as u32) }
}

/// As [`transfer`], but as many bytes before or after the right place; says that it moved everything. For the simulator.
///
/// # Safety
/// As [`transfer`].
pub(super) unsafe fn transfer_astray(attempt: &Attempt) -> io::Result<u32> {
    let (mut astray, distance) = (attempt.clone(), u64::from(attempt.piece.len));
    let offset = &mut astray.piece.offset;
    *offset = offset.checked_sub(distance).unwrap_or(*offset + distance);
    // SAFETY:
    // - the same bytes of the buffer, by the caller's promise; only the place in the file is another
    unsafe { transfer(&astray, u32::MAX) }?;
    Ok(attempt.piece.len)
}

/// Flips a bit of the buffer, `byte` bytes after where the piece starts. For the simulator.
///
/// # Safety
/// As [`transfer`].
pub(super) unsafe fn flip(attempt: &Attempt, byte: u32, bit: u8) {
    let at = attempt.start.as_ptr().wrapping_add(byte.min(attempt.piece.len - 1) as usize);
    // SAFETY:
    // - `at` lies in the piece, which nobody else touches, by the caller's promise
    unsafe { *at ^= 1 << (bit % 8) };
}
