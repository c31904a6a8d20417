//! A block of host memory as the cargo of a flight: where `device` and `io`, which do not know each other, meet.
//!
//! Invariant: a block registered under its home address is found there by the kernel, wherever its pages have moved.

use crate::device::host::{Block, Region};
use crate::io::{FixedPlace, Io, IoBuf};
use std::ptr::NonNull;

/// A block that a flight owns.
#[derive(Debug)]
pub struct Freight(pub Block);

// SAFETY:
// - the pages stay mapped while the block lives: it keeps its span and window alive and moves only by `&mut`;
// - they are its own, so nobody else writes them; whoever may read them meanwhile is told by residency;
// - `fixed` names them by their home address, under which `register` registered them.
unsafe impl IoBuf for Freight {
    fn start(&self) -> NonNull<u8> {
        self.0.address()
    }

    fn len(&self) -> usize {
        self.0.bytes()
    }

    fn fixed(&self) -> Option<FixedPlace> {
        let (region, address) = self.0.home();
        Some(FixedPlace { region, address: address.as_ptr() as u64 })
    }
}

/// Registers memory that a pool has just committed, before any block of it has moved. Returns whether the driver
/// took it.
pub fn register(io: &mut dyn Io<Freight>, region: &Region) -> bool {
    // SAFETY: a flight keeps the span of its block alive, and a driver waits for its flights before it goes; the
    // pages of a span are freed only with its last block.
    unsafe { io.register(region.index, region.start, region.len) }
}
