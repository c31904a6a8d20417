//! Promises of what kernels are printed against.

use super::*;

/// A product has the elements of the definition, whatever the sizes and however the factors lie.
#[test]
fn products_are_those_of_the_definition() {
    for [rows, inner, columns] in [[0, 3, 2], [1, 1, 1], [2, 0, 3], [5, 7, 17], [4, 16, 16], [33, 20, 40]] {
        let a: Vec<f32> = (0..rows * inner).map(|i| (i % 11) as f32 - 4.5).collect();
        let b: Vec<f32> = (0..inner * columns).map(|i| (i % 7) as f32 * 0.25 - 0.6).collect();
        let mut expected = vec![0.0_f32; rows * columns];
        for (at, sum) in expected.iter_mut().enumerate() {
            let (i, j) = (at / columns, at % columns);
            for k in 0..inner {
                *sum += a[i * inner + k] * b[k * columns + j];
            }
        }
        let turn = |m: &[f32], rows: usize, columns: usize| -> Vec<f32> {
            (0..columns).flat_map(|c| (0..rows).map(move |r| m[r * columns + c])).collect()
        };
        let (a_turned, b_turned) = (turn(&a, rows, inner), turn(&b, inner, columns));
        for (left, right) in [
            ((&a[..], false), (&b[..], false)),
            ((&a_turned[..], true), (&b[..], false)),
            ((&a[..], false), (&b_turned[..], true)),
            ((&a_turned[..], true), (&b_turned[..], true)),
        ] {
            let mut out = vec![9.0_f32; rows * columns];
            matmul(&mut out, left, right, [rows, inner, columns]);
            assert_eq!(out, expected, "{rows} {inner} {columns} {} {}", left.1, right.1);
        }
    }
}

/// Every row is computed once, whatever the sizes and the number of threads; faults are joined.
#[test]
fn rows_are_shared_out_without_gaps() {
    for (rows, row, work) in [(0, 4, 1), (3, 4, 1 << 20), (1000, 3, 1 << 18), (7, 1, usize::MAX)] {
        let mut out = vec![0_usize; rows * row];
        let fault = by_rows(&mut out, row, work, |out, first| {
            for (at, out) in out.chunks_exact_mut(row).enumerate() {
                out.fill(first + at + 1);
            }
            u32::from(first + out.len() / row == rows) << 1
        });
        let expected: Vec<usize> = (0..rows * row).map(|at| at / row + 1).collect();
        assert_eq!((out, fault), (expected, if rows == 0 { 0 } else { 2 }));
    }
    assert_eq!(by_rows(&mut [1_u8; 4], 0, 1, |_, _| 9), 0);
}

/// A NaN is beside the order, and equal numbers keep the first.
#[test]
fn maxima_are_defined() {
    assert_eq!((max(f32::NAN, 1.0), max(1.0, f32::NAN)), (1.0, 1.0));
    assert_eq!((min(f64::NAN, 1.0), min(1.0, f64::NAN)), (1.0, 1.0));
    assert!(max(0.0_f32, -0.0).is_sign_positive() && max(-0.0_f32, 0.0).is_sign_negative());
    assert!(clamp(f32::NAN, 0.0, 1.0).is_nan());
    assert_eq!((clamp(3, 0, 2), clamp(-3, 0, 2), abs(i32::MIN)), (2, 0, i32::MIN));
}

/// Lanes are folded by halves.
#[test]
fn lanes_are_folded_by_halves() {
    let part: [u32; 32] = std::array::from_fn(|lane| 1 << lane);
    assert_eq!(fold_lanes(part, fold_sum), u32::MAX);
    let words: [&str; 32] = std::array::from_fn(|lane| {
        if lane == 0 {
            "a"
        } else if lane == 16 {
            "b"
        } else {
            ""
        }
    });
    assert_eq!(fold_lanes(words, |a, b| if a.is_empty() { b } else { a }), "a");
}

/// A division by zero is 0 and tells; the one that overflows wraps.
#[test]
fn divisions_are_checked() {
    let mut fault = 0;
    assert_eq!((checked_quotient(i32::MIN, -1, &mut fault), fault), (i32::MIN, 0));
    assert_eq!((checked_remainder(7_u32, 0, &mut fault), fault), (0, DIVIDED));
}

/// Sizes that differ are told with kernel, dimension, both tensors and axes.
#[test]
fn sizes_are_held_together() {
    let tensor =
        |name, extents| TensorParameter { name, dtype: crate::tensor::DType::F32, written: false, extents };
    let tensors: &'static [TensorParameter] = Box::leak(Box::new([
        tensor("data", &[Extent::Symbol(0), Extent::Symbol(1)]),
        tensor("weights", &[Extent::Symbol(1), Extent::Fixed(10)]),
    ]));
    let step = Descriptor { name: "step", symbols: &["N", "D"], tensors, ..Descriptor::REFUSED };
    let mut sizes = [0; 2];
    bind_sizes(&step, &[&[5, 784], &[784, 10]], &mut sizes).expect("sizes that agree");
    assert_eq!(sizes, [5, 784]);
    let told =
        |shapes: &[&[usize]]| bind_sizes(&step, shapes, &mut [0; 2]).expect_err("they differ").to_string();
    let expected = "kernel `step`: dimension `D` is 784 in `data` (axis 1) but 768 in `weights` (axis 0)";
    assert!(told(&[&[5, 784], &[768, 10]]).ends_with(expected));
    assert!(
        told(&[&[5, 784], &[784, 9]]).ends_with("kernel `step`: axis 1 of `weights` is declared 10 but is 9")
    );
}
