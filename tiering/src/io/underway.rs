//! One flight on its way: which bytes are next, and whether it has ended. The same rules for every driver.
//!
//! Invariant: a flight succeeds only when at least `need` bytes have moved; a short transfer goes on from where it
//! stopped, rounded down to what direct I/O takes, and one that no longer advances ends with an error.
//!
//! ```text
//! buffer  |######## moved ########|............ rest ............|
//!                              |<- resume: `moved` rounded down to the alignment
//! ```

use super::file::IoFile;
use super::files::Files;
use super::{Completion, Flight, IoBuf, Op};
use crate::error::{Error, ErrorKind, Result};
use std::io;
use std::sync::Arc;

/// Attempts in a row that may fail to advance before the flight gives up.
const MAX_STALLS: u32 = 32;

/// A flight accepted by a driver.
#[derive(Debug)]
pub(super) struct Underway<B> {
    flight: Flight<B>,
    file: Arc<IoFile>,
    moved: u32,
    stalls: u32,
}

/// The bytes that the next attempt moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Offset in the file.
    pub(super) offset: u64,
    /// Offset in the buffer.
    pub(super) skip: u32,
    /// Bytes.
    pub(super) len: u32,
}

impl<B: IoBuf> Underway<B> {
    /// Takes a flight over one of `files`, or ends it at once when it could never be carried out.
    #[allow(clippy::result_large_err, reason = "the flight goes back to its owner, buffer included")]
    pub(super) fn board(files: &mut Files, flight: Flight<B>) -> std::result::Result<Self, Completion<B>> {
        let Some(file) = files.depart(flight.file) else {
            let error = Error::new(ErrorKind::Missing, "no file is attached to the slot");
            let result = Err(error.with("slot", flight.file.0));
            return Err(Completion { flight, result });
        };
        match check(&flight, &file) {
            Ok(()) => Ok(Self { flight, file, moved: 0, stalls: 0 }),
            Err(error) => {
                files.land(flight.file);
                Err(Completion { flight, result: Err(error) })
            }
        }
    }

    pub(super) fn flight(&self) -> &Flight<B> {
        &self.flight
    }

    pub(super) fn file(&self) -> &IoFile {
        &self.file
    }

    /// The bytes to move next.
    pub(super) fn piece(&self) -> Piece {
        let align = self.file.offset_align().max(self.file.mem_align() as u64);
        // `moved` fits in 32 bits, so what it is rounded down to does.
        let skip = (u64::from(self.moved) / align * align) as u32;
        Piece { offset: self.flight.offset + u64::from(skip), skip, len: self.flight.len - skip }
    }

    /// Takes the outcome of the attempt at [`piece`](Self::piece): the result if the flight has ended, `None` if
    /// another attempt is due.
    pub(super) fn advance(&mut self, outcome: io::Result<u32>) -> Option<Result<u32>> {
        match outcome {
            Ok(count) => self.count(count),
            Err(cause) if is_passing(&cause) => self.stall(cause),
            Err(cause) => Some(Err(self.failed(cause))),
        }
    }

    /// Flips a bit of the buffer, `byte` bytes after where the next attempt starts.
    pub(super) fn flip(&mut self, byte: u32, bit: u8) {
        let at = (self.piece().skip + byte) as usize;
        if at < self.flight.buf.len() {
            // SAFETY:
            // - `at` lies in the buffer, which the flight owns and nobody else touches
            unsafe { *self.flight.buf.start().as_ptr().add(at) ^= 1 << (bit % 8) };
        }
    }

    /// Gives the flight back unbegun.
    pub(super) fn into_flight(self) -> Flight<B> {
        self.flight
    }

    /// Ends the flight and gives its buffer back.
    pub(super) fn end(self, result: Result<u32>) -> Completion<B> {
        Completion { flight: self.flight, result }
    }

    fn count(&mut self, count: u32) -> Option<Result<u32>> {
        let piece = self.piece();
        let reached = piece.skip + count.min(piece.len);
        let advanced = reached > self.moved;
        self.moved = self.moved.max(reached);
        if self.moved >= self.flight.need {
            return Some(Ok(self.moved));
        }
        if advanced {
            self.stalls = 0;
            return None;
        }
        if self.flight.op == Op::Read
            && let Some(error) = self.file_ended()
        {
            return Some(Err(error));
        }
        self.stall(io::Error::from(io::ErrorKind::WriteZero))
    }

    /// Allows another attempt, a bounded number of times.
    fn stall(&mut self, cause: io::Error) -> Option<Result<u32>> {
        self.stalls += 1;
        (self.stalls > MAX_STALLS).then(|| Err(self.failed(cause)))
    }

    /// The error of a read that reached the end of its file.
    fn file_ended(&self) -> Option<Error> {
        let len = match self.file.len() {
            Ok(len) => len,
            Err(error) => return Some(self.facts(error)),
        };
        let wanted = self.flight.offset + u64::from(self.flight.need);
        (len < wanted).then(|| {
            let message = format!("{len} bytes in the file, byte {wanted} was promised");
            self.facts(Error::new(ErrorKind::Truncated, message))
        })
    }

    fn failed(&self, cause: io::Error) -> Error {
        let (kind, message) = match cause.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT) => (ErrorKind::NoSpace, "the file system is full"),
            Some(libc::EFBIG) => (ErrorKind::NoSpace, "the file may not grow this far"),
            Some(libc::ENOMEM) => (ErrorKind::OutOfMemory, "the system has no memory for the transfer"),
            _ if self.stalls > MAX_STALLS => (ErrorKind::Io, "the transfer no longer advances"),
            _ => (ErrorKind::Io, "the transfer broke"),
        };
        self.facts(Error::new(kind, message).caused_by(cause))
    }

    fn facts(&self, error: Error) -> Error {
        named(error, &self.flight, &self.file).with("moved", self.moved)
    }
}

/// Failures that a repetition may cure.
fn is_passing(cause: &io::Error) -> bool {
    matches!(cause.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY))
}

/// Names the transfer in an error.
fn named<B>(error: Error, flight: &Flight<B>, file: &IoFile) -> Error {
    let op = match flight.op {
        Op::Read => "read",
        Op::Write => "write",
    };
    error
        .with("file", file.path().display())
        .with("op", op)
        .with("offset", flight.offset)
        .with("bytes", flight.len)
}

/// What makes a flight impossible whatever the driver.
fn check<B: IoBuf>(flight: &Flight<B>, file: &IoFile) -> Result<()> {
    let impossible = |message: String| Err(named(Error::new(ErrorKind::Unsupported, message), flight, file));
    if flight.len == 0 || flight.need > flight.len || flight.len as usize > flight.buf.len() {
        return impossible(format!(
            "a transfer of {} bytes needing {} does not fit its buffer of {}",
            flight.len,
            flight.need,
            flight.buf.len()
        ));
    }
    if i64::try_from(flight.offset).ok().and_then(|at| at.checked_add(i64::from(flight.len))).is_none() {
        return impossible("the transfer lies past the largest file offset".into());
    }
    let (mem, align) = (file.mem_align(), file.offset_align());
    if !flight.offset.is_multiple_of(align) || !u64::from(flight.len).is_multiple_of(align) {
        return impossible(format!("direct I/O on this file takes multiples of {align} bytes"));
    }
    if !flight.buf.start().as_ptr().addr().is_multiple_of(mem) {
        return impossible(format!("direct I/O on this file takes buffers aligned to {mem} bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
