//! An unknown option is refused with the nearest known one, or with all of them.

use stratal::{Params, Shape, Tensor};

#[derive(Params)]
#[params(perfix = "model")]
//       ^^^^^^ unknown option `perfix`; did you mean `prefix`?
struct Model {
    #[param(renam = "w")]
    //      ^^^^^ unknown option `renam`; did you mean `rename`?
    weight: Tensor<f32, Shape![3]>,
    #[param(shard)]
    //      ^^^^^ unknown option `shard`; the options are `rename`, `name`, `optional`, `tied`, `each`, `len`, `tier` and `skip`
    bias: Tensor<f32, Shape![3]>,
}

#[derive(Params)]
#[params(prefix = "model", allow_unsued, verbose)]
//                         ^^^^^^^^^^^^ unknown option `allow_unsued`; did you mean `allow_unused`?
//                                       ^^^^^^^ unknown option `verbose`; the options are `prefix`, `rename_all`, `require`, `allow_unused` and `crate`
struct Other {
    weight: Tensor<f32, Shape![3]>,
}
