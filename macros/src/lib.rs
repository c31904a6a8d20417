//! Entry points of the macros; the work is done in `stratal-macros-core`.

use proc_macro::TokenStream;

/// Implements `Params` for a struct with named fields: loads it by name, field by field.
///
/// | on the struct | |
/// |---|---|
/// | `#[params(prefix = "model")]` | goes before the names of all fields |
/// | `#[params(allow_unused)]` | tensors below this struct that no field asks for are no error |
/// | `#[params(crate = path)]` | where the crate is, if not at `::stratal` |
///
/// | on a field | |
/// |---|---|
/// | `#[param(rename = "w.0")]`, or `name` | the name in the checkpoint, if it is not the field's |
/// | `#[param(skip)]` | not loaded: the field gets its `Default` |
///
/// A type parameter that two fields use as a dimension has one size in both, also where it is `Dyn`.
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
