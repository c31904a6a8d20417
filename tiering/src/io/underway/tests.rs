//! Promises of one flight: where it goes on after a short transfer, when it ends, and what it says.

use super::*;
use crate::io::FileSlot;
use crate::io::buf::AlignedBuf;
use proptest::prelude::*;
use std::path::Path;

fn underway(bytes: usize, len: u32, need: u32) -> Underway<AlignedBuf> {
    let file = Arc::new(IoFile::in_memory(Path::new("weights"), &vec![1; bytes]).unwrap());
    let mut files = Files::default();
    let file = files.attach(file).unwrap();
    let buf = AlignedBuf::zeroed(len as usize, 4096).unwrap();
    let flight = Flight { op: Op::Read, file, offset: 0, len, need, buf, tag: 0 };
    Underway::board(&mut files, flight).unwrap()
}

/// A short transfer goes on from the last whole block, so that direct I/O takes the rest.
#[test]
fn the_rest_starts_at_a_block() {
    let mut underway = underway(1 << 20, 65_536, 65_536);
    assert!(underway.advance(Ok(10_000)).is_none());
    assert_eq!(underway.piece(), Piece { offset: 8192, skip: 8192, len: 57_344 });
    assert_eq!(underway.advance(Ok(57_344)).unwrap().unwrap(), 65_536);
}

/// What is needed is enough, wherever in the last block the file ends.
#[test]
fn needed_bytes_are_enough() {
    let mut underway = underway(5000, 8192, 5000);
    assert_eq!(underway.advance(Ok(5000)).unwrap().unwrap(), 5000);
}

/// The end of the file is noticed by its length, on a direct file only after the rest was asked for again.
#[test]
fn the_end_of_the_file_ends_the_flight() {
    let mut underway = underway(5000, 8192, 5001);
    assert!(underway.advance(Ok(5000)).is_none());
    let error = underway.advance(Ok(904)).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert_eq!((error.fact("file"), error.fact("moved")), (Some("weights"), Some("5000")));
}

/// Interruptions are repeated, but not for ever, and progress buys new patience.
#[test]
fn passing_failures_are_repeated_a_bounded_number_of_times() {
    let passing = || Err(io::Error::from_raw_os_error(libc::EAGAIN));
    let mut underway = underway(1 << 20, 65_536, 65_536);
    for _ in 0..MAX_STALLS {
        assert!(underway.advance(passing()).is_none());
    }
    assert!(underway.advance(Ok(4096)).is_none());
    for _ in 0..MAX_STALLS {
        assert!(underway.advance(passing()).is_none());
    }
    let error = underway.advance(passing()).unwrap().unwrap_err();
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
        let error = underway.advance(Err(io::Error::from_raw_os_error(errno))).unwrap().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

/// A flight that cannot be carried out leaves no count on its slot.
#[test]
fn a_refused_flight_holds_no_slot() {
    let mut files = Files::default();
    let file = files.attach(Arc::new(IoFile::in_memory(Path::new("weights"), &[]).unwrap())).unwrap();
    let buf = AlignedBuf::zeroed(512, 512).unwrap();
    let flight = Flight { op: Op::Read, file, offset: 0, len: 512, need: 512, buf, tag: 0 };
    let completion = Underway::board(&mut files, flight).unwrap_err();
    assert_eq!(completion.result.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(files.detach(file), "the slot is idle");
    assert_ne!(file, FileSlot(9));
}

proptest! {
    /// Whatever counts the system returns, attempts stay inside the flight and on blocks, and the flight ends.
    #[test]
    fn any_counts_end_the_flight(counts in proptest::collection::vec(0_u32..70_000, 0..200), need in 1_u32..65_537) {
        let mut underway = underway(1 << 20, 65_536, need);
        for count in counts.into_iter().chain(std::iter::repeat_n(0, MAX_STALLS as usize + 1)) {
            let piece = underway.piece();
            prop_assert!(piece.len > 0 && piece.skip + piece.len == 65_536 && piece.skip.is_multiple_of(4096));
            match underway.advance(Ok(count)) {
                None => {}
                Some(Ok(moved)) => {
                    prop_assert!(moved >= need && moved <= 65_536);
                    return Ok(());
                }
                Some(Err(error)) => {
                    prop_assert_eq!(error.kind(), ErrorKind::Io);
                    return Ok(());
                }
            }
        }
        prop_assert!(false, "the flight never ended");
    }
}
