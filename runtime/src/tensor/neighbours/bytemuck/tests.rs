//! Promise: what is cast lies where it lay, and what cannot be is an error.

use crate::error::ErrorKind;
use crate::number::{F4x2, F8E4M3, F8E5M2, I4x2, U4x2, bf16, f16};
use crate::tensor::{C, Element, Tensor};
use bytemuck::Pod;

fn cast_is_in_place<T: Element + Pod, U: Element + Pod>() {
    let tensor = Tensor::<T, (C<3>, C<2>)>::zeros([3, 2]).unwrap();
    let lease = tensor.read().unwrap();
    let cast = lease.view().transpose().cast::<U>().unwrap();
    assert_eq!(std::ptr::from_ref(cast.get([0, 0]).unwrap()).cast(), lease.as_ptr());
    assert_eq!((cast.shape(), cast.strides()), (&[2, 3][..], &[1, 2][..]));
    let bytes: &[u8] = bytemuck::cast_slice(lease.as_slice());
    assert_eq!((bytes.as_ptr(), bytes.len()), (lease.as_ptr().cast(), 6 * size_of::<T>()));
}

/// Every element of one byte or two is cast in place, shape and strides kept.
#[test]
fn casts_are_in_place() {
    cast_is_in_place::<F8E4M3, u8>();
    cast_is_in_place::<u8, F8E5M2>();
    cast_is_in_place::<I4x2, U4x2>();
    cast_is_in_place::<F4x2, i8>();
    cast_is_in_place::<f16, bf16>();
    cast_is_in_place::<f32, u32>();
    cast_is_in_place::<u64, f64>();
}

/// A pattern that is no `bool`, and another size, are errors.
#[test]
fn what_cannot_be_cast_is_an_error() {
    let bytes = Tensor::<u8, (C<3>,)>::from_slice([3], &[0, 1, 2]).unwrap();
    let lease = bytes.read().unwrap();
    assert_eq!(lease.view().cast::<bool>().unwrap_err().kind(), ErrorKind::Dtype);
    assert_eq!(lease.view().cast::<u16>().unwrap_err().kind(), ErrorKind::Unsupported);
    let flags = Tensor::<u8, (C<2>,)>::from_slice([2], &[0, 1]).unwrap();
    let lease = flags.read().unwrap();
    assert_eq!(lease.view().cast::<bool>().unwrap().as_slice(), [false, true]);
}
