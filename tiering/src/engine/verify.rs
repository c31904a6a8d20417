//! Chunks that go to the store as they are: what is noted of them on the way down, and judged on the way up, outside the
//! lock.
//!
//! Invariant: bytes read from the store reach a copy only after their checksum was judged (invariant 8). A foreign
//! checkpoint has none: its errands carry nothing to judge by.

use super::worker::Errand;
use crate::device::host::Block;
use crate::io::Completion;
use crate::observe::counters::Counters;
use crate::store::Written;
use crate::store::checksum::Checksum;
use crate::store::codec::{Form, constant};
use crate::transfer::Freight;

impl Errand {
    /// The errand with what is to be noted of the bytes that it takes to the store. A constant chunk that it brings from
    /// there is made here.
    pub(super) fn prepared(self, block: &mut Block) -> Self {
        match self {
            Self::Spill(key, contents, _) => {
                let bytes = block.as_slice();
                let word = bytes.get(..contents.bytes as usize).and_then(constant::find);
                let written = match word {
                    Some(word) => Written { form: Form::Constant(word), ..Written::default() },
                    None => Written {
                        bytes: bytes.len() as u32,
                        checksum: Checksum::of(bytes),
                        ..Written::default()
                    },
                };
                Self::Spill(key, contents, written)
            }
            Self::Fill(_, Some(Written { form: Form::Constant(word), .. })) => {
                constant::fill(word, block.as_mut_slice());
                self
            }
            other => other,
        }
    }

    /// Whether no byte needs to move.
    pub(super) fn is_done(&self) -> bool {
        let (Self::Spill(_, _, written) | Self::Fill(_, Some(written))) = self else { return false };
        matches!(written.form, Form::Constant(_))
    }

    /// Judges what this errand has brought from the store; the transfer of other bytes has failed.
    pub(super) fn verify(&self, counters: &Counters, completion: &mut Completion<Freight>) {
        let (Self::Fill(_, Some(written)), Ok(_)) = (self, &completion.result) else { return };
        let flight = &completion.flight;
        let Some(bytes) = flight.buf.0.as_slice().get(..flight.need as usize) else { return };
        counters.bytes_verified.add(bytes.len() as u64);
        if let Err(error) = written.checksum.verify(bytes) {
            counters.checksum_mismatches.add(1);
            completion.result = Err(error.with("offset", flight.offset));
        }
    }
}
