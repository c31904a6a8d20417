//! Where freed blocks wait before they can be handed out again: first in, first out, for the whole process.

use crate::pool::class::Class;
use crate::pool::lock::Lock;

/// Blocks that wait, at most.
const PLACES: usize = 1024;

/// Bytes from which on one block leaves for each that comes.
const BYTES_MANY: usize = 4 << 20;

/// A ring of blocks. Equation: `bytes` is the sum of the sizes of the `len` blocks from `oldest` on.
#[derive(Debug)]
pub(super) struct Quarantine {
    ring: [Option<(Class, *mut u8)>; PLACES],
    oldest: usize,
    len: usize,
    bytes: usize,
}

// SAFETY: the blocks belong to the quarantine, which is reached through a lock.
unsafe impl Send for Quarantine {}

static QUARANTINE: Lock<Quarantine> = Lock::new(Quarantine::new());

impl Quarantine {
    pub(super) const fn new() -> Self {
        Self { ring: [None; PLACES], oldest: 0, len: 0, bytes: 0 }
    }

    /// Takes in a freed block; gives out the oldest if there are many.
    pub(super) fn exchange(&mut self, class: Class, block: *mut u8) -> Option<(Class, *mut u8)> {
        let is_full = self.len == PLACES || self.bytes > BYTES_MANY;
        let released = if is_full { self.ring[self.oldest].take() } else { None };
        if let Some((class, _)) = released {
            self.oldest = (self.oldest + 1) % PLACES;
            self.len -= 1;
            self.bytes -= class.bytes();
        }
        self.ring[(self.oldest + self.len) % PLACES] = Some((class, block));
        self.len += 1;
        self.bytes += class.bytes();
        released
    }
}

/// Takes in a freed block of the process; gives out the oldest if there are many.
pub(super) fn exchange(class: Class, block: *mut u8) -> Option<(Class, *mut u8)> {
    QUARANTINE.lock().exchange(class, block)
}

/// Takes the lock, before a fork.
pub(in crate::pool) fn acquire() {
    QUARANTINE.acquire();
}

/// Gives the lock up, after a fork.
///
/// # Safety
///
/// As for [`Lock::release`].
pub(in crate::pool) unsafe fn release() {
    // SAFETY: forwarded.
    unsafe { QUARANTINE.release() };
}
