//! What is not an option at all is refused whole.

use stratal::{Params, Shape, Tensor};

#[derive(Params)]
#[params(3, allow_unused)]
//       ^ `3` is not an option: write `option` or `option = value`
struct Model {
    #[param(rename = )]
    //      ^^^^^^^^ `rename =` is not an option: write `option` or `option = value`
    weight: Tensor<f32, Shape![3]>,
    #[param(rename "w")]
    //      ^^^^^^^^^^ `rename "w"` is not an option: write `option` or `option = value`
    bias: Tensor<f32, Shape![3]>,
    #[param(skip,, )]
    //           ^ nothing stands before this comma
    cache: f32,
}
