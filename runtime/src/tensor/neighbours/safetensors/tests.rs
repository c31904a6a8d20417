//! Promise: what crate `safetensors` lends and what it is lent lies where it lay.

use crate::error::ErrorKind;
use crate::number::{F4x2, F8E4M3, I4x2, bf16};
use crate::tensor::{C, Dyn, Element, Tensor, View};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

fn round_trip<T: Element>(value: T, stored: Dtype, shape: &[usize]) {
    let tensor = Tensor::<T, (Dyn, C<4>)>::full([2, 4], value).unwrap();
    let lease = tensor.read().unwrap();
    let theirs = lease.view().to_safetensors().unwrap();
    assert_eq!((theirs.data().as_ptr(), theirs.dtype()), (lease.as_ptr().cast(), stored));
    assert_eq!(theirs.shape(), shape);
    let ours = View::<T, (C<2>, Dyn)>::from_safetensors(&theirs).unwrap();
    assert_eq!((ours.as_slice().as_ptr(), ours.as_slice()), (lease.as_ptr(), lease.as_slice()));
}

/// There and back the pointer stays, and pairs are counted singly there.
#[test]
fn views_lie_where_they_lay() {
    round_trip(1.5f32, Dtype::F32, &[2, 4]);
    round_trip(bf16::ONE, Dtype::BF16, &[2, 4]);
    round_trip(F8E4M3::MAX, Dtype::F8_E4M3, &[2, 4]);
    round_trip(true, Dtype::BOOL, &[2, 4]);
    round_trip(F4x2::new(0.5, -6.0), Dtype::F4, &[2, 8]);
}

/// What that crate serializes from our view, it reads back as ours.
#[test]
fn their_files_hold_our_elements() {
    let tensor = Tensor::<i64, (C<3>,)>::from_slice([3], &[1, -2, 3]).unwrap();
    let lease = tensor.read().unwrap();
    let file = safetensors::serialize([("x", lease.view().to_safetensors().unwrap())], None).unwrap();
    let read = SafeTensors::deserialize(&file).unwrap();
    let theirs = read.tensor("x").unwrap();
    match View::<i64, (C<3>,)>::from_safetensors(&theirs) {
        Ok(ours) => assert_eq!((ours.as_slice().as_ptr().cast(), ours[[2]]), (theirs.data().as_ptr(), 3)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "only alignment may be lacking: {error}")
        }
    }
}

/// A dtype or a shape that lies, misaligned bytes, bytes that are no `bool`, a dtype the format lacks: typed errors.
#[test]
fn lies_are_errors() {
    let bytes = [2u64; 4].map(u64::to_ne_bytes).concat();
    let theirs = TensorView::new(Dtype::U8, vec![32], &bytes).unwrap();
    assert_eq!(View::<i8, (Dyn,)>::from_safetensors(&theirs).unwrap_err().kind(), ErrorKind::Dtype);
    assert_eq!(View::<u8, (C<31>,)>::from_safetensors(&theirs).unwrap_err().kind(), ErrorKind::Shape);
    let flags = TensorView::new(Dtype::BOOL, vec![32], &bytes).unwrap();
    assert_eq!(View::<bool, (Dyn,)>::from_safetensors(&flags).unwrap_err().kind(), ErrorKind::Dtype);
    let odd = bytes.as_ptr().addr() % 2;
    let halves = TensorView::new(Dtype::BF16, vec![4], &bytes[1 - odd..9 - odd]).unwrap();
    assert_eq!(View::<bf16, (Dyn,)>::from_safetensors(&halves).unwrap_err().kind(), ErrorKind::Unsupported);
    let pairs = Tensor::<I4x2, (C<2>,)>::zeros([2]).unwrap();
    assert!(
        pairs.read().unwrap().view().to_safetensors().unwrap_err().to_string().contains("no dtype for i4x2")
    );
}
