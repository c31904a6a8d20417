//! Promises of views: indexing is checked, and panics say where.

use super::super::shape::{C, Dyn};
use super::super::typed::Tensor;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Cube = Tensor<f32, (C<2>, C<2>, C<2>)>;

fn tensor() -> Cube {
    Cube::from_fn([2, 2, 2], |[i, j, k]| (100 * i + 10 * j + k) as f32).unwrap()
}

fn panic_message(call: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    payload.downcast_ref::<String>().cloned().unwrap_or_default()
}

/// `get` and indexing agree inside, `get` is `None` outside.
#[test]
fn get_is_checked() {
    let lease = tensor().read().unwrap();
    let view = lease.view();
    for i in 0..3 {
        for j in 0..3 {
            for k in 0..3 {
                let inside = i < 2 && j < 2 && k < 2;
                let expected = (100 * i + 10 * j + k) as f32;
                assert_eq!(view.get([i, j, k]).copied(), inside.then_some(expected));
                assert!(!inside || view[[i, j, k]] == expected);
            }
        }
    }
    assert_eq!(view.get([0, 0, usize::MAX]), None);
}

/// A panic names the index and the shape.
#[test]
fn panics_name_index_and_shape() {
    let tensor = tensor();
    let lease = tensor.read().unwrap();
    let outside = panic_message(|| drop(lease.view()[[1, 2, 0]].to_string()));
    assert_eq!(outside, "index [1, 2, 0] is out of bounds for shape [2, 2, 2]");
    assert_eq!(
        panic_message(|| assert!(lease.view().row(2).is_empty())),
        "row 2 is out of bounds for shape [2, 2, 2]"
    );
    drop(lease);
    let mut lease = tensor.write().unwrap();
    let outside = panic_message(|| lease.view_mut()[[0, 0, 9]] = 1.0);
    assert_eq!(outside, "index [0, 0, 9] is out of bounds for shape [2, 2, 2]");
    assert!(lease.view_mut().get_row_mut(2).is_none() && lease.view_mut().get_mut([2, 0, 0]).is_none());
}

/// Rows are slices of everything behind the leading axis; elements come in row-major order.
#[test]
fn rows_and_elements_come_in_order() {
    let lease = tensor().read().unwrap();
    let view = lease.view();
    assert_eq!(view.rows().collect::<Vec<_>>(), [&[0.0, 1.0, 10.0, 11.0], &[100.0, 101.0, 110.0, 111.0]]);
    assert_eq!((view.row(1), view.get_row(2)), (&[100.0, 101.0, 110.0, 111.0][..], None));
    assert!(view.iter().eq(view.as_slice()) && view.into_iter().eq(view.as_slice()));
}

/// Tensors without elements have views that can be walked.
#[test]
fn empty_views_walk() {
    for shape in [[0, 3], [3, 0], [0, 0]] {
        let lease = Tensor::<i8, (Dyn, Dyn)>::zeros(shape).unwrap().read().unwrap();
        let view = lease.view();
        assert_eq!((view.rows().count(), view.iter().count()), (shape[0], 0));
        assert!(view.rows().all(<[i8]>::is_empty));
        assert_eq!(view.get([0, 0]), None);
    }
}

/// Written elements are where they were indexed.
#[test]
fn writing_goes_where_reading_looks() {
    let tensor = tensor();
    let mut lease = tensor.write().unwrap();
    let mut view = lease.view_mut();
    view[[1, 0, 1]] = -1.0;
    view.row_mut(0).fill(0.5);
    assert_eq!((view[[1, 0, 1]], view.as_view()[[0, 1, 1]]), (-1.0, 0.5));
    assert_eq!(lease.as_slice(), [0.5, 0.5, 0.5, 0.5, 100.0, -1.0, 110.0, 111.0]);
}
