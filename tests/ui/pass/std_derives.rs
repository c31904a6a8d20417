//! The standard derives beside ours: on structs without type parameters as they are, on generic ones behind an alias.
#![deny(warnings)]

use stratal::{Dim, Params, Shape, Tensor};

type Weight<O, I> = Tensor<f32, Shape![O, I]>;

/// The alias keeps the type macro out of the derive's sight.
#[derive(Debug, Params)]
pub struct Linear<I: Dim, O: Dim> {
    pub weight: Weight<O, I>,
    pub bias: Tensor<f32, (O,)>,
}

/// Constants are no type parameters.
#[derive(Debug, Params)]
pub struct Table<const N: usize> {
    pub rows: Tensor<f32, Shape![_, { N }]>,
}
