//! Promises of owned buffers: aligned as asked, zero at first, and refusals instead of aborts.

use super::*;

/// Every constructor gives the bytes asked for, zeroed, writable, at the alignment asked for.
#[test]
fn buffers_are_aligned_zeroes() {
    for (bytes, align) in [(1, 1), (4096, 512), (10_000, 4096), (1 << 20, 1 << 16)] {
        let mut buf = AlignedBuf::zeroed(bytes, align).unwrap();
        assert!(buf.start().as_ptr().addr().is_multiple_of(align) && IoBuf::len(&buf) == bytes);
        assert!(buf.iter().all(|&byte| byte == 0));
        buf.fill(1);
    }
    let mut huge = AlignedBuf::huge(3 << 20).unwrap();
    assert!(huge.start().as_ptr().addr().is_multiple_of(HUGE_PAGE) && huge.iter().all(|&byte| byte == 0));
    huge.fill(1);
}

/// Sizes and alignments that cannot be are errors.
#[test]
fn impossible_buffers_are_refused() {
    assert_eq!(AlignedBuf::zeroed(0, 4096).unwrap_err().kind(), ErrorKind::OutOfMemory);
    assert_eq!(AlignedBuf::zeroed(4096, 3).unwrap_err().kind(), ErrorKind::OutOfMemory);
    assert_eq!(AlignedBuf::zeroed(usize::MAX, 4096).unwrap_err().kind(), ErrorKind::OutOfMemory);
    assert!(AlignedBuf::huge(1 << 60).is_err() && AlignedBuf::huge(0).is_err());
}
