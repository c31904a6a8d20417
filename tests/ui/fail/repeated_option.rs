//! An option is given once, and options that exclude each other are not given together.

use stratal::{Params, Shape, Tensor};

#[derive(Params)]
#[params(prefix = "a", prefix = "b")]
//                     ^^^^^^ option `prefix` is given twice
struct Twice {
    #[param(rename = "w")]
    #[param(rename = "v")]
    //      ^^^^^^ option `rename` is given twice
    weight: Tensor<f32, Shape![3]>,
}

#[derive(Params)]
struct Excluding {
    #[param(skip, rename = "w")]
    //            ^^^^^^ `rename` and `skip` exclude each other
    weight: f32,
    #[param(rename = "b", name = "c")]
    //                    ^^^^ `name` and `rename` exclude each other
    bias: Tensor<f32, Shape![3]>,
}
