//! `Shape!`: a tuple of dimensions.

use crate::ast::{Pathed, ShapeDim, ShapeDims};
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn shape(shape: &Pathed<ShapeDims>) -> TokenStream {
    let private = &shape.private;
    let dims = shape.written.0.iter().map(|dim| match dim {
        ShapeDim::Number(number) => quote!(#private::C<#number>),
        ShapeDim::Constant(block) => quote!(#private::C<#block>),
        ShapeDim::Any => quote!(#private::Dyn),
        ShapeDim::Named(path) => quote!(#path),
    });
    quote!((#(#dims,)*))
}
