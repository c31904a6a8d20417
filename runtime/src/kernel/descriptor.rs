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
    /// Its numbers, in the order of its parameters.
    pub scalars: &'static [ScalarParameter],
    /// The memory it works in: its tensors, its results, and what lives for the call only.
    pub buffers: &'static [Buffer],
    /// What is computed, one after the other.
    pub stages: &'static [Stage],
    /// An entry in C for each stage; [`Descriptor::cuda_source`] puts the prelude before it.
    pub source: &'static str,
}

/// What the C of every kernel is printed against.
const PRELUDE: &str = include_str!("prelude.cu");

impl Descriptor {
    /// That of a kernel that did not compile.
    pub const REFUSED: Self = Self {
        name: "refused",
        symbols: &[],
        tensors: &[],
        scalars: &[],
        buffers: &[],
        stages: &[],
        source: "",
    };

    /// The kernel in CUDA C, whole: NVRTC compiles it for a device with `--fmad=false`, a C++ compiler for the host with
    /// `-ffp-contract=off`, given `threadIdx` and `blockIdx`. On the host the first thread of a block does all of its
    /// work.
    #[must_use]
    pub fn cuda_source(&self) -> String {
        [PRELUDE, self.source].concat()
    }
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

/// One number that a kernel takes.
#[derive(Debug)]
pub struct ScalarParameter {
    /// The name of the parameter.
    pub name: &'static str,
    /// What it is; a `usize` is passed as [`DType::U64`].
    pub dtype: DType,
}

/// Memory that stages read and write.
#[derive(Debug)]
pub struct Buffer {
    /// Where it comes from.
    pub role: Role,
    /// What it holds.
    pub dtype: DType,
    /// The size of each axis.
    pub extents: &'static [Extent],
}

/// Where a buffer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A tensor that is passed, by its place in [`Descriptor::tensors`].
    Passed(usize),
    /// A new tensor that is returned, by its place.
    Result(usize),
    /// Memory for the call.
    Temporary,
}

/// One tensor computed by one launch of an entry.
#[derive(Debug)]
pub struct Stage {
    /// The name of the entry.
    pub entry: &'static str,
    /// How many threads it takes.
    pub work: Work,
    /// What it is launched with, in order.
    pub arguments: &'static [Argument],
}

/// An argument of an entry: pointers and sizes have 8 bytes, a number its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// The buffer that the stage writes.
    Written(usize),
    /// A buffer that it reads.
    Read(usize),
    /// The size of a dimension, by its place in [`Descriptor::symbols`].
    Size(usize),
    /// A number, by its place in [`Descriptor::scalars`].
    Scalar(usize),
    /// A word that becomes other than 0 where something went wrong.
    Faults,
}

/// How the work of a stage is shared out among blocks of [`Work::THREADS`] threads.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// A thread per element of this shape.
    Elements(&'static [Extent]),
    /// A warp per element of this shape.
    Rows(&'static [Extent]),
    /// A block per 16 by 16 elements of this matrix.
    Tiles(&'static [Extent]),
}

impl Work {
    /// Threads of a block.
    pub const THREADS: usize = 256;

    /// Blocks that it takes, in one dimension, if the dimensions of the call have these sizes.
    #[must_use]
    pub fn blocks(&self, sizes: &[usize]) -> usize {
        let one = |extent: &Extent| match *extent {
            Extent::Symbol(symbol) => sizes.get(symbol).copied().unwrap_or(0),
            Extent::Fixed(size) => size,
        };
        let elements = |extents: &[Extent]| extents.iter().map(one).product::<usize>();
        match self {
            Self::Elements(extents) => elements(extents).div_ceil(Self::THREADS),
            Self::Rows(extents) => elements(extents).div_ceil(Self::THREADS / 32),
            Self::Tiles(extents) => extents.iter().map(|extent| one(extent).div_ceil(16)).product(),
        }
    }
}

/// The size of an axis as it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// That of a dimension, by its place in [`Descriptor::symbols`].
    Symbol(usize),
    /// This many.
    Fixed(usize),
}
