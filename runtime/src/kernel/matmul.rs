//! The product of two matrices, as kernels compute it: each element is summed in the order of the inner dimension,
//! without fusing, so that every back end has the same result.
//!
//! ```text
//! out[i][j..j+16] of four rows at once ── sum over k of a[i][k] · panel[k][0..16]
//! ```
//!
//! Columns of the right side are packed sixteen at a time, so that the inner loop reads one line after the other.

use super::arithmetic::Fold;
use super::rows::by_rows;

/// Columns that are summed side by side.
const WIDE: usize = 16;
/// Rows that are summed side by side.
const HIGH: usize = 4;

/// A matrix, and whether its rows are meant as columns.
pub type Factor<'a, T> = (&'a [T], bool);

/// `out` becomes the product of `a` and `b`, which have `[rows, inner]` and `[inner, columns]` once swapped.
pub fn matmul<T: Fold + Default + Send + Sync>(
    out: &mut [T],
    a: Factor<'_, T>,
    b: Factor<'_, T>,
    [rows, inner, columns]: [usize; 3],
) {
    let panels = packed(b, inner, columns);
    let left = if a.1 { Some(turned(a.0, inner, rows)) } else { None };
    let left = left.as_deref().unwrap_or(a.0);
    by_rows(out, columns, columns.saturating_mul(inner), |out, first| {
        for (strip, out) in out.chunks_mut(columns * HIGH).enumerate() {
            let row = first + strip * HIGH;
            let high = out.len() / columns;
            let left = &left[row * inner..][..high * inner];
            for (panel, lines) in panels.chunks_exact((inner * WIDE).max(1)).enumerate() {
                let lines = lines.as_chunks::<WIDE>().0;
                block(out, columns, panel * WIDE, left, inner, lines);
            }
        }
        0
    });
    if inner == 0 {
        out.fill(T::default());
    }
}

/// One strip of rows by one panel of columns.
fn block<T: Fold + Default>(
    out: &mut [T],
    columns: usize,
    from: usize,
    left: &[T],
    inner: usize,
    lines: &[[T; WIDE]],
) {
    let mut sums = [[T::default(); WIDE]; HIGH];
    let high = left.len().checked_div(inner).unwrap_or(0);
    if high == HIGH {
        let (a, rest) = left.split_at(inner);
        let (b, rest) = rest.split_at(inner);
        let (c, d) = rest.split_at(inner);
        for ((((line, a), b), c), d) in lines.iter().zip(a).zip(b).zip(c).zip(d) {
            for (sums, factor) in sums.iter_mut().zip([*a, *b, *c, *d]) {
                add(sums, factor, line);
            }
        }
    } else {
        for (sums, row) in sums.iter_mut().zip(left.chunks_exact(inner.max(1))) {
            for (line, factor) in lines.iter().zip(row) {
                add(sums, *factor, line);
            }
        }
    }
    let wide = WIDE.min(columns - from);
    for (sums, out) in sums.iter().zip(out.chunks_exact_mut(columns)) {
        out[from..from + wide].copy_from_slice(&sums[..wide]);
    }
}

#[inline(always)]
fn add<T: Fold>(sums: &mut [T; WIDE], factor: T, line: &[T; WIDE]) {
    for (sum, value) in sums.iter_mut().zip(line) {
        *sum = sum.sum(factor.product(*value));
    }
}

/// The right side in panels of sixteen columns, line by line; what is beyond the last column is 0.
fn packed<T: Fold + Default>((elements, swapped): Factor<'_, T>, inner: usize, columns: usize) -> Vec<T> {
    let mut packed = Vec::with_capacity(columns.div_ceil(WIDE) * inner * WIDE);
    for from in (0..columns).step_by(WIDE) {
        let wide = WIDE.min(columns - from);
        for k in 0..inner {
            if swapped {
                packed.extend((from..from + wide).map(|column| elements[column * inner + k]));
            } else {
                packed.extend_from_slice(&elements[k * columns + from..][..wide]);
            }
            packed.extend(std::iter::repeat_n(T::default(), WIDE - wide));
        }
    }
    packed
}

/// Rows as columns.
fn turned<T: Copy>(elements: &[T], rows: usize, columns: usize) -> Vec<T> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| elements[row * columns + column])).collect()
}
