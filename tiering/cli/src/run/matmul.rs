//! Products of leased bf16 rows and f32 columns.
//!
//! A pass has one column, or a few while it takes the prompt: the product is bound by reading weights, each of them
//! once. So there is no tiling and no packing: a row is widened to f32 into the first-level cache and multiplied by
//! every column there. Every output is one sum in one fixed order; its bits depend neither on how a matrix is sliced,
//! nor on how many threads or columns there are, nor on what is resident.

use super::ops::dot;
use pulp::Arch;
use rayon::prelude::*;
use stratal::bf16;

/// Rows one thread takes at a time.
const ROWS_PER_TASK: usize = 32;

/// Columns of activations: `count` of them, each `len` values, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns {
    values: Vec<f32>,
    len: usize,
}

impl Columns {
    /// Columns of zeros.
    pub(crate) fn zeros(len: usize, count: usize) -> Self {
        Self { values: vec![0.0; len * count], len }
    }

    /// Values of one column.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many columns.
    pub(crate) fn count(&self) -> usize {
        self.values.len() / self.len.max(1)
    }

    /// One column.
    pub(crate) fn column(&self, index: usize) -> &[f32] {
        &self.values[index * self.len..][..self.len]
    }

    /// One column, to write.
    pub(crate) fn column_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.values[index * self.len..][..self.len]
    }

    /// All columns in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.len.max(1))
    }

    /// All columns in order, to write.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.values.chunks_exact_mut(self.len.max(1))
    }

    /// Adds `other`, of the same extent, value by value.
    pub(crate) fn add(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(sum, term)| *sum += term);
    }
}

/// Multiplies the rows `first_row ..` in `weights` (row-major, `x.len()` weights a row) by every column of `x`, into
/// the same rows of the columns of `y`.
pub(crate) fn multiply_rows(weights: &[bf16], first_row: usize, x: &Columns, y: &mut Columns) {
    let (inputs, count) = (x.len(), x.count());
    let rows = weights.len() / inputs;
    let mut products = vec![0.0; rows * count];
    let tasks =
        weights.par_chunks(ROWS_PER_TASK * inputs).zip(products.par_chunks_mut(ROWS_PER_TASK * count));
    tasks.for_each_init(
        || vec![0.0; inputs],
        |wide, (rows, products)| Arch::new().dispatch(|| multiply(rows, x, wide, products)),
    );
    for (index, column) in y.iter_mut().enumerate() {
        let target = &mut column[first_row..first_row + rows];
        target.iter_mut().zip(products.iter().skip(index).step_by(count)).for_each(|(to, from)| *to = *from);
    }
}

/// `products[row][column] = rows[row] · x[column]`; `wide` holds one row.
#[inline(always)]
fn multiply(rows: &[bf16], x: &Columns, wide: &mut [f32], products: &mut [f32]) {
    for (row, products) in rows.chunks_exact(x.len()).zip(products.chunks_exact_mut(x.count())) {
        widen(row, wide);
        for (column, product) in x.iter().zip(products) {
            *product = dot(wide, column);
        }
    }
}

/// bf16 to f32, exactly.
#[inline(always)]
pub(crate) fn widen(narrow: &[bf16], wide: &mut [f32]) {
    for (to, from) in wide.iter_mut().zip(narrow) {
        *to = f32::from_bits(u32::from(from.to_bits()) << 16);
    }
}

#[cfg(test)]
mod tests;
