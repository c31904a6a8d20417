//! Shapes in types: what they accept, what they refuse, and how they are written.

use stratal::{
    C, Dim, Dyn, ErrorKind, F4x2, F8E4M3, F8E5M2, I4x2, Shape, Tensor, U4x2, View, bf16, dims, f16,
};

dims! { Batch, pub Seq }

const HIDDEN: usize = 3;

/// `Shape!` is another way to write the tuple.
#[test]
fn shapes_are_tuples() {
    fn same<S>(_: Option<S>, _: Option<S>) {}
    same(None::<Shape![Batch, 4, { 2 * HIDDEN }, _]>, None::<(Batch, C<4>, C<6>, Dyn)>);
    same(None::<Shape![]>, None::<()>);
    same(None::<Shape![_,]>, None::<(Dyn,)>);
}

/// Every element type makes tensors that hold what was put in.
#[test]
fn every_element_type_holds_its_values() {
    fn holds<T: stratal::Element>(values: [T; 3]) {
        let tensor = Tensor::<T, Shape![3]>::from_slice([3], &values).unwrap();
        assert_eq!(tensor.read().unwrap().as_slice(), values);
        assert_eq!(tensor.num_bytes(), 3 * T::DTYPE.size());
    }
    holds([1.5f32, -0.0, f32::MAX]);
    holds([f16::from_f32(0.5), f16::INFINITY, f16::MIN]);
    holds([bf16::from_f32(0.5), bf16::INFINITY, bf16::MIN]);
    holds([f64::MIN, -0.0, f64::MAX]);
    holds([F8E4M3::MIN, F8E4M3::from_f32(0.5), F8E4M3::MAX]);
    holds([F8E5M2::MIN, F8E5M2::from_f32(0.5), F8E5M2::MAX]);
    holds([F4x2::new(-6.0, 0.5), F4x2::new(0.0, 1.0), F4x2::new(1.5, 6.0)]);
    holds([I4x2::new(-8, 7), I4x2::new(0, -1), I4x2::new(1, 2)]);
    holds([U4x2::new(15, 0), U4x2::new(0, 1), U4x2::new(1, 2)]);
    holds([true, false, true]);
    holds([i8::MIN, 0, i8::MAX]);
    holds([i16::MIN, 0, i16::MAX]);
    holds([i32::MIN, 0, i32::MAX]);
    holds([i64::MIN, 0, i64::MAX]);
    holds([u8::MIN, 1, u8::MAX]);
    holds([u16::MIN, 1, u16::MAX]);
    holds([u32::MIN, 1, u32::MAX]);
    holds([u64::MIN, 1, u64::MAX]);
}

/// Sizes are checked when a tensor is made, with the axis and both sizes in the message.
#[test]
fn sizes_are_checked_when_made() {
    type Scores = Tensor<f32, Shape![Batch, Seq, Seq]>;
    assert_eq!(Scores::zeros([2, 5, 5]).unwrap().shape(), [2, 5, 5]);
    let error = Scores::zeros([2, 5, 6]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    assert!(error.to_string().contains("dimension `Seq` is 5 at axis 1 but 6 at axis 2"), "{error}");
    let error = Tensor::<f32, Shape![_, Hidden]>::zeros([7, 4]).unwrap_err();
    assert!(error.to_string().contains("axis 1 is 4, declared 3 (found [7, 4], declared [_, 3])"), "{error}");
}

type Hidden = C<HIDDEN>;

/// A function over any sizes is checked once per call of rustc: both operands have the same inner dimension.
fn matmul<M: Dim, K: Dim, N: Dim>(
    a: View<'_, f32, Shape![M, K]>,
    b: View<'_, f32, Shape![K, N]>,
) -> stratal::Result<Tensor<f32, Shape![M, N]>> {
    let inner = b.shape()[0];
    Tensor::from_fn([a.shape()[0], b.shape()[1]], |[i, j]: [usize; 2]| {
        (0..inner).map(|k| a[[i, k]] * b[[k, j]]).sum()
    })
}

/// Generic dimensions carry sizes from arguments to the result.
#[test]
fn generic_dimensions_reach_the_result() {
    let a = Tensor::<f32, Shape![2, Hidden]>::from_fn([2, 3], |[i, j]| (i + j) as f32).unwrap();
    let b = Tensor::<f32, Shape![Hidden, _]>::from_fn([3, 4], |[i, j]| (i * j) as f32).unwrap();
    let product: Tensor<f32, Shape![2, _]> =
        matmul(a.read().unwrap().view(), b.read().unwrap().view()).unwrap();
    let lease = product.read().unwrap();
    assert_eq!(lease.view().to_string(), "[[ 0.  5. 10. 15.]\n [ 0.  8. 16. 24.]]");
}
