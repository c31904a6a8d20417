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
use crate::simd::{self, Loop};
use std::ops::Range;

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
    if inner == 0 || out.is_empty() {
        // Axes that hold no element may be as long as they like.
        out.fill(T::default());
        return;
    }
    let panels = packed(b, inner, columns);
    let left = if a.1 { Some(turned(a.0, inner, rows)) } else { None };
    let left = left.as_deref().unwrap_or(a.0);
    by_rows(out, columns, columns.saturating_mul(inner), |out, first| {
        let left = &left[first * inner..][..out.len() / columns * inner];
        simd::widest(Part { out, columns, left, inner, panels: &panels });
        0
    });
}

/// Some rows of a product.
struct Part<'a, T> {
    out: &'a mut [T],
    columns: usize,
    left: &'a [T],
    inner: usize,
    panels: &'a [T],
}

impl<T: Fold + Default> Loop for Part<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { out, columns, left, inner, panels } = self;
        if inner == 0 {
            return;
        }
        for (out, left) in out.chunks_mut(columns * HIGH).zip(left.chunks(inner * HIGH)) {
            for (panel, lines) in panels.chunks_exact(inner * WIDE).enumerate() {
                let (from, lines) = (panel * WIDE, lines.as_chunks::<WIDE>().0);
                let to = from..(from + WIDE).min(columns);
                strip_by_panel(out, columns, to, left, inner, lines);
            }
        }
    }
}

/// One strip of rows by one panel of columns, which are summed in registers.
#[inline(always)]
fn strip_by_panel<T: Fold + Default>(
    out: &mut [T],
    columns: usize,
    to: Range<usize>,
    left: &[T],
    inner: usize,
    lines: &[[T; WIDE]],
) {
    let mut sums = [[T::default(); WIDE]; HIGH];
    if left.len() == HIGH * inner {
        let (a, rest) = left.split_at(inner);
        let (b, rest) = rest.split_at(inner);
        let (c, d) = rest.split_at(inner);
        let [mut of_a, mut of_b, mut of_c, mut of_d] = sums;
        for ((((line, a), b), c), d) in lines.iter().zip(a).zip(b).zip(c).zip(d) {
            of_a = plus(of_a, *a, line);
            of_b = plus(of_b, *b, line);
            of_c = plus(of_c, *c, line);
            of_d = plus(of_d, *d, line);
        }
        sums = [of_a, of_b, of_c, of_d];
    } else {
        for (sums, row) in sums.iter_mut().zip(left.chunks_exact(inner)) {
            *sums = lines.iter().zip(row).fold(*sums, |sums, (line, factor)| plus(sums, *factor, line));
        }
    }
    for (sums, out) in sums.iter().zip(out.chunks_exact_mut(columns)) {
        out[to.clone()].copy_from_slice(&sums[..to.len()]);
    }
}

#[inline(always)]
fn plus<T: Fold>(sums: [T; WIDE], factor: T, line: &[T; WIDE]) -> [T; WIDE] {
    let mut next = sums;
    for (next, value) in next.iter_mut().zip(line) {
        *next = next.sum(factor.product(*value));
    }
    next
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
