//! `dims!`: a type per named dimension.

use crate::ast::{NamedDim, NamedDims, Pathed};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;
use syn::ext::IdentExt;

pub(crate) fn dims(dims: &Pathed<NamedDims>) -> TokenStream {
    dims.written.0.iter().map(|dim| one(&dims.private, dim)).collect()
}

fn one(private: &Path, dim: &NamedDim) -> TokenStream {
    let NamedDim { attributes, visibility, name } = dim;
    let text = name.unraw().to_string();
    let described = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
    let doc = format!("The dimension `{text}`: its size is known at run time, its identity at compile time.");
    let doc = (!described).then(|| quote!(#[doc = #doc]));
    quote! {
        #doc
        #(#attributes)*
        #[::core::prelude::v1::derive(
            ::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::default::Default
        )]
        #visibility struct #name;

        #[automatically_derived]
        impl #private::Named for #name {
            const NAME: &'static #private::str = #text;
        }
    }
}
