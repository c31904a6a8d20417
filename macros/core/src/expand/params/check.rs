//! `require(…)`: what is compared when the compiler evaluates constants, and where that happens.
//!
//! A struct without parameters is checked where it stands, by `cargo check` too. One with parameters is checked with
//! every concrete struct that holds it, and where it is loaded, which `cargo build` alone evaluates.

use super::place::Place;
use crate::ast::{How, ParamField, ParamItem, Shown};
use crate::attr::Require;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The constant that holds all requirements, and the item that evaluates it on the spot.
pub(super) fn requirements(item: &ParamItem, private: &TokenStream) -> (TokenStream, TokenStream) {
    let own = item.options.requires.iter().map(|require| one(&item.ident, require, private));
    let of_fields = item.fields().filter(|field| may_require(field, &item.ident)).map(|field| {
        let ty = &field.ty;
        quote!(<#ty as #private::Params>::CHECK;)
    });
    let checks: Vec<TokenStream> = own.chain(of_fields).collect();
    if checks.is_empty() {
        return (TokenStream::new(), TokenStream::new());
    }
    let ident = &item.ident;
    let concrete = item.generics.params.is_empty();
    let now = concrete.then(|| quote!(const _: () = <#ident as #private::Params>::CHECK;));
    (quote!(const CHECK: () = { #(#checks)* };), now.unwrap_or_default())
}

/// The comparison, and its words with the values in place of the names.
fn one(item: &Ident, require: &Require, private: &TokenStream) -> TokenStream {
    let condition = &require.condition;
    let opening = format!("{item}: {} does not hold: ", condition.to_token_stream());
    let pieces = require.shown.iter().map(|shown| match shown {
        Shown::Text(text) => quote!(#private::Piece::Text(#text)),
        Shown::Value(value) => quote!(#private::Piece::Value((#value) as #private::usize)),
    });
    Place::of_tokens(condition).stands(quote! {
        #private::require(#condition, &[#private::Piece::Text(#opening), #(#pieces),*]);
    })
}

/// Whether a field's type could be one that requires something: a type with arguments, in any container, that is no
/// tensor and not the item itself.
fn may_require(field: &ParamField, item: &Ident) -> bool {
    element(&field.ty).is_some_and(|last| {
        last.ident != *item && last.ident != "Tensor" && last.ident != "Tied" && !last.arguments.is_empty()
    }) && !matches!(field.how, How::Skip | How::Tied(_))
}

/// The name of what is in the containers.
fn element(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Array(array) => element(&array.elem),
        Type::Paren(paren) => element(&paren.elem),
        Type::Group(group) => element(&group.elem),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let contained = match (&last.arguments, last.ident.to_string().as_str()) {
                (
                    PathArguments::AngleBracketed(arguments),
                    "Option" | "Box" | "Vec" | "HashMap" | "BTreeMap",
                ) => arguments.args.iter().rev().find_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                }),
                _ => return Some(last),
            };
            contained.and_then(element)
        }
        _ => None,
    }
}
