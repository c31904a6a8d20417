//! A field that is no parameter is refused at its type.

use stratal::{Params, Shape, Tensor};

#[derive(Params)]
struct Model {
    weight: Tensor<f32, Shape![3]>,
    scale: f32,
    //     ^^^ field type `f32` cannot be a parameter
    names: Vec<String>,
    //     ^^^^^^^^^^^ field type `String` cannot be a parameter
    inner: Undeclared,
    //     ^^^^^^^^^^ field type `Undeclared` cannot be a parameter
    #[param(skip)]
    cache: NoDefault,
    //     ^^^^^^^^^ the trait bound `NoDefault: Default` is not satisfied
}

struct Undeclared {
    weight: Tensor<f32, Shape![3]>,
}

struct NoDefault;
