//! Two fields cannot load one tensor.

use stratal::{Params, Shape, Tensor};

#[derive(Params)]
struct Model {
    #[param(rename = "w.weight")]
    //               ^^^^^^^^^^ "w.weight" is first used here
    a: Tensor<f32, Shape![3]>,
    #[param(rename = "w.weight")]
    //               ^^^^^^^^^^ `a` and `b` both load from "w.weight"
    b: Tensor<f32, Shape![3]>,
}

#[derive(Params)]
struct Other {
    weight: Tensor<f32, Shape![3]>,
//  ^^^^^^ "weight" is first used here
    #[param(rename = "weight")]
    //               ^^^^^^^^ `weight` and `again` both load from "weight"
    again: Tensor<f32, Shape![3]>,
}
