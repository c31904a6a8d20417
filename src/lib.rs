#![doc = include_str!("../README.md")]

pub use stratal_runtime::Stratal;
pub use stratal_runtime::error::{Error, ErrorKind, Result};
pub use stratal_runtime::kernel::Call;
#[cfg(feature = "complex")]
pub use stratal_runtime::number::Complex;
pub use stratal_runtime::number::{F4x2, F8E4M3, F8E5M2, I4x2, U4x2};
pub use stratal_runtime::pool::{
    Leak, LeakDetector, LeakReport, LeakScope, MemoryTracker, MemoryUse, Pool, PoolBuffer, PoolBuilder,
    PoolFull, PoolStats,
};
pub use stratal_runtime::tensor::managed::Advice;
pub use stratal_runtime::tensor::{
    Adopt, Alignment, AnyTensor, Axis, C, ColumnMajor, ConstShape, DType, Dense, Dim, Dyn, Element, Heap,
    Link, Links, LoadError, MemorySource, Named, Order, Param, ParamInfo, ParamSource, Params, ReadLease,
    RowMajor, Shape, Shared, StackTensor, Strided, Tensor, Tied, Uninit, View, ViewMut, WeakShared,
    WriteLease, bf16, f16,
};

pub use stratal_tiering::device::{
    Device, DeviceLease, DevicePool, Event, LeaseOn, OnDevice, Pressure, Stream,
};
pub use stratal_tiering::engine::{Engine, EngineBuilder, MemoryPressure, StoredTensor, Tenant};
pub use stratal_tiering::origin::{Checkpoint, TensorSpec, Writer};
pub use stratal_tiering::policy::{Codec, Eviction, IoChoice, Policy, WearExhausted};
pub use stratal_tiering::tier::TierKind;

/// # Example
///
/// ```
/// use stratal::{Device, Launch, OnDevice, Shape, Tensor, kernel};
///
/// #[kernel]
/// fn add(a: &Tensor<f32, { [N] }>, b: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
///     zip(a, b, |a, b| a + b)
/// }
///
/// let a = Tensor::<f32, Shape![3]>::from_slice([3], &[1.0, 2.0, 3.0])?.to_device(Device::Sim(0))?;
/// let twice = add(&a, &a).launch()?; // where `a` is
/// let thrice = add(&twice, &a).run_on(&Device::Sim(0).stream()?)?;
/// assert_eq!(thrice.device(), Some(Device::Sim(0)));
/// assert_eq!(thrice.read()?.as_slice(), [3.0, 6.0, 9.0]); // waits for the kernels
/// # Ok::<(), stratal::Error>(())
/// ```
pub use stratal_tiering::launch::Launch;

/// Memory, and typed views of it.
pub use stratal_runtime as runtime;
/// Where each tensor is, where it should be, and moving it.
pub use stratal_tiering as tiering;

