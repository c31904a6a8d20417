//! Checksums on the way down and on the way up, taken outside the lock.
//!
//! Invariant: bytes read from the store reach a copy only after their checksum was judged (invariant 8). A foreign
//! checkpoint has none: its errands carry no checksum.

use super::worker::Errand;
use crate::device::host::Block;
use crate::io::Completion;
use crate::observe::counters::Counters;
use crate::store::checksum::Checksum;
use crate::transfer::Freight;

impl Errand {
    /// The errand with the checksum of the bytes that it takes to the store.
    pub(super) fn sealed(self, block: &Block) -> Self {
        match self {
            Self::Spill(key, _) => Self::Spill(key, Checksum::of(block.as_slice())),
            other => other,
        }
    }

    /// Judges what this errand has brought from the store; the transfer of other bytes has failed.
    pub(super) fn verify(&self, counters: &Counters, completion: &mut Completion<Freight>) {
        let (Self::Fill(_, Some(checksum)), Ok(_)) = (self, &completion.result) else { return };
        let flight = &completion.flight;
        let Some(bytes) = flight.buf.0.as_slice().get(..flight.need as usize) else { return };
        counters.bytes_verified.add(bytes.len() as u64);
        if let Err(error) = checksum.verify(bytes) {
            counters.checksum_mismatches.add(1);
            completion.result = Err(error.with("offset", flight.offset));
        }
    }
}
