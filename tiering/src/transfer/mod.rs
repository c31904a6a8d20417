//! Carries out a route: where the bytes of a chunk lie in a file, the flights that move them, and the staging that
//! realigns them.
//!
//! Knows files, blocks and byte ranges; knows no policy and never chooses. A [`Placement`] says how an object lies
//! in its file; [`chunk_span`] and [`piece_steps`] turn a chunk of it into reads, [`StagedFill`] collects the pieces
//! of a chunk whose bytes must be realigned on the way, and [`Freight`] is a block as a flight carries it.

#[allow(unsafe_code, reason = "promises to the driver that a block stays")]
mod freight;
mod placement;
mod staging;
mod step;

pub use freight::{Freight, register};
pub use placement::Placement;
pub use staging::{PIECE_BYTES, STAGING_BLOCK_BYTES, StagedFill};
pub use step::{FileSpan, PieceStep, chunk_span, piece_steps, spill_span};

#[cfg(test)]
mod tests;
