//! Entry points of the macros; the work is done in `stratal-macros-core`.

use proc_macro::TokenStream;

/// Implements `Params` for a struct with named fields, or an enum of such: loads it by name, field by field, saves it
/// and walks over its tensors.
///
/// | on the struct or enum: `#[params(…)]` | |
/// |---|---|
/// | `prefix = "model"` | goes before the names of all fields; on a variant, of its fields |
/// | `rename_all = "kebab-case"` | how names come from those of fields: `snake_case`, `camelCase`, `PascalCase`, `kebab-case`, `SCREAMING_SNAKE_CASE`, `SCREAMING-KEBAB-CASE`, `lowercase`, `UPPERCASE` |
/// | `require(H * HD == D)` | must hold among constants: an error of `cargo check` on structs without parameters and on those that hold this one with concrete parameters, else of `cargo build`; may stand several times |
/// | `allow_unused` | tensors below this struct that no field asks for are no error |
/// | `crate = path` | where the crate is, if not at `::stratal` |
///
/// | on a field: `#[param(…)]` | |
/// |---|---|
/// | `rename = "w.0"`, or `name` | the name in the checkpoint, if it is not the field's |
/// | `optional` | nothing need be there: `None`, or an empty `Vec` or map. An `Option` needs no saying |
/// | `each = "layers.{i}"` | the names of the elements of a `Vec` or an array, with their number for `{i}` |
/// | `len = 32` | with `each`: exactly this many; a number or a constant |
/// | `tied = embed` | shares the tensors of another field, or of one inside it (`embed.weight`); the type is `Tied<…>` |
/// | `tier = "host"` | the tier its tensors are to be in, by its name in the policy; refused where the engine has none such |
/// | `skip` | not loaded: the field gets its `Default` |
///
/// An enum is loaded as the variant whose names are all there; of several, the one that asks for all that the others
/// ask for and more. A variant has named fields, one unnamed parameter at the place of the enum, or nothing.
///
/// A type parameter that two fields use as a dimension has one size in both, also where it is `Dyn`. A tied tensor may
/// have a copy of its own in the checkpoint, of the same dtype and shape; it is not read.
///
/// An error is shown at the token that is wrong. The item stays as it is, with an implementation that loads nothing,
/// so that code which uses it has no second error.
#[proc_macro_derive(Params, attributes(param, params))]
pub fn derive_params(input: TokenStream) -> TokenStream {
    stratal_macros_core::derive_params(input.into()).into()
}

/// The work of `Shape!`, which puts the path of the crate in front.
#[doc(hidden)]
#[proc_macro]
pub fn shape(input: TokenStream) -> TokenStream {
    stratal_macros_core::shape(input.into()).into()
}

/// The work of `dims!`, which puts the path of the crate in front.
#[doc(hidden)]
#[proc_macro]
pub fn dims(input: TokenStream) -> TokenStream {
    stratal_macros_core::dims(input.into()).into()
}

/// The work of `tensor!`, which puts the path of the crate in front.
#[doc(hidden)]
#[proc_macro]
pub fn tensor(input: TokenStream) -> TokenStream {
    stratal_macros_core::tensor(input.into()).into()
}

/// A kernel: a function of tensors and numbers that says what is computed, in a small part of Rust.
///
/// ```text
/// parameters  x: &Tensor<f32, { [N, M] }>    read; the shape also as (N, M) or Shape![N, M]
///             out: &mut Tensor<f32, { [N] }>  read and written
///             lr: f32                         a number
/// results     Tensor<f32, { [N, M] }>, or a tuple of tensors
/// statement   let name = tensor;  let name = number;  out.assign(tensor);
///             for [i, j] in out.dims() { … out[[i, j]] = number; … }
/// tensor      name   t.map(|x| number)   zip(a, b, |x, y| number)   from_fn([N, M], |[i, j]| number)
///             t.sum(axis) product max min mean   t.transpose()   matmul(a, b)
/// number      literals, names, N as `usize`, data[[i, j]], operators, `as`, if and else, blocks, x.sqrt() and 36 more
/// inside      let mut x = …;  x += …;  if … { }  for k in 0..K { }
/// ```
///
/// An upper-case name in a shape is one size wherever it stands: constants that differ do not compile, sizes that only
/// run time knows are compared when the call runs. A number is that size; `_` and `{CONST}` are sizes without a name.
///
/// Integers wrap; a division by zero and an index outside its tensor fail the call. Floats are never fused unless
/// `mul_add` says so, and sums have one order, so the result does not depend on the number of threads.
///
/// Calling the function computes nothing: `run` on what it returns does. Anything else of
/// Rust is an error at its token that names the nearest form a kernel can have. `#[kernel(crate = path)]` says where
/// the crate is, if not at `::stratal`.
///
/// # Code of a file
///
/// A kernel may also stand in a file of CUDA C (`.cu`, `.cuh`) or PTX (`.ptx`); then the function ends with `;`, and the
/// attribute says more:
///
/// | `#[kernel(…)]` | |
/// |---|---|
/// | `file = "kernels/step.cu"` | the file, from where the manifest of the crate lies; built again when it changes |
/// | `entry = "step"` | the kernel's name there, if it is not the function's; in C it is `extern "C" __global__ void` |
/// | `arguments = [x, N as i32, return]` | what it takes, in its order: every parameter and every result (`return`, or `return.0` of several) once, and what sizes make: dimensions, numbers, `+`, `*`, `.div_ceil(…)`, as `usize`, `u64`, `i64`, `u32` or `i32`. Left out: all parameters, all results, then the size of each named dimension as `usize` |
/// | `threads = [M, N]` | threads in x, y and z, rounded up to whole blocks. Left out: one per element of what is written |
/// | `grid = [M, N]` | blocks in x, y and z, instead of `threads` |
/// | `block = [16, 16]` | threads of a block. Left out: 256, as a line, square or cuboid, or as the kernel declares |
/// | `shared = 4 * N` | dynamic shared memory of a block in bytes |
///
/// The macro reads the file and compares every parameter: how many there are, pointer or number, what a pointer leads
/// to, `const` (`&` needs it, `&mut` and results exclude it), width, sign and kind of numbers. PTX says less: widths,
/// floats or not, `.ptr`. A difference is an error at the parameter here that names file, line and parameter there.
/// `&` tensors are read, `&mut` ones read and written, results written only. `typedef`, `using` and `#define` of the file
/// are followed, conditions are not evaluated: what stands on two sides in two ways is refused, and so is a file that
/// includes one beside it, since each is compiled alone.
///
/// Such a kernel runs on devices; `run` on the host is an error that says so.
#[proc_macro_attribute]
pub fn kernel(options: TokenStream, item: TokenStream) -> TokenStream {
    stratal_macros_core::kernel(options.into(), item.into()).into()
}

/// The work of `kernel!`, which puts the path of the crate in front.
#[doc(hidden)]
#[proc_macro]
pub fn kernel_verbatim(input: TokenStream) -> TokenStream {
    stratal_macros_core::kernel_verbatim(input.into()).into()
}
