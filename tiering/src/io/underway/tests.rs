//! Promises of one flight: where it goes on after a short transfer, when it ends, and what it says.

use super::*;
use crate::io::buf::AlignedBuf;
use crate::io::{FileSlot, Lane};
use proptest::prelude::*;
use std::path::Path;

fn underway(bytes: usize, len: u32, need: u32) -> Underway<AlignedBuf> {
    let file = Arc::new(IoFile::in_memory(Path::new("weights"), &vec![1; bytes]).unwrap());
    let mut files = Files::default();
    let file = files.attach(file).unwrap();
    let buf = AlignedBuf::zeroed(len as usize, 4096).unwrap();
    let flight = Flight { op: Op::Read, file, offset: 0, len, need, buf, tag: 0, lane: Lane::Demand };
    Underway::board(&mut files, flight).unwrap()
}

/// One attempt at all that is left, and its result if the flight has ended.
fn attempt(underway: &mut Underway<AlignedBuf>, outcome: io::Result<u32>) -> Option<Result<u32>> {
    let piece = underway.take(u32::MAX).unwrap();
    underway.advance(piece, outcome);
    if !underway.is_over() {
        return None;
    }
    Some(underway.over.take().map_or(Ok(underway.end), Err))
}

/// A short transfer goes on from the last whole block, so that direct I/O takes the rest.
#[test]
fn the_rest_starts_at_a_block() {
    let mut underway = underway(1 << 20, 65_536, 65_536);
    assert!(attempt(&mut underway, Ok(10_000)).is_none());
    let rest = underway.rest[0];
    assert_eq!((rest.offset, rest.skip, rest.len), (8192, 8192, 57_344));
    assert_eq!(attempt(&mut underway, Ok(57_344)).unwrap().unwrap(), 65_536);
}

/// Pieces are whole blocks, cover the flight once, and end it together, in whatever order.
#[test]
fn pieces_cover_the_flight() {
    let mut underway = underway(1 << 20, 65_536, 65_536);
    let mut pieces: Vec<_> = std::iter::from_fn(|| underway.take(20_000)).collect();
    assert_eq!(pieces.iter().map(|piece| piece.len).collect::<Vec<_>>(), [16_384; 4]);
    assert!(!underway.has_more() && !underway.is_over());
    pieces.swap(0, 3);
    for piece in pieces {
        assert!(!underway.is_over());
        underway.advance(piece, Ok(piece.len));
    }
    assert!(underway.is_over());
    assert_eq!(underway.end().result.unwrap(), 65_536);
}

/// A failed piece ends the flight, but not before the others have come back.
#[test]
fn a_failure_waits_for_the_other_pieces() {
    let mut underway = underway(1 << 20, 65_536, 65_536);
    let (first, second) = (underway.take(16_384).unwrap(), underway.take(16_384).unwrap());
    underway.advance(first, Err(io::Error::from_raw_os_error(libc::EIO)));
    assert!(underway.take(16_384).is_none(), "no further piece starts");
    assert!(!underway.is_over(), "the device still has a piece");
    underway.advance(second, Ok(100));
    assert!(underway.is_over());
    assert_eq!(underway.end().result.unwrap_err().kind(), ErrorKind::Io);
}

/// What is needed is enough, wherever in the last block the file ends.
#[test]
fn needed_bytes_are_enough() {
    let mut whole = underway(5000, 8192, 5000);
    assert_eq!(attempt(&mut whole, Ok(5000)).unwrap().unwrap(), 5000);
    let mut cut = underway(5000, 16_384, 5000);
    let pieces: Vec<_> = std::iter::from_fn(|| cut.take(4096)).collect();
    for (piece, count) in pieces.into_iter().zip([4096, 904, 0, 0]).rev() {
        cut.advance(piece, Ok(count));
    }
    assert_eq!(cut.end().result.unwrap(), 5000);
}

/// The end of the file is noticed by its length, on a direct file only after the rest was asked for again.
#[test]
fn the_end_of_the_file_ends_the_flight() {
    let mut underway = underway(5000, 8192, 5001);
    assert!(attempt(&mut underway, Ok(5000)).is_none());
    let error = attempt(&mut underway, Ok(904)).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert_eq!((error.fact("file"), error.fact("moved")), (Some("weights"), Some("5000")));
}

