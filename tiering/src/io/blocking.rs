//! One attempt at a transfer by pread or pwrite: what the thread pool and the simulator do.

use super::underway::{Piece, Underway};
use super::{IoBuf, Op};
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Moves up to `most` bytes of what is next, blocking; returns how many moved.
pub(super) fn transfer<B: IoBuf>(underway: &Underway<B>, most: u32) -> io::Result<u32> {
    transfer_piece(underway, underway.piece(), most)
}

/// As [`transfer`], but `distance` bytes before or after the right place; says that it moved everything. For the
/// simulator.
pub(super) fn transfer_astray<B: IoBuf>(underway: &Underway<B>, distance: u64) -> io::Result<u32> {
    let piece = underway.piece();
    let offset = piece.offset.checked_sub(distance).unwrap_or(piece.offset + distance);
    transfer_piece(underway, Piece { offset, ..piece }, u32::MAX)?;
    Ok(piece.len)
}

fn transfer_piece<B: IoBuf>(underway: &Underway<B>, piece: Piece, most: u32) -> io::Result<u32> {
    let fd = underway.file().as_fd().as_raw_fd();
    let len = piece.len.min(most) as usize;
    // `board` checked that the last byte's offset fits.
    let offset = piece.offset as libc::off_t;
    // SAFETY:
    // - `skip` is at most `len` of the flight, which is at most the bytes of the buffer
    let start = unsafe { underway.flight().buf.start().add(piece.skip as usize) };
    let count = match underway.flight().op {
        // SAFETY:
        // - `start .. start + len` lies in the buffer, which the flight owns and nobody else touches
        // - the file is open for the call
        Op::Read => unsafe { libc::pread(fd, start.as_ptr().cast(), len, offset) },
        // SAFETY:
        // - `start .. start + len` lies in the buffer, which the flight owns and nobody else touches
        // - the file is open for the call
        Op::Write => unsafe { libc::pwrite(fd, start.as_ptr().cast(), len, offset) },
    };
    // A count is at most `len`, which came from 32 bits.
    if count < 0 { Err(io::Error::last_os_error()) } else { Ok(count as u32) }
}
