//! Promise: what candle keeps is viewed where it lies.

use crate::error::ErrorKind;
use crate::tensor::{C, Dyn, Strided, Tensor, View, bf16};
use candle_core::{Device, Storage};

/// Whole, transposed and narrowed tensors are views of candle's own memory.
#[test]
fn theirs_are_ours() {
    let values: Vec<f32> = (0..24).map(|i| i as f32).collect();
    let whole = candle_core::Tensor::from_vec(values, (4, 6), &Device::Cpu).unwrap();
    let part = whole.t().unwrap().narrow(0, 2, 3).unwrap();
    let (storage, layout) = part.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { panic!("it was made on the CPU") };
    let ours = View::<f32, (C<3>, Dyn), Strided>::from_candle(storage, layout).unwrap();
    let theirs = storage.as_slice::<f32>().unwrap();
    assert_eq!(std::ptr::from_ref(ours.get([0, 0]).unwrap()), &raw const theirs[2]);
    assert_eq!(ours[[2, 3]], 22.0);
    assert_eq!(
        View::<bf16, (Dyn, Dyn), Strided>::from_candle(storage, layout).unwrap_err().kind(),
        ErrorKind::Dtype
    );
    assert_eq!(
        View::<f32, (Dyn, C<5>), Strided>::from_candle(storage, layout).unwrap_err().kind(),
        ErrorKind::Shape
    );
}

/// Ours goes into candle by one copy, from any lease.
#[test]
fn ours_is_copied_into_theirs() {
    let ours = Tensor::<f32, (C<2>, C<2>)>::from_slice([2, 2], &[1.0, 2.0, 3.0, 4.0]).unwrap();
    let lease = ours.read().unwrap();
    let theirs = candle_core::Tensor::from_slice(lease.as_slice(), ours.shape(), &Device::Cpu).unwrap();
    assert_eq!(theirs.to_vec2::<f32>().unwrap(), [[1.0, 2.0], [3.0, 4.0]]);
}
