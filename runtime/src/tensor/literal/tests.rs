//! Promises of literals: sizes and order of lists and repeats.

use super::super::shape::C;
use super::*;

/// Lists give their elements row by row, repeats give theirs as often as they say.
#[test]
fn lists_and_repeats_are_written_in_order() {
    let list = literal(&[[1i32, 2], [3, 4], [5, 6]]).unwrap();
    assert_eq!((list.shape(), list.read().unwrap().as_slice()), (&[3, 2][..], &[1, 2, 3, 4, 5, 6][..]));
    let repeat: Tensor<i32, (C<2>, C<3>, C<2>)> = literal(&Repeat::<_, 2>(Repeat::<_, 3>([7, 8]))).unwrap();
    assert_eq!(repeat.read().unwrap().as_slice(), [7, 8].repeat(6));
    let empty: Tensor<f32, (C<0>, C<3>)> = literal(&Repeat::<_, 0>([1.0f32; 3])).unwrap();
    assert_eq!((empty.shape(), empty.num_bytes()), (&[0, 3][..], 0));
}

/// Sizes that wrap are an error before anything is written.
#[test]
fn sizes_that_wrap_are_refused() {
    const HUGE: usize = 1 << 40;
    let error = literal(&Repeat::<_, HUGE>(Repeat::<_, HUGE>(1u8))).unwrap_err();
    assert_eq!(error.kind(), crate::error::ErrorKind::Shape);
}
