//! Promises of tensors in place: aligned, no larger than their elements ask, the same views as others.

use super::super::nested::Scalar;
use super::super::shape::C;
use super::*;

/// The value is its elements, rounded up to the alignment, and nothing else.
#[test]
fn it_is_its_elements() {
    assert_eq!(size_of::<StackTensor<f32, (C<4>, C<4>)>>(), 64);
    assert_eq!(align_of::<StackTensor<u8, (C<3>,)>>(), 64);
    let tensors = [StackTensor::<u8, (C<3>,)>::full(7); 3];
    assert!(tensors.iter().all(|tensor| tensor.view().as_slice().as_ptr().addr().is_multiple_of(64)));
}

/// Every rank has the elements in row-major order, from no axes to six, and with axes of size 0.
#[test]
fn every_rank_is_row_major() {
    let six = StackTensor::<u32, (C<1>, C<2>, C<1>, C<2>, C<2>, C<3>)>::from_fn(|[_, b, _, d, e, f]| {
        (((b * 2 + d) * 2 + e) * 3 + f) as u32
    });
    assert!(six.view().elements().copied().eq(0..24));
    assert_eq!(six.view().to_layout::<super::super::layout::RowMajor>().unwrap().read().unwrap()[23], 23);
    assert_eq!(StackTensor::<f32, ()>::new(Scalar([2.5])).view()[[]], 2.5);
    assert_eq!(StackTensor::<f32, (C<2>, C<0>)>::zeros().view().elements().len(), 0);
    assert_eq!(six.to_tensor().unwrap().shape(), [1, 2, 1, 2, 2, 3]);
}
