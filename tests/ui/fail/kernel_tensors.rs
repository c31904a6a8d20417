//! What makes no tensor in a kernel is refused where it stands.

use stratal::{Tensor, kernel};

#[kernel]
fn operators(x: &Tensor<f32, { [N] }>, y: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x + y
//    ^ `+` works on numbers; of two tensors write `zip(a, b, |x, y| x + y)`
}

#[kernel]
fn block(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    if N > 3 { x } else { x }
//  ^^ a tensor is expected here: a tensor is a name, or made by `map`, `zip`, `from_fn`, `matmul` or a reduction such as `sum`
}

#[kernel]
fn number(x: &Tensor<f32, { [N] }>, k: f32) -> Tensor<f32, { [N] }> {
    k
//  ^ `k` is a number, and a tensor is expected here
}

#[kernel]
fn typed(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map::<f32>(|x| x)
//       ^^^^^^^ types are inferred in a kernel: leave `::<…>` out
}

#[kernel]
fn lonely(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    zip(|x| x)
//  ^^^ `zip` takes tensors and a function: `zip(a, b, |x, y| x + y)`
}

#[kernel]
fn vector(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.transpose()
//    ^^^^^^^^^ `transpose` swaps the axes of a matrix, this tensor has the shape [N]
}

#[kernel]
fn method(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.mop(|x| x)
//    ^^^ tensors have no method `mop` in a kernel; did you mean `map`?
}

#[kernel]
fn unknown_method(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.convolve(x)
//    ^^^^^^^^ tensors have no method `convolve` in a kernel; there are `map`, `zip`, `sum`, `product`, `max`, `min`, `mean` and `transpose`
}

#[kernel]
fn axisless(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [] }> {
    x.sum()
//    ^^^ `sum` folds one axis, 0 are given: write its number, `sum(1)`, or a dimension, `sum(M)`
}

#[kernel]
fn beyond(x: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [N] }> {
    x.sum(2)
//        ^ there is no axis 2: the shape [N, M] has 2, counted from 0
}

#[kernel]
fn computed_axis(x: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [N] }> {
    x.max(0 + 1)
//        ^^^^^ an axis is a number or a dimension of the signature, as in `max(1)`
}

#[kernel]
fn missing_axis(x: &Tensor<f32, { [N, M] }>, y: &Tensor<f32, { [K] }>) -> Tensor<f32, { [N] }> {
    x.max(K)
//        ^ `K` is not an axis of this tensor, which has the shape [N, M]
}

#[kernel]
fn either_axis(x: &Tensor<f32, { [N, N] }>) -> Tensor<f32, { [N] }> {
    x.min(N)
//        ^ `N` stands twice in [N, N]: say the axis by its number
}

#[kernel]
fn truths(x: &Tensor<bool, { [N] }>) -> Tensor<u32, { [] }> {
    x.sum(0)
//    ^^^ `sum` folds numbers: `map` the `bool`s to numbers, as in `|x| x as u32`
}

#[kernel]
fn average(x: &Tensor<i32, { [N] }>) -> Tensor<i32, { [] }> {
    x.mean(0)
//    ^^^^ `mean` is for floats, this tensor holds `i32`: `map` it with `as f32`
}

#[kernel]
fn unknown_function(x: &Tensor<f32, { [N, N] }>) -> Tensor<f32, { [N, N] }> {
    matmult(x, x)
//  ^^^^^^^ no function `matmult` makes a tensor in a kernel; did you mean `matmul`?
}

#[kernel]
fn vectors(x: &Tensor<f32, { [N] }>, y: &Tensor<f32, { [N, N] }>) -> Tensor<f32, { [N, N] }> {
    matmul(y, x)
//            ^ `matmul` multiplies matrices, this tensor has the shape [N]
}

#[kernel]
fn inner(x: &Tensor<f32, { [N, M] }>, y: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [N, M] }> {
    matmul(x, y)
//            ^ matmul: [N, M] x [N, M]: the inner dimensions differ
}

#[kernel]
fn factors(x: &Tensor<f32, { [N, N] }>, y: &Tensor<f64, { [N, N] }>) -> Tensor<f32, { [N, N] }> {
    matmul(x, y)
//  ^^^^^^ `matmul` multiplies floats of one type, these are `f32` and `f64`
}

#[kernel]
fn sizeless(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    from_fn(N, |[i]| x[i])
//          ^ `from_fn` takes the sizes in brackets first: `from_fn([N, M], |[i, j]| …)`
}

#[kernel]
fn unsized_(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    from_fn([N - 1], |[i]| x[i])
//           ^^^^^ `N - 1` is not a size: write a dimension of the signature or a number
}

#[kernel]
fn arguments(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.zip(x, |x| x)
//           ^ this function takes 2 elements, not 1
}

#[kernel]
fn repeated(x: &Tensor<f32, { [N, M] }>, y: &Tensor<f32, { [K] }>) -> Tensor<f32, { [N, M] }> {
    x.zip(y, |x, y| x + y)
//    ^^^ [K] does not repeat along [N, M]: its dimensions must be among those, each once and in their order
}

#[kernel]
fn places(x: &Tensor<f32, { [N] }>) -> Tensor<u64, { [N] }> {
    from_fn([N], |[i]| i)
//                     ^ a tensor cannot hold `usize`, which has another size elsewhere: write `as u64` or `as u32`
}

#[kernel]
fn named(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(f32::sqrt)
//        ^^^^^^^^^ the last argument is a function written here: `|x| …`
}

#[kernel]
fn typed_element(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x: f64| x)
//            ^^^ the elements that come here are `f32`
}

#[kernel]
fn referenced(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|&x| x)
//         ^^ elements come by value: write `|x|` without `&`
}

#[kernel]
fn flat_index(x: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [N, M] }> {
    from_fn([N, M], |i| x[[i, i]])
//                   ^ an index is written `[i, j]`; here it has 2 names
}

#[kernel]
fn short_index(x: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [N, M] }> {
    from_fn([N, M], |[i, j, k]| x[[i, j]])
//                   ^^^^^^^^^ an index here has 2 names, 3 given
}
