//! Promises of views of views: each has the elements that a naive walk over indexes finds, and refuses what is not
//! there, with the axis and the numbers.

use super::super::super::layout::{ColumnMajor, RowMajor};
use super::super::super::shape::{C, Dyn, Named};
use super::super::super::typed::Tensor;
use super::super::View;
use super::*;
use crate::error::ErrorKind;
use proptest::prelude::*;

type Cube = (Dyn, Dyn, Dyn);

struct Rows;
impl Named for Rows {
    const NAME: &str = "Rows";
}

/// Elements that say where they were: 10000 i + 100 j + k.
fn cube([m, n, o]: [usize; 3]) -> Tensor<u64, Cube> {
    Tensor::from_fn([m, n, o], |[i, j, k]: [usize; 3]| (10_000 * i + 100 * j + k) as u64).unwrap()
}

fn config() -> ProptestConfig {
    let cases = if cfg!(miri) { 4 } else { 200 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The elements of a view, by index.
fn by_index<S: Shape<Index = [usize; 3]>, L: Order>(view: View<'_, u64, S, L>) -> Vec<([usize; 3], u64)> {
    let [m, n, o]: [usize; 3] = view.shape().try_into().unwrap();
    let indexes = (0..m).flat_map(|i| (0..n).flat_map(move |j| (0..o).map(move |k| [i, j, k])));
    indexes.map(|index| (index, *view.get(index).unwrap())).collect()
}

proptest! {
    #![proptest_config(config())]

    /// A slice, a permutation and a step, one after the other, read what indexing the first view reads.
    #[test]
    fn chains_read_what_indexing_reads(
        sizes in prop::array::uniform3(0usize..5),
        cuts in prop::array::uniform3((0usize..5, 0usize..5)),
        step in 1usize..4,
    ) {
        let tensor = cube(sizes);
        let lease = tensor.read().unwrap();
        let ranges = [0, 1, 2].map(|axis| {
            let (a, b) = cuts[axis];
            a.min(b).min(sizes[axis])..a.max(b).min(sizes[axis])
        });
        let sliced = lease.view().slice(ranges.clone()).unwrap();
        let turned = sliced.permute::<(C<2>, C<0>, C<1>)>().unwrap().step::<1>(step).unwrap();
        for ([i, j, k], value) in by_index(turned) {
            let origin = [ranges[0].start + j * step, ranges[1].start + k, ranges[2].start + i];
            prop_assert_eq!(value, lease.view()[origin]);
        }
        prop_assert!(turned.elements().copied().eq(by_index(turned).into_iter().map(|(_, value)| value)));
        let expected = by_index(turned);
        prop_assert!(turned.indexed().map(|(index, value)| (index, *value)).eq(expected));
        let count = ranges[2].len() * ranges[0].len().div_ceil(step) * ranges[1].len();
        prop_assert_eq!(turned.num_elements(), count);

        // A copy in either order has the same elements; the row-major one is contiguous.
        let (rows, columns) = (turned.to_layout::<RowMajor>().unwrap(), turned.to_layout::<ColumnMajor>().unwrap());
        prop_assert_eq!(by_index(rows.read().unwrap().view()), by_index(turned));
        prop_assert_eq!(by_index(columns.read().unwrap().view()), by_index(turned));
        prop_assert_eq!(rows.read().unwrap().view().strided().contiguous().unwrap().num_elements(), count);
    }

    /// `contiguous` gives a view exactly where the elements lie in row-major order.
    #[test]
    fn contiguous_is_exact(sizes in prop::array::uniform3(0usize..4), cuts in prop::array::uniform3((0usize..4, 0usize..4))) {
        let tensor = cube(sizes);
        let lease = tensor.read().unwrap();
        let ranges = [0, 1, 2].map(|axis| cuts[axis].0.min(sizes[axis])..cuts[axis].0.max(cuts[axis].1).min(sizes[axis]));
        prop_assume!(ranges.iter().all(|range| range.start <= range.end));
        let view = lease.view().slice(ranges).unwrap();
        let offsets: Vec<usize> = view.elements().map(|x| (std::ptr::from_ref(x).addr() - lease.as_ptr().addr()) / 8).collect();
        let neighbours = offsets.windows(2).all(|pair| pair[1] == pair[0] + 1);
        prop_assert_eq!(view.contiguous().is_ok(), neighbours);
        if let Ok(contiguous) = view.contiguous() {
            prop_assert!(contiguous.as_slice().iter().eq(view.elements()));
        }
    }

    /// Broadcasting repeats what has size 1 and what is missing, as indexing modulo the size would.
    #[test]
    fn broadcasting_repeats(sizes in prop::array::uniform3(1usize..4), ones in prop::array::uniform3(any::<bool>())) {
        let own = [0, 1, 2].map(|axis| if ones[axis] { 1 } else { sizes[axis] });
        let tensor = cube(own);
        let lease = tensor.read().unwrap();
        let wide = lease.view().broadcast_to::<Cube>(sizes).unwrap();
        for ([i, j, k], value) in by_index(wide) {
            prop_assert_eq!(value, lease.view()[[i % own[0], j % own[1], k % own[2]]]);
        }
        let row = lease.view().select::<0>(0).unwrap().select::<0>(0).unwrap();
        let repeated = row.broadcast_to::<Cube>([2, 3, own[2]]).unwrap();
        prop_assert!(by_index(repeated).iter().all(|([_, _, k], value)| *value == row[[*k]]));
    }
}

/// Writing through views of views changes the elements that reading through them reads, and no others.
#[test]
fn writes_go_where_reads_look() {
    let tensor = cube([2, 3, 4]);
    let mut lease = tensor.write().unwrap();
    lease.view_mut().transpose().slice([1..3, 0..2, 1..2]).unwrap().fill(7);
    let sevens =
        lease.view().indexed().filter(|(_, value)| **value == 7).map(|(index, _)| index).collect::<Vec<_>>();
    assert_eq!(sevens, [[1, 0, 1], [1, 0, 2], [1, 1, 1], [1, 1, 2]]);
    lease.view_mut().select::<1>(2).unwrap().map_in_place(|x| x + 1);
    assert_eq!((lease.view()[[0, 2, 3]], lease.view()[[0, 1, 3]]), (204, 103));
    let columns = lease.view_mut().reshape::<(Dyn,)>([24]).unwrap();
    assert_eq!((columns.shape(), columns[[13]]), (&[24][..], 7));
}

/// Operands in any two orders are combined index by index.
#[test]
fn operands_of_different_orders_meet() {
    let tensor = cube([3, 3, 2]);
    let lease = tensor.read().unwrap();
    let turned = lease.view().permute::<(C<1>, C<0>, C<2>)>().unwrap();
    let columns = turned.to_layout::<ColumnMajor>().unwrap();
    let expected: u64 = lease.view().indexed().map(|([i, j, k], x)| x * lease.view()[[j, i, k]]).sum();
    assert_eq!(lease.view().fold_with(turned, 0, |sum, a, b| sum + a * b).unwrap(), expected);
    assert_eq!(
        lease.view().fold_with(columns.read().unwrap().view(), 0, |sum, a, b| sum + a * b).unwrap(),
        expected
    );
    let sum = Tensor::<u64, Cube>::zeros([3, 3, 2]).unwrap();
    let mut out = sum.write().unwrap();
    out.view_mut().zip2_from(turned, lease.view(), |o, a, b| *o = a - b.min(a)).unwrap();
    assert_eq!(out.view()[[2, 0, 1]], 0);
    out.view_mut().assign(turned).unwrap();
    assert_eq!(out.view()[[2, 0, 1]], 201);
}

/// Every axis can be squeezed, inserted and bound, and sizes that do not allow it are named.
#[test]
fn axes_come_and_go() {
    let tensor = cube([1, 3, 1]);
    let lease = tensor.read().unwrap();
    let flat = lease.view().squeeze::<2>().unwrap().squeeze::<0>().unwrap();
    assert_eq!((flat.shape(), flat.as_slice()), (&[3][..], &[0, 100, 200][..]));
    let back: View<'_, u64, (C<1>, C<3>, C<1>)> =
        flat.bind::<(C<3>,)>().unwrap().unsqueeze::<0>().unsqueeze::<2>();
    assert_eq!((back.shape(), back.as_slice().len()), (&[1, 3, 1][..], 3));
    assert_eq!(back.view::<(Dyn, C<3>, Dyn)>().window::<1, 2>(1).unwrap().shape(), [1, 2, 1]);
    let message = |error: crate::error::Error| error.to_string();
    assert_eq!(
        message(lease.view().squeeze::<1>().unwrap_err()),
        "shape mismatch: axis 1 is 3, squeezing needs 1 (shape [1, 3, 1])"
    );
    assert_eq!(
        message(flat.bind::<(C<4>,)>().unwrap_err()),
        "shape mismatch: axis 0 is 3, declared 4 (found [3], declared [4])"
    );
    assert!(flat.bind::<(Rows,)>().is_ok());
}

/// What is beyond the shape is an error with the range, the axis and its size.
#[test]
fn what_is_not_there_is_named() {
    let tensor = cube([2, 3, 4]);
    let lease = tensor.read().unwrap();
    let view = lease.view();
    let message = |error: crate::error::Error| error.to_string();
    assert_eq!(
        message(view.slice_axis::<2>(2..9).unwrap_err()),
        "shape mismatch: 2..9 is out of range for axis 2 of size 4 (shape [2, 3, 4], slice 2..9 of axis 2)"
    );
    let backward = std::ops::Range { start: 2, end: 1 };
    for error in [
        view.slice([0..1, 0..4, 0..1]).unwrap_err(),
        view.slice([backward.clone(), 0..1, 0..1]).unwrap_err(),
        view.window::<0, 2>(usize::MAX).unwrap_err(),
        view.select::<1>(3).unwrap_err(),
        view.select::<1>(usize::MAX).unwrap_err(),
        view.step::<0>(0).unwrap_err(),
        view.permute::<(C<1>, C<1>, C<0>)>().unwrap_err(),
        view.broadcast_to::<Cube>([2, 3, 5]).unwrap_err(),
        view.broadcast_to::<Cube>([usize::MAX, 3, 4]).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Shape, "{error}");
    }
    assert_eq!(
        message(view.reshape::<(Dyn, Dyn)>([5, 5]).unwrap_err()),
        "shape mismatch: [2, 3, 4] has 24 elements, [5, 5] has 25"
    );
    assert_eq!(
        message(view.broadcast_to::<Cube>([2, 3, 5]).unwrap_err()),
        "shape mismatch: axis 2 is 4, declared 5 (broadcast [2, 3, 4] to [2, 3, 5])"
    );
    let error = view.transpose().strided().contiguous().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("axis 0 has stride 1, contiguous elements have 6"), "{error}");
    let other = cube([2, 3, 5]);
    let error = lease.view().fold_with(other.read().unwrap().view(), 0, |sum, _, _| sum).unwrap_err();
    assert_eq!(
        message(error),
        "shape mismatch: axis 2 is 5 here but 4 in the tensor it is combined with (shapes [2, 3, 5] and [2, 3, 4])"
    );
}
