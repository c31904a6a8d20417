//! What macro output may name of runtime, and nobody else.
//!
//! Not part of the public interface: it changes with the macros.

pub use crate::error::Result;
pub use crate::kernel::{
    Argument, BROKEN, Buffer, Call, Count, Descriptor, Extent, HostStage, Kernel, OUTSIDE, Request, Role,
    ScalarParameter, Source, Stage, Stored, TensorParameter, Term, Work, abs, bind_sizes, by_rows,
    checked_quotient, checked_remainder, clamp, device_only, fold_lanes, fold_product, fold_sum, made,
    matmul, max, min, read_as, refused, rows_of, scratch, settled, to_word, written_as,
};
pub use crate::tensor::params::{Load, Params, Piece, Spec, Step, TiedTo, Variant, Walk, require};
pub use crate::tensor::{
    AnyTensor, Axis, C, DType, Dim, Dyn, Meets, Named, Repeat, bf16, empty, f16, literal,
};
pub use core::default::Default;
pub use core::marker::PhantomData;
pub use core::mem::drop;
pub use core::ops::FnOnce;
pub use core::option::Option::{self, None, Some};
pub use core::primitive::{bool, f32, f64, i8, i16, i32, i64, str, u8, u16, u32, u64, usize};
pub use core::result::Result::Ok;
pub use std::vec::IntoIter;

/// What a generated function imports: names that nobody else uses, since they hide those of the item around it. Each
/// name is a token, and a path of four costs the compiler more than the call that it leads to.
pub mod names {
    pub use crate::tensor::params::Step::{Load as __Loading, Walk as __Walking};
    pub use crate::tensor::params::{Load as __Load, Walk as __Walk};
    pub use core::option::Option::{None as __None, Some as __Some};
}
