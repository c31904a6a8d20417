//! What a traversal leases next: slices in order, hinted a few ahead of the one in use.
//!
//! An engine that has recorded a pass knows this by itself; the hints carry the first one.

use super::model::Matrix;
use std::ops::Range;

/// Slices hinted ahead of the one in use: with it they fill a window of four leases.
const SLICES_AHEAD: usize = 3;

/// The slices of one traversal, in order.
#[derive(Debug)]
pub(crate) struct Ahead<'a> {
    slices: Vec<(&'a Matrix, Range<usize>)>,
    /// Slices leased so far.
    leased: usize,
    /// Slices leased or hinted so far.
    hinted: usize,
}

impl<'a> Ahead<'a> {
    /// A traversal of `matrices` in slices of at most `lease_bytes`.
    pub(crate) fn new(matrices: impl Iterator<Item = &'a Matrix>, lease_bytes: u64) -> Self {
        let slices = matrices.flat_map(|matrix| slices(matrix, lease_bytes).map(move |rows| (matrix, rows)));
        Self { slices: slices.collect(), leased: 0, hinted: 0 }
    }

    /// The next slice was leased: those after it are asked for.
    pub(crate) fn leased(&mut self) {
        self.leased += 1;
        self.hinted = self.hinted.max(self.leased);
        let until = self.slices.len().min(self.leased + SLICES_AHEAD);
        for (matrix, rows) in &self.slices[self.hinted.min(until)..until] {
            matrix.prefetch_rows(rows.clone());
        }
        self.hinted = until;
    }
}

/// The rows of a matrix in slices of at most `lease_bytes`, but at least one row each.
pub(crate) fn slices(matrix: &Matrix, lease_bytes: u64) -> impl Iterator<Item = Range<usize>> + use<> {
    let rows = matrix.shape()[0];
    let row_bytes = (matrix.num_bytes() / rows.max(1)).max(1) as u64;
    let slice = usize::try_from(lease_bytes / row_bytes).unwrap_or(usize::MAX).clamp(1, rows.max(1));
    (0..rows).step_by(slice).map(move |first| first..(first + slice).min(rows))
}

#[cfg(test)]
mod tests;
