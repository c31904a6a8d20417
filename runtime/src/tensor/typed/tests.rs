//! Promises of typed tensors: what constructors refuse, and what leases reach.

use super::super::buffer::Alignment;
use super::super::dtype::bf16;
use super::super::shape::{C, Dyn};
use super::*;
type Matrix = Tensor<i32, (Dyn, C<3>)>;

fn counting() -> Matrix {
    Matrix::from_fn([4, 3], |[row, column]| (3 * row + column) as i32).unwrap()
}

/// Constructors refuse sizes that are not those of the type, and say which axis.
#[test]
fn constructors_check_the_shape() {
    let error = Matrix::zeros([4, 2]).unwrap_err();
    assert_eq!(error.to_string(), "shape mismatch: axis 1 is 2, declared 3 (found [4, 2], declared [_, 3])");
    let error = Matrix::from_slice([1, 3], &[1, 2]).unwrap_err();
    assert_eq!(error.to_string(), "shape mismatch: 2 elements given for shape [1, 3]");
    assert_eq!(Matrix::zeros([usize::MAX, 3]).unwrap_err().kind(), ErrorKind::Shape);
}

/// More bytes than there are is an error, not an abort.
#[test]
#[cfg_attr(miri, ignore = "the interpreter stops where an allocator would give null")]
fn memory_that_is_not_there_is_an_error() {
    assert_eq!(Matrix::zeros([usize::MAX / 32, 3]).unwrap_err().kind(), ErrorKind::OutOfMemory);
}

/// `from_fn` calls for each index once, in row-major order.
#[test]
fn from_fn_walks_in_order() {
    assert_eq!(counting().read().unwrap().as_slice(), (0..12).collect::<Vec<_>>());
    let scalar = Tensor::<f32, ()>::from_fn([], |[]| 2.5).unwrap();
    assert_eq!(scalar.read().unwrap().view()[[]], 2.5);
}

/// Rows are a lease on themselves only, under their own shape.
#[test]
fn rows_are_leased_alone() {
    let tensor = counting();
    let rows = tensor.read_rows(1..3).unwrap();
    assert_eq!((rows.as_slice(), rows.shape()), (&[3, 4, 5, 6, 7, 8][..], &[2, 3][..]));
    assert_eq!(rows.view()[[1, 2]], 8);
    assert!(tensor.read_rows(4..4).unwrap().is_empty());
    let error = tensor.named("table").read_rows(3..5).unwrap_err();
    assert_eq!(error.to_string(), "shape mismatch: rows 3..5 of shape [4, 3] (tensor `table`)");
}

/// Written rows are read by the next lease, and the others stay.
#[test]
fn written_rows_are_read_back() {
    let tensor = counting();
    tensor.write_rows(1..2).unwrap().copy_from_slice(&[-1, -2, -3]);
    tensor.write().unwrap().view_mut()[[3, 0]] = -4;
    assert_eq!(tensor.read().unwrap().as_slice(), [0, 1, 2, -1, -2, -3, 6, 7, 8, -4, 10, 11]);
}

/// A lease may outlive its tensor and its scope.
#[test]
fn leases_own_their_entry() {
    let lease = counting().read_rows(2..3).unwrap();
    let sum = std::thread::spawn(move || lease.iter().sum::<i32>()).join().unwrap();
    assert_eq!(sum, 6 + 7 + 8);
}

/// A tensor gets no type that is not its own, and comes back unchanged.
#[test]
fn a_rejected_tensor_comes_back() {
    let rejected = Tensor::<bf16, (Dyn, C<3>)>::from_any(counting().into_any()).unwrap_err();
    assert_eq!(rejected.to_string(), "dtype mismatch: i32 found, bf16 declared (tensor `unnamed`)");
    let rejected = Tensor::<i32, (C<5>, C<3>)>::from_any(rejected.into_tensor()).unwrap_err();
    assert_eq!(rejected.error().kind(), ErrorKind::Shape);
    let tensor = Matrix::from_any(rejected.into_tensor()).unwrap();
    assert_eq!(tensor.read().unwrap()[5], 5);
}

/// Device alignment reaches the bytes.
#[test]
fn device_alignment_is_kept() {
    let tensor = Tensor::<f32, (C<5>,)>::zeros_aligned([5], Alignment::Device).unwrap();
    assert!(tensor.read().unwrap().as_ptr().addr().is_multiple_of(256));
}
