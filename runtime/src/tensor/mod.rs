//! Typed tensors: bytes get a dtype and a shape here and nowhere else.
//!
//! ```text
//! Tensor<T, S, L> ── AnyTensor {dtype, layout, name, handle} ──┬── owned bytes (buffer)
//!       │                                                      └── managed id (managed), kept by an engine
//!       └─ read / write ─> ReadLease / WriteLease ─> View / ViewMut ─> [T]
//! ```
//!
//! Which sizes may stand where is told by traits (`relation`, `axis`), which sizes constants can have by `claim`, and
//! one layout is made from another by `layout::reform`. Tensors are made whole, from values (`typed::make`), lists
//! (`literal`), a pool (`pooled`), or piece by piece (`uninit`); small ones live in place (`stack`).
//!
//! Whoever keeps the bytes, they are reached through a lease: it holds them still, owns its entry and borrows
//! nothing. [`Params`] fills a tree of structs by name from a [`ParamSource`].

mod any;
mod axis;
#[allow(unsafe_code, reason = "bytes are allocated, lent and freed here")]
mod buffer;
mod claim;
mod convert;
#[allow(unsafe_code, reason = "the only casts between bytes and elements")]
mod dtype;
mod later;
mod layout;
mod lease;
mod literal;
#[allow(unsafe_code, reason = "a lease turns a keeper's promise into slices")]
pub mod managed;
mod neighbours;
mod nested;
pub mod params;
mod pooled;
mod relation;
#[cfg(feature = "serde")]
mod serial;
mod shape;
mod shared;
mod stack;
mod typed;
mod uninit;
mod view;

pub use any::{AnyTensor, BytesLease};
pub use axis::{GrowsAt, HasAxis, Permute};
pub use buffer::Alignment;
pub use dtype::{
    DType, Element, NotElements, UnknownDType, as_bytes, as_elements, as_elements_mut, bf16, f16,
};
pub use later::LeaseFuture;
pub use layout::{ColumnMajor, Contiguous, Dense, Layout, Order, RowMajor, Strided};
pub use lease::{ReadLease, WriteLease};
pub use literal::{Literal, Repeat, empty, literal};
pub use nested::{ConstShape, Nested, Scalar};
pub use params::{Adopt, Heap, LoadError, MemorySource, Param, ParamInfo, ParamSource, Params, Tied};
pub use relation::{AxisOf, AxisWith, Fits, Meets, RankOf, ShapeWith, Squeezes, ViewOf};
pub use shape::{Axis, C, Dim, Dims, Dyn, MAX_RANK, Named, Shape, ShapeError};
pub use shared::{Cycle, CycleReport, Link, Links, Shared, WeakShared, cycles};
pub use stack::StackTensor;
pub use typed::{Rejected, Tensor};
pub use uninit::{Unfinished, Uninit};
pub use view::{Elements, Indexed, View, ViewMut};
