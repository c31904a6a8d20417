//! `require` takes a comparison of constants.

use stratal::{Dim, Params, Shape, Tensor};

#[derive(Params)]
#[params(require(H * HD))]
//               ^^^^^^ `H * HD` is not a comparison: write `require(H * HD == D)`
struct NoComparison<const H: usize, const HD: usize> {
    weight: Tensor<f32, Shape![{ H }, { HD }]>,
}

#[derive(Params)]
#[params(require, require(), require = 3)]
//       ^^^^^^^ `require` takes a comparison: `require(H * HD == D)`
//                ^^^^^^^ `require` takes a comparison: `require(H * HD == D)`
//                           ^^^^^^^ `require` takes a comparison: `require(H * HD == D)`
struct Nothing {
    weight: Tensor<f32, Shape![3]>,
}

#[derive(Params)]
#[params(require(H == ))]
//               ^^^^ `H ==` is not a comparison: write `require(H * HD == D)`
#[params(require(H && D))]
//               ^^^^^^ `H && D` is not a comparison: write `require(H * HD == D)`
struct Broken<const H: usize, const D: usize> {
    weight: Tensor<f32, Shape![{ H }, { D }]>,
}

#[derive(Params)]
#[params(require(I == O), require(N > I))]
//               ^ `I` is a type; `require` compares constants
//                    ^ `O` is a type; `require` compares constants
//                                    ^ `I` is a type; `require` compares constants
struct Types<I: Dim, O: Dim, const N: usize> {
    weight: Tensor<f32, Shape![I, O]>,
}
