//! Promises of tensors that change their dtype.

use crate::error::ErrorKind;
use crate::number::{I4x2, bf16, f16};
use crate::tensor::{C, ColumnMajor, Dyn, Tensor};

/// Shape, order and name stay; each value is converted.
#[test]
fn everything_but_the_dtype_stays() {
    let tensor = Tensor::<f64, (Dyn, C<3>), ColumnMajor>::zeros_in([2, 3]).unwrap().named("w");
    tensor.write().unwrap().copy_from_slice(&[0.5, -1.0, 2.0, 70000.0, 1e-9, f64::NAN]);
    let half = tensor.to_dtype::<f16>().unwrap();
    assert_eq!((half.shape(), half.name()), (&[2, 3][..], "w"));
    let lease = half.read().unwrap();
    assert_eq!(lease.view()[[1, 0]], f16::NEG_ONE);
    assert_eq!((lease[3], lease[4]), (f16::INFINITY, f16::ZERO));
    assert!(lease[5].is_nan());
}

/// Pairs count for two along the contiguous axis, both ways; other shapes are refused with both named.
#[test]
fn pairs_count_for_two() {
    let wide = Tensor::<bf16, (Dyn, Dyn)>::from_fn([2, 4], |[i, j]| bf16::from_f32((i + j) as f32)).unwrap();
    let packed = Tensor::<I4x2, (C<2>, C<2>)>::zeros([2, 2]).unwrap();
    wide.convert_into(&packed).unwrap();
    assert_eq!(packed.read().unwrap().view()[[1, 1]], I4x2::new(3, 4));
    let back = Tensor::<bf16, (Dyn, Dyn)>::zeros([2, 4]).unwrap();
    packed.convert_into(&back).unwrap();
    assert_eq!(back.read().unwrap().as_slice(), wide.read().unwrap().as_slice());

    let one = Tensor::<I4x2, ()>::full([], I4x2::new(5, -5)).unwrap();
    let two = Tensor::<i64, (Dyn,)>::zeros([2]).unwrap();
    one.convert_into(&two).unwrap();
    assert_eq!(two.read().unwrap().as_slice(), [5, -5]);

    let error =
        wide.named("w").convert_into(&Tensor::<I4x2, (Dyn, Dyn)>::zeros([4, 2]).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    assert_eq!(error.to_string(), "shape mismatch: bf16 [2, 4] cannot become i4x2 [4, 2] (tensor `w`)");
}

/// A tensor converted into itself is a conflict of leases, not a data race.
#[test]
fn a_tensor_is_not_converted_into_itself() {
    let tensor = Tensor::<f32, (C<4>,)>::zeros([4]).unwrap();
    assert_eq!(tensor.convert_into(&tensor.share()).unwrap_err().kind(), ErrorKind::Conflict);
}
