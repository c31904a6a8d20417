//! Each form of the language against a loop written by hand.

use crate::everywhere::Everywhere;
use stratal::{Result, Shape, Tensor, bf16, f16, kernel};

type Matrix = Tensor<f32, Shape![_, _]>;

/// Sizes at which loops over lanes, rows and chunks begin and end.
const SIZES: [[usize; 2]; 8] = [[0, 3], [3, 0], [1, 1], [2, 31], [3, 32], [4, 33], [5, 100], [64, 7]];

fn matrix([rows, columns]: [usize; 2], salt: usize) -> Matrix {
    let element = |[i, j]: [usize; 2]| ((i * 131 + j * 37 + salt * 17) % 101) as f32 * 0.25 - 12.0;
    Matrix::from_fn([rows, columns], element).expect("a small matrix")
}

fn elements(tensor: &Matrix) -> Vec<f32> {
    tensor.read().expect("nobody else holds it").to_vec()
}

#[kernel]
fn scale(input: &Tensor<f32, { [N, M] }>, k: f32) -> Tensor<f32, { [N, M] }> {
    input.map(|x| x * k)
}

#[kernel]
fn blend(
    a: &Tensor<f32, { [N, M] }>,
    b: &Tensor<f32, { [N, M] }>,
    row: &Tensor<f32, { [M] }>,
) -> Tensor<f32, (N, M)> {
    let mixed = a.zip(b, |x, y| if x < y { x * 0.5 } else { y });
    zip(mixed, row, |x, r| x + r)
}

#[test]
fn elements_are_mapped_and_zipped() -> Result<()> {
    for size in SIZES {
        let (a, b) = (matrix(size, 1), matrix(size, 2));
        let scaled = scale(&a, -2.5).run_everywhere()?;
        assert_eq!(elements(&scaled), elements(&a).iter().map(|x| x * -2.5).collect::<Vec<_>>());
        let row = Tensor::<f32, Shape![_]>::from_fn([size[1]], |[j]| j as f32)?;
        let blended = blend(&a, &b, &row).run_everywhere()?;
        let expected: Vec<f32> = elements(&a)
            .iter()
            .zip(elements(&b))
            .enumerate()
            .map(|(at, (x, y))| if *x < y { x * 0.5 } else { y } + (at % size[1]) as f32)
            .collect();
        assert_eq!(elements(&blended), expected, "{size:?}");
    }
    Ok(())
}

#[kernel]
fn folds(
    x: &Tensor<i32, { [N, M] }>,
) -> (
    Tensor<i32, { [N] }>,
    Tensor<i32, { [M] }>,
    Tensor<i32, { [N] }>,
    Tensor<i32, { [M] }>,
    Tensor<i32, { [] }>,
) {
    (x.sum(1), x.sum(0), x.max(M), x.map(|x| x * 2).min(N), x.sum(1).sum(0))
}

#[test]
fn axes_are_folded() -> Result<()> {
    for [rows, columns] in SIZES {
        let element = |[i, j]: [usize; 2]| ((i * 7 + j * 13) % 29) as i32 - 11;
        let x = Tensor::<i32, Shape![_, _]>::from_fn([rows, columns], element)?;
        let (across, down, high, low, all) = folds(&x).run_everywhere()?;
        let row = |i: usize| (0..columns).map(move |j| element([i, j]));
        let column = |j: usize| (0..rows).map(move |i| element([i, j]));
        let expected: Vec<i32> = (0..rows).map(|i| row(i).sum()).collect();
        assert_eq!(across.read()?.as_slice(), expected);
        let expected: Vec<i32> = (0..columns).map(|j| column(j).sum()).collect();
        assert_eq!(down.read()?.as_slice(), expected);
        let expected: Vec<i32> = (0..rows).map(|i| row(i).max().unwrap_or(i32::MIN)).collect();
        assert_eq!(high.read()?.as_slice(), expected);
        let expected: Vec<i32> =
            (0..columns).map(|j| column(j).min().map_or(i32::MAX, |low| low * 2)).collect();
        assert_eq!(low.read()?.as_slice(), expected);
        assert_eq!(all.read()?.as_slice(), [(0..rows).flat_map(row).sum::<i32>()]);
    }
    Ok(())
}

#[kernel]
fn cube_folds(
    x: &Tensor<f64, { [A, B, D] }>,
) -> (Tensor<f64, { [A, B] }>, Tensor<f64, { [A, D] }>, Tensor<f64, { [B, D] }>) {
    (x.sum(2), x.mean(1), x.product(A))
}

