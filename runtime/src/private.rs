//! What macro output may name of runtime, and nobody else.
//!
//! Not part of the public interface: it changes with the macros.

pub use crate::error::Result;
pub use crate::tensor::params::{Intake, Params, Survey};
pub use crate::tensor::{AnyTensor, Axis, C, Dim, Dyn, Named};
