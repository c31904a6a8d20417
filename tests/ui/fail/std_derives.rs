//! The standard derives cannot see through a type macro in a generic struct; rustc says so at the macro.

use stratal::{Dim, Params, Shape, Tensor};

#[derive(Debug, Params)]
struct Linear<I: Dim, O: Dim> {
    weight: Tensor<f32, Shape![O, I]>,
    //                  ^^^^^^^^^^^^ `derive` cannot be used on items with type macros
}
