//! Links of remote lists under a key: who does not know it cannot make one that leads where they want.
//!
//! A link is its target, exclusive-or the key, exclusive-or its own place. Read back, it must be a multiple of 16
//! below the top of user space, which one forged link in two million is.

use crate::pool::corrupt::corrupt;
use crate::sync::unmodelled::{AtomicUsize, Ordering};
use crate::sys::process;

/// Bits that a pointer to a block never has.
const NEVER: usize = !((1 << 47) - 16);

/// The key of the process; 0 until it is asked for.
fn key() -> usize {
    static KEY: AtomicUsize = AtomicUsize::new(0);
    match KEY.load(Ordering::Relaxed) {
        0 => {
            // Every thread finds the same, so it does not matter which stores it.
            let fresh = process::random_word() | 1;
            KEY.store(fresh, Ordering::Relaxed);
            fresh
        }
        key => key,
    }
}

/// The link at `place` to `target`, as it is kept.
pub(in crate::pool) fn seal(place: usize, target: *mut u8) -> *mut u8 {
    target.map_addr(|target| target ^ key() ^ place.rotate_left(16))
}

/// The target of a link that was kept at `place`; aborts if nobody sealed it.
pub(in crate::pool) fn open(place: usize, link: *mut u8) -> *mut u8 {
    let target = link.map_addr(|link| link ^ key() ^ place.rotate_left(16));
    if target.addr() & NEVER != 0 {
        corrupt("a freed block was overwritten: its link is none,", place);
    }
    target
}
