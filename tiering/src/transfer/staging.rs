//! Staging: where bytes land that must be realigned before they reach their copy.
//!
//! A chunk that cannot be read in place is read piece by piece into staging blocks, each piece copied to its place
//! when it has arrived whole. The target block belongs to the [`StagedFill`] until the last piece has landed, so a
//! half-filled chunk is never seen by anybody. Staging blocks are runs of the frame pool, whose spans are blocks of
//! one [`Pool`](stratal_runtime::pool::Pool), so staging is inside the budget and registered with the driver.

use super::step::PieceStep;
use crate::device::host::Block;
use crate::error::Error;

/// Bytes of the object that one piece carries.
pub const PIECE_BYTES: u64 = 256 << 10;

/// Bytes of a staging block: a piece, and the rest of the file blocks at both its ends.
pub const STAGING_BLOCK_BYTES: usize = PIECE_BYTES as usize + 2 * 4096;

/// A chunk on its way through staging.
#[derive(Debug)]
pub struct StagedFill {
    target: Block,
    waiting: Vec<PieceStep>,
    under_way: usize,
    failed: Option<Error>,
}

impl StagedFill {
    /// Starts filling `target` by `steps`.
    #[must_use]
    pub fn new(target: Block, steps: impl Iterator<Item = PieceStep>) -> Self {
        let mut waiting: Vec<_> = steps.collect();
        waiting.reverse();
        Self { target, waiting, under_way: 0, failed: None }
    }

    /// The next piece to read, if any is left to start and none has failed.
    pub fn next_piece(&mut self) -> Option<PieceStep> {
        let step = if self.failed.is_none() { self.waiting.pop() } else { None }?;
        self.under_way += 1;
        Some(step)
    }

    /// A piece has arrived in `staging`: copies it to its place and says how many bytes that was.
    pub fn land(&mut self, step: &PieceStep, staging: &Block) -> u64 {
        self.under_way -= 1;
        let (source, target, len) = (step.source as usize, step.target as usize, step.bytes as usize);
        self.target.as_mut_slice()[target..target + len]
            .copy_from_slice(&staging.as_slice()[source..source + len]);
        u64::from(step.bytes)
    }

    /// A piece has failed: no further one starts, and the fill fails once those under way have ended.
    pub fn fail(&mut self, error: Error) {
        self.under_way -= 1;
        self.failed.get_or_insert(error);
    }

    /// Whether the last piece has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.under_way == 0 && (self.waiting.is_empty() || self.failed.is_some())
    }

    /// Gives the target back, with the error if a piece failed.
    #[must_use]
    pub fn finish(self) -> (Block, Option<Error>) {
        (self.target, self.failed)
    }
}
