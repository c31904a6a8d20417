//! Entry points of the macros; the work is done in `stratal-macros-core`.

use proc_macro::TokenStream;

/// Implements `Params` for a struct with named fields: loads it by name, field by field.
#[proc_macro_derive(Params, attributes(param, params))]
pub fn derive_params(input: TokenStream) -> TokenStream {
    stratal_macros_core::derive_params(input.into()).into()
}

/// The work of `Shape!`, which puts the path of the crate in front.
#[doc(hidden)]
#[proc_macro]
pub fn shape(input: TokenStream) -> TokenStream {
    stratal_macros_core::shape(input.into()).into()
}

/// The work of `dims!`, which puts the path of the crate in front.
#[doc(hidden)]
#[proc_macro]
pub fn dims(input: TokenStream) -> TokenStream {
    stratal_macros_core::dims(input.into()).into()
}
