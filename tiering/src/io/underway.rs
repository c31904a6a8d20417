//! One flight on its way: which bytes are next, and whether it has ended. The same rules for every driver.
//!
//! A flight is cut into pieces as the driver asks for them; several may be under way at once, and each goes on by
//! itself until its bytes have moved.
//!
//! Invariants: a flight succeeds only when at least `need` bytes have moved; a short transfer goes on from where it
//! stopped, rounded down to what direct I/O takes, and one that no longer advances ends with an error. A flight ends
//! only when none of its pieces is under way, so its buffer is never given back while the device may still write it.
//!
//! ```text
//! buffer  |## piece ##|## moved ##|.... rest ....|........ not yet cut ........|
//!          done                   ^ resume: rounded down to the alignment
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
    /// First byte that is in no piece yet.
    cut: u32,
    /// Pieces under way.
    open: u32,
    /// Pieces that must be attempted again.
    rest: Vec<Piece>,
    /// Bytes from the start of the buffer that will have moved if nothing fails: less than all at the end of a file.
    end: u32,
    over: Option<Error>,
}

/// The bytes that one attempt moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Offset in the file.
    pub(super) offset: u64,
    /// Offset in the buffer.
    pub(super) skip: u32,
    /// Bytes.
    pub(super) len: u32,
    /// Offset in the buffer up to which earlier attempts have moved it.
    moved: u32,
    stalls: u32,
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
            Ok(()) => {
                let end = flight.len;
                Ok(Self { flight, file, cut: 0, open: 0, rest: Vec::new(), end, over: None })
            }
            Err(error) => {
                files.land(flight.file);
                Err(Completion { flight, result: Err(error) })
            }
        }
    }

    pub(super) fn flight(&self) -> &Flight<B> {
        &self.flight
    }

    pub(super) fn file(&self) -> &Arc<IoFile> {
        &self.file
    }

    /// Bytes of the piece that [`take`](Self::take) would give; 0 where there is none.
    pub(super) fn next_len(&self, most: u32) -> u32 {
        match (&self.over, self.rest.last()) {
            (Some(_), _) => 0,
            (None, Some(piece)) => piece.len,
            (None, None) => (self.flight.len - self.cut).min(self.whole(most)),
        }
    }

    /// The bytes to move next, at most `most` of them at a time; `None` when all are under way or done.
    pub(super) fn take(&mut self, most: u32) -> Option<Piece> {
        if self.over.is_some() {
            return None;
        }
        let piece = self.rest.pop().or_else(|| {
            let (skip, len) = (self.cut, (self.flight.len - self.cut).min(self.whole(most)));
            self.cut += len;
            let offset = self.flight.offset + u64::from(skip);
            (len > 0).then_some(Piece { offset, skip, len, moved: skip, stalls: 0 })
        })?;
        self.open += 1;
        Some(piece)
    }

    /// Whether there is more to give to the device.
    pub(super) fn has_more(&self) -> bool {
        self.over.is_none() && (self.cut < self.flight.len || !self.rest.is_empty())
    }

    /// Takes the outcome of an attempt at a piece. The flight may have ended by it: [`is_over`](Self::is_over).
    pub(super) fn advance(&mut self, piece: Piece, outcome: io::Result<u32>) {
        self.open -= 1;
        match outcome {
            Ok(count) => self.count(piece, count),
            Err(cause) if is_passing(&cause) => self.stall(piece, cause),
            Err(cause) => self.fail(&piece, cause),
        }
    }

    /// Ends it as soon as nothing of it is under way, with this error unless it has failed already.
    pub(super) fn abandon(&mut self, error: Error) {
        let error = self.facts(error);
        self.over.get_or_insert(error);
    }

    /// Whether the last of it has ended.
    pub(super) fn is_over(&self) -> bool {
        self.open == 0 && !self.has_more()
    }

    /// Gives the flight back unbegun.
    pub(super) fn into_flight(self) -> Flight<B> {
        self.flight
    }

    /// Ends the flight and gives its buffer back.
    pub(super) fn end(self) -> Completion<B> {
        let result = self.over.map_or(Ok(self.end), Err);
        Completion { flight: self.flight, result }
    }

    fn align(&self) -> u64 {
        self.file.offset_align().max(self.file.mem_align() as u64)
    }

    /// A piece size in whole blocks.
    fn whole(&self, most: u32) -> u32 {
        let align = self.align();
        // At most `most`, or one block, which is smaller than any flight over it.
        (u64::from(most) / align * align).max(align).min(u64::from(u32::MAX)) as u32
    }

    fn count(&mut self, piece: Piece, count: u32) {
        let (end, reached) = (piece.skip + piece.len, piece.skip + count.min(piece.len));
        let moved = piece.moved.max(reached);
        if moved >= end.min(self.flight.need) || self.over.is_some() {
            // What lies past the needed bytes may not be there.
            if moved < end {
                self.end = self.end.min(moved);
            }
            return;
        }
        let advanced = moved > piece.moved;
        let piece = Piece { moved, ..piece };
        if advanced {
            return self.again(Piece { stalls: 0, ..piece });
        }
        if self.flight.op == Op::Read
            && let Some(error) = self.file_ended()
        {
            self.over.get_or_insert(error.with("moved", moved));
            return;
        }
        self.stall(piece, io::Error::from(io::ErrorKind::WriteZero));
    }

    /// Goes on from where a piece stopped.
    fn again(&mut self, piece: Piece) {
        let end = piece.skip + piece.len;
        // `moved` fits in 32 bits, so what it is rounded down to does.
        let skip = ((u64::from(piece.moved) / self.align() * self.align()) as u32).max(piece.skip);
        self.rest.push(Piece {
            offset: self.flight.offset + u64::from(skip),
            skip,
            len: end - skip,
            ..piece
        });
    }

    /// Allows another attempt, a bounded number of times.
    fn stall(&mut self, piece: Piece, cause: io::Error) {
        if piece.stalls >= MAX_STALLS {
            return self.fail(&Piece { stalls: piece.stalls + 1, ..piece }, cause);
        }
        self.again(Piece { stalls: piece.stalls + 1, ..piece });
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

    fn fail(&mut self, piece: &Piece, cause: io::Error) {
        let (kind, message) = match cause.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT) => (ErrorKind::NoSpace, "the file system is full"),
            Some(libc::EFBIG) => (ErrorKind::NoSpace, "the file may not grow this far"),
            Some(libc::ENOMEM) => (ErrorKind::OutOfMemory, "the system has no memory for the transfer"),
            _ if piece.stalls > MAX_STALLS => (ErrorKind::Io, "the transfer no longer advances"),
            _ => (ErrorKind::Io, "the transfer broke"),
        };
        let error = self.facts(Error::new(kind, message).caused_by(cause)).with("moved", piece.moved);
        self.over.get_or_insert(error);
    }

    fn facts(&self, error: Error) -> Error {
        named(error, &self.flight, &self.file)
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
