//! Code from what was written: one file per macro. Paths are absolute, and nothing here is `unsafe`.

mod dims;
mod kernel;
mod params;
mod shape;
mod tensor;

pub(crate) use dims::dims;
pub(crate) use kernel::{kernel, refused_kernel, wrapped_kernel};
pub(crate) use params::{params, refused_params};
pub(crate) use shape::shape;
pub(crate) use tensor::tensor;
