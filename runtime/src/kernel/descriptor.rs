//! The table that goes with a kernel, written by the macro and read by whoever runs it.

use crate::tensor::DType;

/// What a kernel takes.
#[derive(Debug)]
pub struct Descriptor {
    /// The name of its function.
    pub name: &'static str,
    /// The dimensions that the caller decides, by name; `_` where they have none.
    pub symbols: &'static [&'static str],
    /// Its tensors, in the order of its parameters.
    pub tensors: &'static [TensorParameter],
}

impl Descriptor {
    /// That of a kernel that did not compile.
    pub const REFUSED: Self = Self { name: "refused", symbols: &[], tensors: &[] };
}

/// One tensor that a kernel takes.
#[derive(Debug)]
pub struct TensorParameter {
    /// The name of the parameter.
    pub name: &'static str,
    /// What it holds.
    pub dtype: DType,
    /// Whether it is declared `&mut`.
    pub written: bool,
    /// The size of each axis.
    pub extents: &'static [Extent],
}

/// The size of an axis as it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// That of a dimension, by its place in [`Descriptor::symbols`].
    Symbol(usize),
    /// This many.
    Fixed(usize),
}
