//! What macro output may name of runtime, and nobody else.
//!
//! Not part of the public interface: it changes with the macros.

pub use crate::tensor::params::{Load, Params, Piece, Spec, TiedTo, Variant, Walk, require};
pub use crate::tensor::{Axis, C, Dim, Dyn, Named, Repeat, literal};
pub use core::default::Default;
pub use core::option::Option::{self, None, Some};
pub use core::primitive::{bool, str, usize};
