//! The crate under another name: the derive is told, the other macros know.
#![deny(warnings, unsafe_code)]

extern crate stratal as layered;

mod inner {
    pub mod facade {
        pub use ::stratal::*;
    }
}

use inner::facade::{Params, Shape, Tensor, dims, kernel};

dims! { pub Rows }

/// Loaded through the facade.
#[derive(Params, Debug)]
#[params(crate = crate::inner::facade)]
pub struct Model {
    /// A tensor.
    pub weight: Tensor<f32, Shape![Rows, 4]>,
    /// And one of the other name.
    pub bias: layered::Tensor<f32, layered::Shape![4]>,
}

/// A kernel through the facade.
#[kernel(crate = crate::inner::facade)]
pub fn double(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| x * 2.0)
}

/// Of a file, through the facade.
#[kernel(crate = crate::inner::facade, file = "tests/ui/native/step.cu", arguments = [x, by])]
pub fn scale(x: &mut Tensor<f32, { [N] }>, by: f32);

layered::verbatim::kernel! {
    /// Of a file, with a shape in brackets.
    #[kernel(file = "tests/ui/native/step.cu", entry = "sized")]
    pub fn widened(x: Tensor<inner::facade::f16, [N]>) -> Tensor<f32, [N]>;
}

layered::verbatim::kernel! {
    /// With a shape in brackets.
    pub fn triple(x: Tensor<f32, [N]>) -> Tensor<f32, [N]> {
        x.map(|x| x * 3.0)
    }
}
