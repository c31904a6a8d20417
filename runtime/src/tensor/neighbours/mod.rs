//! Tensors of other libraries as views, and ours as theirs, without a copy; each behind a feature of its library's name.
//!
//! | feature | theirs as ours | ours as theirs | what copies, or is refused |
//! |---|---|---|---|
//! | `ndarray` | `View::from_ndarray`, `ViewMut::from_ndarray`, `Tensor::from_ndarray` (owned) | `View::to_ndarray`, `ViewMut::into_ndarray` | views with gaps are refused: others may borrow what lies between |
//! | `bytemuck` | `Pod` and its kin for every element; `View::cast` | as theirs | another size is refused |
//! | `zerocopy` | `FromBytes`, `IntoBytes` for every element of this crate | as theirs | – |
//! | `safetensors` | `View::from_safetensors` | `View::to_safetensors`, whose result implements `View` | misaligned bytes are refused |
//! | `candle` | `View::from_candle` | – | candle owns vectors that it frees itself: ours are copied into it |
//!
//! Invariant: a view made here borrows what the other library lends for as long, and reaches only elements that it lends.

#[cfg(feature = "bytemuck")]
#[allow(unsafe_code, reason = "the marks of plain old data are promises")]
mod bytemuck;
#[cfg(feature = "candle")]
mod candle;
#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(feature = "safetensors")]
mod safetensors;