/// # Example
///
/// ```
/// use stratal::{Dim, Dyn, Heap, MemorySource, Params, Shape, Tensor};
///
/// #[derive(Params)]
/// struct Linear<I: Dim, O: Dim> {
///     weight: Tensor<f32, Shape![O, I]>,
///     bias: Option<Tensor<f32, Shape![O]>>,
/// }
///
/// #[derive(Params)]
/// #[params(prefix = "model")]
/// struct Model {
///     layer: Vec<Linear<Dyn, Dyn>>,
///     #[param(skip)]
///     steps: u64,
/// }
///
/// let weight = Tensor::<f32, Shape![2, 3]>::zeros([2, 3])?;
/// let source: MemorySource = [("model.layer.0.weight", weight.into_any())].into_iter().collect();
/// let model = Model::load(&Heap, &source)?;
/// assert_eq!(model.layer[0].weight.shape(), [2, 3]);
/// assert!(model.layer[0].bias.is_none());
/// # Ok::<(), stratal::Error>(())
/// ```
///
/// # Names
///
/// `rename_all` and `rename` make names from fields, `each` makes those of numbered elements, a map takes the names
/// that are there, and `tier` says where the tensors are to be. All names are relative to the place of the struct.
///
/// ```
/// # use stratal::{Heap, MemorySource, Params, Shape, Tensor};
/// # use std::collections::HashMap;
/// type Row = Tensor<f32, Shape![2]>;
///
/// #[derive(Params)]
/// #[params(rename_all = "camelCase", allow_unused)]
/// struct Names {
///     up_proj: Row,
///     #[param(rename = "down.weight", tier = "dram")]
///     down: Row,
///     #[param(each = "h{i}.norm", len = 2)]
///     norms: Vec<Row>,
///     #[param(optional)]
///     experts: HashMap<String, Row>,
/// }
///
/// let names = ["upProj", "down.weight", "h0.norm", "h1.norm", "experts.seven", "optimizer.step"];
/// let rows = names.map(|name| Row::zeros([2]).map(|row| (name, row.into_any())));
/// let source = rows.into_iter().collect::<stratal::Result<MemorySource>>()?;
/// let model = Names::load(&Heap, &source)?;
/// assert_eq!(model.experts["seven"].shape(), [2]);
/// let told: Vec<_> = model.params().iter().map(|param| (param.name().to_owned(), param.tier())).collect();
/// assert_eq!(told[1], ("down.weight".to_owned(), Some("dram")));
/// # Ok::<(), stratal::Error>(())
/// ```
///
/// # Ties, variants and requirements
///
/// ```
/// # use stratal::{Checkpoint, Dyn, Heap, MemorySource, Params, Shape, Tensor, Tied};
/// #[derive(Params)]
/// enum Mlp {
///     Gated { gate: Tensor<f32, Shape![_]>, up: Tensor<f32, Shape![_]> },
///     Plain { up: Tensor<f32, Shape![_]> },
/// }
///
/// #[derive(Params)]
/// #[params(require(HEADS * 2 == D))] // with other numbers this would not compile
/// struct Model<const D: usize, const HEADS: usize> {
///     embed: Tensor<f32, Shape![_, { D }]>,
///     #[param(tied = embed)]
///     head: Tied<Tensor<f32, Shape![_, { D }]>>,
///     mlp: Mlp,
/// }
///
/// let embed = Tensor::<f32, Shape![_, 4]>::zeros([3, 4])?.into_any();
/// let up = Tensor::<f32, Shape![_]>::zeros([8])?.into_any();
/// let source: MemorySource = [("embed", embed), ("mlp.up", up)].into_iter().collect();
/// let model = Model::<4, 2>::load(&Heap, &source)?;
/// assert!(matches!(model.mlp, Mlp::Plain { .. }));
/// model.embed.write()?.fill(1.0);
/// assert_eq!(model.head.read()?[0], 1.0);
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("model.safetensors");
/// Checkpoint::save(&path, &model, &[])?; // the tied tensor once
/// assert_eq!(Checkpoint::open(&path)?.tensors().len(), 2);
/// # Ok::<(), stratal::Error>(())
/// ```
///
/// A generic struct whose requirement does not hold is refused where a concrete struct holds it:
///
/// ```compile_fail
/// # use stratal::{Params, Shape, Tensor};
/// #[derive(Params)]
/// #[params(require(H * HD == D))]
/// struct Attention<const D: usize, const H: usize, const HD: usize> {
///     weight: Tensor<f32, Shape![{ D }, { D }]>,
/// }
///
/// #[derive(Params)]
/// struct Model {
///     attention: Attention<4096, 32, 100>, // Attention: H * HD == D does not hold: 32 * 100 != 4096
/// }
/// ```
#[cfg(feature = "macros")]
pub use stratal_macros::Params;

/// # Example
///
/// ```
/// use stratal::{Shape, Tensor, kernel};
///
/// #[kernel]
/// fn softmax(x: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [N, M] }> {
///     let high = x.max(M);
///     let powers = zip(x, high, |x, high| (x - high).exp());
///     zip(powers, powers.sum(M), |power, sum| power / sum)
/// }
///
/// let x = Tensor::<f32, Shape![2, 3]>::from_slice([2, 3], &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0])?;
/// let y: Tensor<f32, Shape![2, 3]> = softmax(&x).run()?;
/// assert!(y.read()?.iter().all(|y| (y - 1.0 / 3.0).abs() < 1e-6));
/// # Ok::<(), stratal::Error>(())
/// ```
///
/// A kernel of a file is called as any other, and its shapes are held together as those of any other:
///
/// ```
/// use stratal::{ErrorKind, Shape, Tensor, kernel};
///
/// #[kernel(file = "examples/kernels/gather.cu", arguments = [table, rows, return, N, D as u32], threads = [D, N])]
/// fn gather(table: &Tensor<f32, { [V, D] }>, rows: &Tensor<u32, { [N] }>) -> Tensor<f32, { [N, D] }>;
///
/// let table = Tensor::<f32, Shape![_, 64]>::zeros([1000, 64])?;
/// let rows = Tensor::<u32, Shape![3]>::from_slice([3], &[7, 0, 999])?;
/// let call = gather(&table, &rows);
/// assert_eq!(call.descriptor().stages[0].entry, "gather");
/// assert_eq!(call.run().unwrap_err().kind(), ErrorKind::Unsupported); // the host has no code for it
/// # Ok::<(), stratal::Error>(())
/// ```
///
/// What it takes is compared with what it is passed:
///
/// ```compile_fail
/// # use stratal::{Tensor, kernel};
/// #[kernel(file = "examples/kernels/gather.cu", arguments = [table, rows, return, N, D as u32], threads = [D, N])]
/// fn gather(table: &Tensor<f32, { [V, D] }>, rows: &Tensor<i64, { [N] }>) -> Tensor<f32, { [N, D] }>;
/// // parameter 2 of `gather` in examples/kernels/gather.cu:4 is `const unsigned* rows`, but `rows` holds `i64`, which is
/// // `long long` in C
/// ```
#[cfg(feature = "macros")]
pub use stratal_macros::kernel;