/// Interruptions are repeated, but not for ever, and progress buys new patience.
#[test]
fn passing_failures_are_repeated_a_bounded_number_of_times() {
    let passing = || Err(io::Error::from_raw_os_error(libc::EAGAIN));
    let mut underway = underway(1 << 20, 65_536, 65_536);
    for _ in 0..MAX_STALLS {
        assert!(attempt(&mut underway, passing()).is_none());
    }
    assert!(attempt(&mut underway, Ok(4096)).is_none());
    for _ in 0..MAX_STALLS {
        assert!(attempt(&mut underway, passing()).is_none());
    }
    let error = attempt(&mut underway, passing()).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

/// Each failure has the kind a program decides on.
#[test]
fn failures_have_their_kinds() {
    for (errno, kind) in [
        (libc::EIO, ErrorKind::Io),
        (libc::EINVAL, ErrorKind::Io),
        (libc::ENOSPC, ErrorKind::NoSpace),
        (libc::EDQUOT, ErrorKind::NoSpace),
        (libc::EFBIG, ErrorKind::NoSpace),
        (libc::ENOMEM, ErrorKind::OutOfMemory),
    ] {
        let mut underway = underway(8192, 8192, 8192);
        let error = attempt(&mut underway, Err(io::Error::from_raw_os_error(errno))).unwrap().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

/// A flight given up ends with the reason, once the device has given its pieces back.
#[test]
fn a_flight_given_up_waits_for_the_device() {
    let mut underway = underway(1 << 20, 65_536, 65_536);
    let piece = underway.take(16_384).unwrap();
    underway.abandon(Error::new(ErrorKind::Closed, "nobody wants it"));
    assert!(!underway.is_over() && !underway.has_more());
    underway.advance(piece, Ok(16_384));
    assert!(underway.is_over());
    assert_eq!(underway.end().result.unwrap_err().kind(), ErrorKind::Closed);
}

/// A flight that cannot be carried out leaves no count on its slot.
#[test]
fn a_refused_flight_holds_no_slot() {
    let mut files = Files::default();
    let file = files.attach(Arc::new(IoFile::in_memory(Path::new("weights"), &[]).unwrap())).unwrap();
    let buf = AlignedBuf::zeroed(512, 512).unwrap();
    let flight =
        Flight { op: Op::Read, file, offset: 0, len: 512, need: 512, buf, tag: 0, lane: Lane::Demand };
    let completion = Underway::board(&mut files, flight).unwrap_err();
    assert_eq!(completion.result.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(files.detach(file), "the slot is idle");
    assert_ne!(file, FileSlot(9));
}

proptest! {
    /// Whatever counts the system returns, in whatever pieces and order, attempts stay inside the flight and on
    /// blocks, and the flight ends.
    #[test]
    fn any_counts_end_the_flight(
        counts in proptest::collection::vec((0_u32..70_000, any::<bool>()), 0..200),
        need in 1_u32..65_537,
        most in 1_u32..100_000,
    ) {
        let mut underway = underway(1 << 20, 65_536, need);
        let mut out = Vec::new();
        for (count, newest) in counts.into_iter().chain(std::iter::repeat_n((0, true), 17 * (MAX_STALLS as usize + 2))) {
            while let Some(piece) = underway.take(most) {
                prop_assert!(piece.len > 0 && piece.skip + piece.len <= 65_536 && piece.skip.is_multiple_of(4096));
                prop_assert_eq!(piece.offset, u64::from(piece.skip));
                out.push(piece);
            }
            if underway.is_over() {
                break;
            }
            let piece = if newest { out.pop().unwrap() } else { out.remove(0) };
            underway.advance(piece, Ok(count));
        }
        prop_assert!(underway.is_over() && out.is_empty(), "the flight never ended");
        match underway.end().result {
            Ok(moved) => prop_assert!(moved >= need && moved <= 65_536),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Io),
        }
    }
}
