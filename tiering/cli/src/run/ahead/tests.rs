//! Slices cover a matrix, and hints run ahead of leases by a fixed distance.

use super::{Ahead, SLICES_AHEAD, slices};
use crate::run::model::Matrix;

/// Promise: slices cover all rows once, in order, within the bytes of a lease where a row allows it.
#[test]
fn slices_cover_all_rows() {
    let matrix = Matrix::zeros([10, 4]).unwrap(); // 8 bytes a row
    for (lease_bytes, expect) in
        [(80, vec![(0, 10)]), (79, vec![(0, 9), (9, 10)]), (24, vec![(0, 3), (3, 6), (6, 9), (9, 10)])]
    {
        let found: Vec<_> = slices(&matrix, lease_bytes).map(|rows| (rows.start, rows.end)).collect();
        assert_eq!(found, expect, "{lease_bytes}");
    }
    assert_eq!(slices(&matrix, 1).count(), 10);
    assert_eq!(slices(&Matrix::zeros([0, 4]).unwrap(), 80).count(), 0);
}

/// Promise: every slice is hinted once, at most a fixed distance ahead, and the end is not passed.
#[test]
fn hints_run_ahead() {
    let matrices = [Matrix::zeros([4, 4]).unwrap(), Matrix::zeros([3, 4]).unwrap()];
    let mut ahead = Ahead::new(matrices.iter(), 8);
    assert_eq!(ahead.slices.len(), 7);
    for leased in 1..=7 {
        ahead.leased();
        assert_eq!(ahead.hinted, (leased + SLICES_AHEAD).min(7));
    }
}