/// Kernels whose shapes stand in brackets.
#[cfg(feature = "macros")]
pub mod verbatim {
    pub use crate::__kernel_verbatim as kernel;
}

#[doc(hidden)]
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! __kernel_verbatim {
    ($($item:tt)*) => { $crate::__private::kernel_verbatim!([$crate] $($item)*); };
}

/// A declared shape: `Shape![O, 512, {2 * K}, _]` is the tuple type `(O, C<512>, C<{2 * K}>, Dyn)`.
///
/// A dimension is a number, a constant expression in braces, a name (a type parameter or one declared with
/// [`dims!`]), or `_` for a size that only run time knows. At most six.
///
/// The standard derives refuse type macros in a struct with type parameters. Beside `#[derive(Debug)]` such a struct
/// names the shape outside: `type Weight<O, I> = Tensor<f32, Shape![O, I]>;`, or writes the tuple, `Tensor<f32, (O, I)>`.
/// The tuple also shows the derive which fields share a dimension; it does not look through aliases.
///
/// ```
/// use stratal::{C, Dyn, Shape, Tensor};
/// type Weight = Tensor<f32, Shape![_, 3]>;
/// let weight: Tensor<f32, (Dyn, C<3>)> = Weight::zeros([2, 3])?;
/// assert!(Weight::zeros([2, 4]).is_err());
/// # Ok::<(), stratal::Error>(())
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! Shape {
    ($($dims:tt)*) => { $crate::__private::shape!([$crate::__private] $($dims)*) };
}

/// Declares named dimensions, `dims! { Batch, pub Seq }`: of a size that run time knows, and the same wherever the
/// name stands.
///
/// ```
/// use stratal::{Shape, Tensor, dims};
/// dims! { Seq }
/// type Scores = Tensor<f32, Shape![Seq, Seq]>;
/// assert!(Scores::zeros([4, 4]).is_ok());
/// let error = Scores::zeros([4, 5]).unwrap_err();
/// assert!(error.to_string().contains("dimension `Seq` is 4 at axis 0 but 5 at axis 1"));
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! dims {
    ($($names:tt)*) => { $crate::__private::dims!([$crate::__private] $($names)*); };
}

/// A tensor of the elements in brackets: `tensor![[1.0f32, 2.0], [3.0, 4.0]]?` has the type `Tensor<f32, Shape![2, 2]>`.
///
/// Lists nest up to six deep; one that is shorter than its neighbours is an error of the compiler, at that list.
/// `tensor![[0.5f32; 4096]; 4096]?` repeats, as `vec!` does, and needs no stack for it: elements go from the expression
/// into the tensor's memory. Lists of constants are borrowed from the program.
///
/// ```
/// use stratal::{Shape, Tensor, tensor};
/// let table: Tensor<f32, Shape![2, 3]> = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]?;
/// assert_eq!(table.read()?.view()[[1, 0]], 4.0);
/// assert_eq!(tensor![[7u8; 3]; 2]?.to_string(), "[[7 7 7]\n [7 7 7]]");
/// let nothing: Tensor<f32, Shape![2, 0]> = tensor![[], []]?;
/// assert_eq!(nothing.num_elements(), 0);
/// # Ok::<(), stratal::Error>(())
/// ```
///
/// # Errors
/// Out of memory.
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! tensor {
    ($($elements:tt)*) => { $crate::__private::tensor!([$crate::__private] $($elements)*) };
}

/// What macro output may name, and nobody else.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "macros")]
    pub use stratal_macros::{dims, kernel_verbatim, shape, tensor};
    pub use stratal_runtime::private::*;
}
