//! Products are right, and their bits do not depend on slices or threads.

use super::{Columns, multiply_rows, widen};
use stratal::bf16;

fn weights(count: usize) -> Vec<bf16> {
    (0..count).map(|i| bf16::from_f32(((i * 37 % 101) as f32 - 50.0) / 64.0)).collect()
}

fn columns(len: usize, count: usize) -> Columns {
    let mut x = Columns::zeros(len, count);
    for (c, column) in x.iter_mut().enumerate() {
        for (i, value) in column.iter_mut().enumerate() {
            *value = ((i * 13 + c * 7) % 29) as f32 / 16.0 - 0.9;
        }
    }
    x
}

/// Promise: a product is the sum of products, to rounding.
#[test]
fn agrees_with_plain_sums() {
    for (rows, inputs, count) in [(5, 3, 1), (70, 96, 2), (130, 257, 5)] {
        let (w, x) = (weights(rows * inputs), columns(inputs, count));
        let mut y = Columns::zeros(rows, count);
        multiply_rows(&w, 0, &x, &mut y);
        for c in 0..count {
            for r in 0..rows {
                let plain: f64 = (0..inputs)
                    .map(|i| f64::from(w[r * inputs + i].to_f32()) * f64::from(x.column(c)[i]))
                    .sum();
                assert!((f64::from(y.column(c)[r]) - plain).abs() < 1e-3, "row {r} of {rows}, column {c}");
            }
        }
    }
}

/// Promise: whatever slices a matrix is leased in, on however many threads, beside however many columns, the bits are
/// the same.
#[test]
fn bits_depend_on_nothing_else() {
    let (rows, inputs) = (300, 1500);
    let (w, x) = (weights(rows * inputs), columns(inputs, 3));
    let whole = sliced(&w, &x, rows, rows);
    for slice in [1, 32, 33, 299] {
        assert_eq!(sliced(&w, &x, rows, slice), whole, "slices of {slice} rows");
    }
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one.install(|| sliced(&w, &x, rows, rows)), whole);
    assert_eq!(sliced(&w, &columns(inputs, 1), rows, rows).column(0), whole.column(0));
}

fn sliced(w: &[bf16], x: &Columns, rows: usize, slice: usize) -> Columns {
    let mut y = Columns::zeros(rows, x.count());
    for first in (0..rows).step_by(slice) {
        let last = (first + slice).min(rows);
        multiply_rows(&w[first * x.len()..last * x.len()], first, x, &mut y);
    }
    y
}

/// Promise: widening is exact for every bf16, NaN payloads included.
#[test]
fn widening_is_exact() {
    let narrow: Vec<bf16> = (0..=u16::MAX).map(bf16::from_bits).collect();
    let mut wide = vec![0.0; narrow.len()];
    widen(&narrow, &mut wide);
    assert!(narrow.iter().zip(&wide).all(|(n, w)| u32::from(n.to_bits()) << 16 == w.to_bits()));
}
