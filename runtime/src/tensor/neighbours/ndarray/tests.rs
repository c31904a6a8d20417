//! Promise: what comes from ndarray and what goes there lies where it lay.

use crate::error::ErrorKind;
use crate::tensor::{C, Dyn, Strided, Tensor, View, ViewMut};
use ndarray::{Array1, Array2, ShapeBuilder, s};

/// Our views of any strides are array views of the same memory.
#[test]
fn ours_are_theirs() {
    let tensor = Tensor::<i32, (C<4>, C<6>)>::from_fn([4, 6], |[i, j]| (10 * i + j) as i32).unwrap();
    let lease = tensor.read().unwrap();
    let array = lease.view().to_ndarray();
    assert_eq!((array.as_ptr(), array.dim()), (lease.as_ptr(), (4, 6)));
    assert_eq!(array.row(3).to_vec(), [30, 31, 32, 33, 34, 35]);

    let part = lease.view().slice([1..3, 2..6]).unwrap().step::<1>(2).unwrap();
    let array = part.to_ndarray();
    assert_eq!(array.as_ptr(), &raw const lease[8]);
    assert_eq!(array, ndarray::arr2(&[[12, 14], [22, 24]]));

    let row = Tensor::<i32, (Dyn,)>::from_slice([3], &[1, 2, 3]).unwrap();
    let lease = row.read().unwrap();
    let repeated = lease.view().broadcast_to::<(C<2>, Dyn)>([2, 3]).unwrap().to_ndarray();
    assert_eq!((repeated.as_ptr(), repeated.strides()), (lease.as_ptr(), &[0, 1][..]));
    assert_eq!(repeated, ndarray::arr2(&[[1, 2, 3], [1, 2, 3]]));
}

/// What is written through an array view is in the tensor.
#[test]
fn theirs_write_into_ours() {
    let tensor = Tensor::<u8, (Dyn, Dyn)>::zeros([2, 3]).unwrap();
    let mut lease = tensor.write().unwrap();
    let start = lease.as_ptr();
    let mut array = lease.view_mut().transpose().into_ndarray();
    assert_eq!(array.as_ptr(), start);
    array[[2, 0]] = 7;
    assert_eq!(lease.as_slice(), [0, 0, 7, 0, 0, 0]);
}

/// Array views in any order of axes are our views of the same memory.
#[test]
fn theirs_are_ours() {
    let rows = Array2::from_shape_fn((2, 3), |(i, j)| (10 * i + j) as i32);
    let columns = Array2::from_shape_fn((2, 3).f(), |(i, j)| (10 * i + j) as i32);
    for array in [&rows, &columns] {
        let view: View<'_, i32, (C<2>, Dyn), Strided> =
            View::<_, _, Strided>::from_ndarray(array.view()).unwrap();
        assert_eq!(std::ptr::from_ref(view.get([0, 0]).unwrap()), array.as_ptr());
        assert!((0..2).all(|i| (0..3).all(|j| view[[i, j]] == array[[i, j]])));
    }
    let mut rows = rows;
    let start = rows.as_ptr();
    let mut view = ViewMut::<i32, (Dyn, Dyn), Strided>::from_ndarray(rows.view_mut()).unwrap();
    assert_eq!(std::ptr::from_ref(view.get([0, 0]).unwrap()), start);
    view[[1, 2]] = -1;
    assert_eq!(rows[[1, 2]], -1);
}

/// Gaps that others may be writing, backward strides and other sizes are errors, never undefined behaviour.
#[test]
fn gaps_are_refused() {
    let array = Array2::<f32>::zeros((4, 6));
    for refused in [array.slice(s![.., ..3]), array.slice(s![..;2, ..]), array.slice(s![..;-1, ..])] {
        let error = View::<f32, (Dyn, Dyn), Strided>::from_ndarray(refused).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
    let error = View::<f32, (Dyn, C<5>), Strided>::from_ndarray(array.view()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    assert!(View::<f32, (Dyn,), Strided>::from_ndarray(array.view()).is_err());
}

/// An owned array becomes a tensor: its own memory where that is aligned, the same values everywhere.
#[test]
fn owned_arrays_are_taken_over() {
    // Aligned by chance or by the allocator: of a few long vectors some are.
    let mut taken = 0;
    for _ in 0..64 {
        let array = Array1::from_vec(vec![1.5f32; 1 << 12]);
        let (start, aligned) = (array.as_ptr(), array.as_ptr().addr() % 64 == 0);
        let tensor = Tensor::<f32, (Dyn,)>::from_ndarray(array).unwrap();
        assert_eq!(tensor.read().unwrap().as_ptr() == start, aligned);
        taken += usize::from(aligned);
        std::mem::forget(vec![0u8; 48]);
    }
    println!("{taken} of 64 were aligned");
    let columns = Array2::from_shape_fn((2, 3).f(), |(i, j)| (10 * i + j) as i32);
    let tensor = Tensor::<i32, (C<2>, C<3>)>::from_ndarray(columns.slice_move(s![.., 1..;1])).unwrap_err();
    assert_eq!(tensor.kind(), ErrorKind::Shape);
    let columns = Array2::from_shape_fn((2, 3).f(), |(i, j)| (10 * i + j) as i32).slice_move(s![.., 1..]);
    let tensor = Tensor::<i32, (C<2>, C<2>)>::from_ndarray(columns).unwrap();
    assert_eq!(tensor.read().unwrap().as_slice(), [1, 2, 11, 12]);
}
