//! Options stand in parentheses, those of the struct on the struct and those of a field on the field.

use stratal::{Params, Shape, Tensor};

mod indented {
    use stratal::{Params, Shape, Tensor};

    #[derive(Params)]
    #[params = "model"]
//  ^^^^^^^^^^^^^^^^^^^ options go in parentheses: `#[params(prefix = "model")]`
    #[param(rename = "model")]
//  ^^^^^^^^^^^^^^^^^^^^^^^^^^ `#[param(…)]` belongs on a field; the item takes `#[params(…)]`
    struct Model {
        #[param]
    //  ^^^^^^^^ options go in parentheses: `#[param(rename = "weight")]`
        weight: Tensor<f32, Shape![3]>,
        #[params(prefix = "b")]
    //  ^^^^^^^^^^^^^^^^^^^^^^^ `#[params(…)]` belongs on the struct; a field takes `#[param(…)]`
        bias: Tensor<f32, Shape![3]>,
    }
}