#[test]
fn axes_of_a_cube_are_folded() -> Result<()> {
    let [a, b, d] = [3, 4, 35];
    let element = |[i, j, k]: [usize; 3]| ((i * 5 + j * 3 + k) % 4) as f64 + 0.5;
    let x = Tensor::<f64, Shape![3, _, _]>::from_fn([a, b, d], element)?;
    let (last, middle, first) = cube_folds(&x).run_everywhere()?;
    let (last, middle, first) = (last.read()?, middle.read()?, first.read()?);
    for i in 0..a {
        for j in 0..b {
            assert_eq!(last.view()[[i, j]], (0..d).map(|k| element([i, j, k])).sum::<f64>());
        }
        for k in 0..d {
            assert_eq!(middle.view()[[i, k]], (0..b).map(|j| element([i, j, k])).sum::<f64>() / b as f64);
        }
    }
    for (j, k) in (0..b).flat_map(|j| (0..d).map(move |k| (j, k))) {
        assert_eq!(first.view()[[j, k]], (0..a).map(|i| element([i, j, k])).product::<f64>());
    }
    Ok(())
}

#[kernel]
fn indexed(x: &Tensor<f32, { [N, M] }>, places: &Tensor<u32, { [K] }>) -> Tensor<f32, { [K, N] }> {
    from_fn([K, N], |[k, i]| {
        let mut sum = 0.0;
        for j in 0..M {
            if j as u32 != places[k] {
                sum += x[[i, j]];
            }
        }
        sum + x[[i, places[k] as usize]] * 10.0
    })
}

#[test]
fn elements_are_read_by_index() -> Result<()> {
    let x = matrix([5, 9], 3);
    let places = Tensor::<u32, Shape![3]>::from_slice([3], &[0, 8, 4])?;
    let found = indexed(&x, &places).run_everywhere()?;
    let (x, found) = (x.read()?, found.read()?);
    for (k, place) in [0, 8, 4].into_iter().enumerate() {
        for i in 0..5 {
            let others = (0..9).filter(|j| *j != place).fold(0.0, |sum, j| sum + x.view()[[i, j]]);
            assert_eq!(found.view()[[k, i]], others + x.view()[[i, place]] * 10.0);
        }
    }
    Ok(())
}

#[kernel]
fn in_place(
    out: &mut Tensor<f32, { [N, M] }>,
    row: &mut Tensor<f32, { [M] }>,
    k: f32,
) -> Tensor<f32, { [M] }> {
    let before = row.map(|r| r + 1.0);
    for [i, j] in out.dims() {
        if i == j {
            out[[i, j]] = k;
        } else {
            out[[i, j]] += row[j];
        }
    }
    row.assign(out.sum(0));
    out.assign(zip(out, out.max(1), |x, high| x - high));
    before
}

#[test]
fn parameters_are_written_in_order() -> Result<()> {
    let [rows, columns] = [3, 5];
    let mut out = matrix([rows, columns], 1);
    let mut row = Tensor::<f32, Shape![_]>::from_fn([columns], |[j]| j as f32)?;
    let mut expected = elements(&out);
    let before = in_place(&mut out, &mut row, 7.0).run_everywhere()?;
    for (at, x) in expected.iter_mut().enumerate() {
        let (i, j) = (at / columns, at % columns);
        *x = if i == j { 7.0 } else { *x + j as f32 };
    }
    let sums: Vec<f32> =
        (0..columns).map(|j| (0..rows).fold(0.0, |sum, i| sum + expected[i * columns + j])).collect();
    for row in expected.chunks_exact_mut(columns) {
        let high = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|x| *x -= high);
    }
    assert_eq!(elements(&out), expected);
    assert_eq!(row.read()?.as_slice(), sums);
    assert_eq!(before.read()?.as_slice(), [1.0, 2.0, 3.0, 4.0, 5.0]);
    Ok(())
}

#[kernel]
fn turned(
    x: &mut Tensor<f32, { [N, N] }>,
    y: &Tensor<f32, { [N, M] }>,
) -> (Tensor<f32, { [M, N] }>, Tensor<f32, { [N, N] }>) {
    let square = matmul(y, y.transpose());
    x.assign(x.transpose());
    (y.transpose().map(|y| y * 2.0), square)
}

