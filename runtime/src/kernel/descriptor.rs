//! The table that goes with a kernel, written by the macro and read by whoever runs it.

use super::work::{Count, Extent, Geometry, Limit, Work};
use crate::error::{Error, ErrorKind, Result};
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
    /// The code of the entries.
    pub source: Source,
}

/// The code that the entries of a kernel are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// CUDA C that the macro wrote, an entry for each stage; [`Descriptor::cuda_source`] puts the prelude before it. The
    /// host computes the same in Rust.
    Generated(&'static str),
    /// CUDA C of a file, as it is.
    Cuda {
        /// Its path, as the kernel names it.
        file: &'static str,
        /// Its text.
        text: &'static str,
    },
    /// PTX of a file, as it is.
    Ptx {
        /// Its path, as the kernel names it.
        file: &'static str,
        /// Its text.
        text: &'static str,
    },
}

impl Source {
    /// Whether the host can compute the kernel too.
    #[must_use]
    pub fn runs_on_host(&self) -> bool {
        matches!(self, Self::Generated(_))
    }
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
        source: Source::Generated(""),
    };

    /// The text that is compiled, or loaded where it is PTX, whole.
    ///
    /// Generated CUDA C is compiled by NVRTC with `--fmad=false`, by a C++ compiler for the host with
    /// `-ffp-contract=off`, given `threadIdx` and `blockIdx`. On the host the first thread of a block does all of its
    /// work.
    #[must_use]
    pub fn cuda_source(&self) -> String {
        match self.source {
            Source::Generated(entries) => [PRELUDE, entries].concat(),
            Source::Cuda { text, .. } | Source::Ptx { text, .. } => text.to_owned(),
        }
    }

    /// Whether something can go wrong while it computes: a computed index, or integers that are divided.
    #[must_use]
    pub fn can_fail(&self) -> bool {
        match self.source {
            Source::Generated(entries) => entries.contains("fault |=") || entries.contains(", fault)"),
            Source::Cuda { .. } | Source::Ptx { .. } => false,
        }
    }

    /// How a stage is launched if the dimensions of the call have these sizes. Nothing is launched where an axis of
    /// the grid is 0.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if these sizes need more blocks, or more shared memory, than a launch can have.
    pub fn geometry(&self, stage: &Stage, sizes: &[usize]) -> Result<Geometry> {
        stage.work.geometry(sizes).map_err(|limit| self.too_large(limit, sizes))
    }

    #[cold]
    fn too_large(&self, limit: Limit, sizes: &[usize]) -> Error {
        let Limit { what, count, most } = limit;
        let count = count.map_or("too large".to_owned(), |count| count.told(self.symbols, sizes));
        let kernel = self.name;
        Error::new(
            ErrorKind::Shape,
            format!("kernel `{kernel}`: {what} is {count}; at most {most} are possible"),
        )
    }

    /// What [`Argument::Count`] passes as a `dtype` if the dimensions of the call have these sizes: the low bytes of
    /// the result.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the number is larger than the dtype holds.
    pub fn counted(&self, count: Count, dtype: DType, sizes: &[usize]) -> Result<u64> {
        let most = match dtype {
            DType::I32 => u64::from(i32::MAX.unsigned_abs()),
            DType::U32 => u64::from(u32::MAX),
            DType::I64 => i64::MAX.unsigned_abs(),
            _ => u64::MAX,
        };
        let value = count.value(sizes).and_then(|value| u64::try_from(value).ok());
        value.filter(|value| *value <= most).ok_or_else(|| {
            let (kernel, count) = (self.name, count.told(self.symbols, sizes));
            let message = format!("kernel `{kernel}`: an argument is {count}, but passed as {dtype}");
            Error::new(ErrorKind::Shape, message)
        })
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
    /// A number that sizes decide, passed as an integer of this dtype: see [`Descriptor::counted`].
    Count(Count, DType),
    /// A word that becomes other than 0 where something went wrong.
    Faults,
}
