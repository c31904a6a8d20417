//! What a kernel's signature cannot have is refused where it stands.

use stratal::{RowMajor, Tensor, kernel};

mod words {
    use stratal::{Tensor, kernel};

    #[kernel]
    struct NoFunction;
//  ^^^^^^ `kernel` works on functions: write `fn name(…) { … }`

    #[kernel]
    async fn later(x: &Tensor<f32, { [N] }>) {}
//  ^^^^^ a kernel is a plain `fn`; leave `async` out

    #[kernel]
    const fn early(x: &Tensor<f32, { [N] }>) {}
//  ^^^^^ a kernel is a plain `fn`; leave `const` out

    #[kernel]
    fn of_any<T>(x: &Tensor<f32, { [N] }>) {}
//            ^ dimensions of a kernel need no declaration: an upper-case name in a shape is one, and elements are concrete types

    #[kernel]
    fn bounded(x: &Tensor<f32, { [N] }>)
    where
//  ^^^^^ a kernel has no `where`: its types are numbers and tensors of them
        f32: Copy,
    {
    }
}

#[kernel]
fn marked(#[cfg(all())] x: &Tensor<f32, { [N] }>) {}
//        ^^^^^^^^^^^^^ a parameter of a kernel has no attributes

#[kernel]
fn variadic(x: &Tensor<f32, { [N] }>, ...) {}
//                                    ^ a kernel takes a fixed number of parameters; leave `...` out

#[kernel]
fn twice(x: &Tensor<f32, { [N] }>, x: f32) {}
//                                 ^ parameter `x` is declared twice

#[kernel]
fn long(x: &'static Tensor<f32, { [N] }>) {}
//          ^^^^^^^ a kernel borrows for the call only: leave the lifetime out

#[kernel]
fn by_value(x: Tensor<f32, { [N] }>) {}
//             ^^^^^^ tensors are borrowed by kernels: `&Tensor` to read, `&mut Tensor` to write

#[kernel]
fn borrowed(x: &Tensor<f32, { [N] }>, lr: &f32) {}
//                                         ^^^ numbers are passed by value: write `f32` without `&`

#[kernel]
fn vector(x: Vec, y: f32) {}
//           ^^^ `x` cannot be a `Vec`: a parameter is `&Tensor<f32, {[N, M]}>`, `&mut Tensor<…>` or a number such as `f32`

#[kernel]
fn untyped(x: &Tensor) {}
//             ^^^^^^ a tensor names its elements and its shape: `Tensor<f32, {[N, M]}>`

#[kernel]
fn words(x: &Tensor<String, { [N] }>) {}
//                  ^^^^^^ kernels cannot compute with elements of type `String`; there are `f64`, `f32`, `f16`, `bf16`, `i64`, `i32`, `i16`, `i8`, `u64`, `u32`, `u16`, `u8` and `bool`

#[kernel]
fn nearly(x: &Tensor<bf61, { [N] }>) {}
//                   ^^^^ kernels cannot compute with elements of type `bf61`; did you mean `bf16`?

#[kernel]
fn shapeless(x: &Tensor<f32>) {}
//               ^^^^^^ this tensor says nothing about its shape: write `Tensor<f32, {[N, M]}>`

#[kernel]
fn ordered(x: &Tensor<f32, { [N, M] }, RowMajor>) {}
//                                     ^^^^^^^^ tensors of a kernel are row-major; `to_layout::<RowMajor>()` copies one of another order

#[kernel]
fn unbound(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N, K] }> {}
//                                                        ^ dimension `K` appears only in the result; bind it in a parameter

#[kernel]
fn unknown(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [_] }> {}
//                                                     ^ the size of a result must be known: write a dimension of a parameter or a number, not `_`

const K: usize = 4;

#[kernel]
fn constant(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [{ K }] }> {}
//                                                      ^^^^^ a constant in braces cannot be a size of the result: write the number, or a dimension of a parameter

#[kernel]
fn lent(x: &Tensor<f32, { [N] }>) -> &Tensor<f32, { [N] }> {}
//                                   ^ a kernel returns new tensors: leave `&` out, or take a parameter `&mut Tensor`

#[kernel]
fn single(x: &Tensor<f32, { [N] }>) -> f32 {}
//                                     ^^^ `f32` cannot be returned: a kernel returns `Tensor<…>` or a tuple of them; a single number is `Tensor<f32, {[]}>`

#[kernel]
fn pattern((x, y): (f32, f32)) {}
//         ^ a parameter of a kernel is a plain name

#[kernel]
fn slice(x: [f32; 4]) {}
//          ^^^^^^^^ `[f32; 4]` is not a type that a kernel takes: write `&Tensor<f32, {[N, M]}>` or a number such as `f32`

#[kernel]
fn lower(x: &Tensor<f32, { [n, 3] }>) {}
//                          ^ `n` is not a dimension of a kernel: write an upper-case name, a number, `{CONST}` or `_`, separated by commas

#[kernel]
fn sums(x: &Tensor<f32, { [N + 1] }>) {}
//                         ^^^^^ `N + 1` is not a dimension of a kernel: write an upper-case name, a number, `{CONST}` or `_`, separated by commas

#[kernel]
fn listless(x: &Tensor<f32, { N }>) {}
//                            ^ `N` is not a shape: write `{[N, M]}`, `(N, M)` or `Shape![N, M]`

#[kernel]
fn bracketed(x: &Tensor<f32, [N]>) {}
//                           ^ under `#[kernel]` a list in brackets stands in braces: write `{[N]}`

#[kernel]
fn seven(x: &Tensor<f32, { [A, B, C, D, E, F, G] }>) {}
//                                            ^ this shape has 7 dimensions; at most 6 are possible

#[kernel]
fn bodiless(x: &Tensor<f32, { [N] }>);
// ^^^^^^^^ `bodiless` needs a body that says what it computes, or a file that does: `#[kernel(file = "kernels/step.cu")]`

#[kernel(parallel)]
//       ^^^^^^^^ unknown option `parallel`; the options are `crate`, `file`, `entry`, `arguments`, `threads`, `grid`, `block` and `shared`
fn option(x: &Tensor<f32, { [N] }>) {}

#[kernel(crate = ::stratal, crate = ::stratal)]
//                          ^^^^^ option `crate` is given twice
fn options(x: &Tensor<f32, { [N] }>) {}

struct Layer;

impl Layer {
    #[kernel]
    fn apply(&self, x: &Tensor<f32, { [N] }>) {}
//           ^ a kernel is a free function: it cannot take `self`
}

mod verbatim {
    use stratal::Tensor;
    use stratal::verbatim::kernel;

    kernel! {
        fn first(x: Tensor<f32, [N, M]>) -> Tensor<f32, [N, M]> {
            x.map(|x| x)
        }
        fn second(x: Tensor<f32, [N, M]>) {}
//      ^^ nothing may follow the function here
    }
}
