//! Promises of layouts, checked against plain counting.

use super::*;
use proptest::prelude::*;

/// Few cases under the interpreter, and no files from there.
fn config() -> ProptestConfig {
    let cases = if cfg!(miri) { 8 } else { 256 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// All indexes of a shape in row-major order.
fn indexes(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |heads, &size| {
        heads.iter().flat_map(|head| (0..size).map(move |i| [head.as_slice(), &[i]].concat())).collect()
    })
}

proptest! {
    #![proptest_config(config())]

    /// The offset of an index is its place in row-major order, and the count is the number of indexes.
    #[test]
    fn offsets_count_in_row_major_order(shape in prop::collection::vec(0usize..5, 0..=6)) {
        let layout = Layout::row_major(&shape, 4).unwrap();
        let all = indexes(&shape);
        prop_assert_eq!(layout.num_elements(), all.len());
        prop_assert_eq!(layout.num_bytes(), 4 * all.len());
        for (place, index) in all.iter().enumerate() {
            prop_assert_eq!(layout.offset(index), Some(place));
        }
    }

    /// An index outside any axis, or of another rank, has no offset.
    #[test]
    fn outside_has_no_offset(shape in prop::collection::vec(0usize..5, 1..=6), axis in 0usize..6, beyond in 0usize..9) {
        let layout = Layout::row_major(&shape, 1).unwrap();
        let axis = axis % shape.len();
        let mut index = vec![0; shape.len()];
        index[axis] = shape[axis] + beyond;
        prop_assert_eq!(layout.offset(&index), None);
        index[axis] = usize::MAX;
        prop_assert_eq!(layout.offset(&index), None);
        prop_assert_eq!(layout.offset(&index[1..]), None);
    }

    /// Rows are the bytes between the offsets of their first elements, under a shape with that many rows.
    #[test]
    fn rows_are_contiguous(shape in prop::collection::vec(0usize..5, 1..=4), a in 0usize..5, b in 0usize..5) {
        let layout = Layout::row_major(&shape, 2).unwrap();
        let row_bytes = layout.num_bytes().checked_div(shape[0]).unwrap_or(0);
        match layout.rows(a..b) {
            Ok((rows, bytes)) => {
                prop_assert!(a <= b && b <= shape[0]);
                prop_assert_eq!(bytes.len(), rows.num_bytes());
                prop_assert_eq!(rows.shape()[0], b - a);
                prop_assert_eq!(&rows.shape()[1..], &shape[1..]);
                prop_assert_eq!(bytes, a * row_bytes..b * row_bytes);
            }
            Err(error) => {
                prop_assert!(a > b || b > shape[0]);
                prop_assert_eq!(error.kind(), ErrorKind::Shape);
            }
        }
    }
}

/// Products that wrap, even beside an axis of size 0, are errors and not small tensors.
#[test]
fn products_that_wrap_are_refused() {
    let half = 1usize << (usize::BITS / 2);
    for shape in
        [&[half, half][..], &[0, half, half], &[usize::MAX], &[isize::MAX as usize, 1], &[3, usize::MAX / 2]]
    {
        let error = Layout::row_major(shape, 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Shape, "{shape:?}");
    }
    assert!(Layout::row_major(&[isize::MAX as usize], 1).is_ok());
}

/// A scalar has one element and no rows.
#[test]
fn a_scalar_has_no_rows() {
    let layout = Layout::row_major(&[], 8).unwrap();
    assert_eq!((layout.num_elements(), layout.offset(&[])), (1, Some(0)));
    assert_eq!(layout.rows(0..1).unwrap_err().to_string(), "shape mismatch: a tensor of rank 0 has no rows");
}
