//! How many bytes memory holds when it is full, as budgets change while an engine runs.

/// Uses per copy after which it is measured anew.
const MEASURED_USES: usize = 4;

/// The most bytes that were present when a victim was asked for, lately and before.
#[derive(Debug, Default)]
pub(super) struct Memory {
    before: u64,
    now: u64,
    uses: usize,
}

impl Memory {
    /// Bytes of the full memory; all there are until it was full.
    pub(super) fn capacity_bytes(&self) -> u64 {
        let most = self.before.max(self.now);
        if most == 0 { u64::MAX } else { most }
    }

    /// A victim is asked for while so many bytes are present.
    pub(super) fn full_at(&mut self, bytes: u64) {
        self.now = self.now.max(bytes);
    }

    /// A copy was used, one of so many.
    pub(super) fn used(&mut self, copies: usize) {
        self.uses += 1;
        if self.uses > MEASURED_USES * copies && self.now > 0 {
            *self = Self { before: self.now, now: 0, uses: 0 };
        }
    }
}
