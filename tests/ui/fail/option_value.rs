//! Each option takes its kind of value.

use stratal::{Params, Shape, Tensor};

#[derive(Params)]
#[params(prefix, crate = "stratal", allow_unused = true)]
//       ^^^^^^ `prefix` takes a name in quotes: `prefix = "…"`
//               ^^^^^ `crate` takes a path: `crate = ::stratal`
//                                  ^^^^^^^^^^^^ `allow_unused` takes no value
struct Model {
    #[param(rename = 3)]
    //      ^^^^^^ `rename` takes a name in quotes: `rename = "…"`
    weight: Tensor<f32, Shape![3]>,
    #[param(skip = "always")]
    //      ^^^^ `skip` takes no value
    bias: f32,
}
