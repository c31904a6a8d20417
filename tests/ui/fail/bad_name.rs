//! A tensor name has parts between dots, none of them empty.

use stratal::{Params, Shape, Tensor};

#[derive(Params)]
#[params(prefix = "")]
//                ^^ a tensor name cannot be empty
struct Model {
    #[param(rename = "a..b")]
    //               ^^^^^^ "a..b" is not a tensor name: a part between dots is empty
    weight: Tensor<f32, Shape![3]>,
    #[param(name = "bias.")]
    //             ^^^^^^^ "bias." is not a tensor name: a part between dots is empty
    bias: Tensor<f32, Shape![3]>,
}