#[test]
fn matrices_are_turned_and_multiplied() -> Result<()> {
    let mut x = matrix([4, 4], 1);
    let (before, y) = (elements(&x), matrix([4, 6], 2));
    let (doubled, square) = turned(&mut x, &y).run_everywhere()?;
    let (x, y, doubled, square) = (x.read()?, y.read()?, doubled.read()?, square.read()?);
    for i in 0..4 {
        for j in 0..4 {
            assert_eq!(x.view()[[i, j]], before[j * 4 + i]);
            let sum = (0..6).fold(0.0, |sum, k| sum + y.view()[[i, k]] * y.view()[[j, k]]);
            assert_eq!(square.view()[[i, j]], sum);
        }
        for j in 0..6 {
            assert_eq!(doubled.view()[[j, i]], y.view()[[i, j]] * 2.0);
        }
    }
    Ok(())
}

#[kernel]
fn halves(
    a: &Tensor<f16, { [N] }>,
    b: &Tensor<bf16, { [N] }>,
    bytes: &Tensor<u8, { [N] }>,
) -> (Tensor<bf16, { [N] }>, Tensor<u8, { [N] }>) {
    (zip(a, b, |a, b| a * b + 1.0), bytes.map(|x| x * 3 + 1))
}

#[test]
fn small_numbers_are_computed_with_wide_ones() -> Result<()> {
    let a = Tensor::<f16, Shape![_]>::from_fn([40], |[i]| f16::from_f32(i as f32 * 0.3))?;
    let b = Tensor::<bf16, Shape![_]>::from_fn([40], |[i]| bf16::from_f32(i as f32 * -0.7))?;
    let bytes = Tensor::<u8, Shape![_]>::from_fn([40], |[i]| (i * 9) as u8)?;
    let (product, tripled) = halves(&a, &b, &bytes).run_everywhere()?;
    let (a, b) = (a.read()?, b.read()?);
    for i in 0..40 {
        assert_eq!(product.read()?[i], bf16::from_f32(a[i].to_f32() * b[i].to_f32() + 1.0));
        assert_eq!(tripled.read()?[i], (i as u32 * 9 % 256 * 3 + 1) as u8);
    }
    Ok(())
}

#[kernel]
fn integers(
    a: &Tensor<i32, { [N] }>,
    b: &Tensor<i32, { [N] }>,
) -> (Tensor<i32, { [N] }>, Tensor<i64, { [N] }>, Tensor<bool, { [N] }>) {
    let mixed =
        zip(a, b, |a, b| (a + b) * a - (a & b) ^ (a >> 3) | (b << 33) + a.abs().max(b).clamp(-5, 1000));
    (mixed, a.map(|a| a as i64 * 3 % 7), zip(a, b, |a, b| !(a == b) && a as f32 > 0.5))
}

#[test]
fn integers_wrap() -> Result<()> {
    let edges = [i32::MIN, -7, -1, 0, 1, 6, i32::MAX];
    let pairs: Vec<(i32, i32)> = edges.iter().flat_map(|a| edges.iter().map(move |b| (*a, *b))).collect();
    let a = Tensor::<i32, Shape![_]>::from_fn([49], |[i]| pairs[i].0)?;
    let b = Tensor::<i32, Shape![_]>::from_fn([49], |[i]| pairs[i].1)?;
    let (mixed, wide, told) = integers(&a, &b).run_everywhere()?;
    for (i, (a, b)) in pairs.into_iter().enumerate() {
        let first = a.wrapping_add(b).wrapping_mul(a).wrapping_sub(a & b) ^ (a >> 3);
        let second = b.wrapping_shl(33).wrapping_add(a.wrapping_abs().max(b).clamp(-5, 1000));
        assert_eq!(mixed.read()?[i], first | second, "{a} {b}");
        assert_eq!(wide.read()?[i], i64::from(a) * 3 % 7);
        assert_eq!(told.read()?[i], a != b && a as f32 > 0.5);
    }
    Ok(())
}

stratal::verbatim::kernel! {
    fn seed(input: Tensor<f32, [N, M]>) -> Tensor<f32, [N, M]> {
        input.map(|x| x * 2.0)
    }
}

#[test]
fn shapes_may_stand_in_brackets() -> Result<()> {
    let x = matrix([3, 4], 1);
    assert_eq!(
        elements(&seed(&x).run_everywhere()?),
        elements(&x).iter().map(|x| x * 2.0).collect::<Vec<_>>()
    );
    Ok(())
}
