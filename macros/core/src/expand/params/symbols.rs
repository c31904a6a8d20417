//! Dimensions that several fields of a struct call by one name: they have one size in all of them.

use super::{Bound, Writer};
use crate::ast::{How, ShapeDim, ShapeDims};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeMap;
use syn::{GenericArgument, Generics, PathArguments, Type};

/// The type parameters, each of which may stand for a dimension.
pub(super) fn parameters(generics: &Generics) -> Vec<String> {
    generics.type_params().map(|param| param.ident.to_string()).collect()
}

impl Writer<'_> {
    /// Holds every dimension that two fields share to one size.
    pub(super) fn same_sizes(&self, bound: &[Bound<'_>]) -> Vec<TokenStream> {
        let private = self.private;
        let mut symbols: BTreeMap<String, Vec<(&str, usize)>> = BTreeMap::new();
        if self.parameters.is_empty() {
            return Vec::new();
        }
        for Bound { field, .. } in
            bound.iter().filter(|bound| matches!(bound.field.how, How::Plain | How::Optional))
        {
            for (axis, symbol) in dimensions(&field.ty).into_iter().enumerate() {
                if self.parameters.contains(&symbol) {
                    symbols.entry(symbol).or_default().push((&field.name, axis));
                }
            }
        }
        let shared = symbols.iter().filter(|(_, uses)| uses.len() > 1);
        let held = shared.map(|(symbol, uses)| {
            let uses = uses.iter().map(|(name, axis)| quote!((#name, #axis)));
            quote!(#private::Load::same_size(__load, #symbol, &[#(#uses),*]);)
        });
        held.collect()
    }
}

/// The dimensions of a field of type `Tensor<T, Shape![…]>`, or of an `Option` or `Box` of one, as they are
/// written; none for other types.
fn dimensions(ty: &Type) -> Vec<String> {
    let Type::Path(path) = ty else { return Vec::new() };
    let Some(last) = path.path.segments.last() else { return Vec::new() };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return Vec::new() };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    match last.ident.to_string().as_str() {
        "Option" | "Box" => types.next().map(dimensions).unwrap_or_default(),
        "Tensor" => types.nth(1).map(shape_dimensions).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The dimensions of `Shape![…]` or of a tuple, those without a name empty.
fn shape_dimensions(shape: &Type) -> Vec<String> {
    match shape {
        Type::Macro(call) if call.mac.path.segments.last().is_some_and(|last| last.ident == "Shape") => {
            // What does not parse is reported by `Shape!` itself.
            let dims = call.mac.parse_body::<ShapeDims>().map(|dims| dims.0).unwrap_or_default();
            dims.iter()
                .map(|dim| if let ShapeDim::Named(path) = dim { symbol(path) } else { String::new() })
                .collect()
        }
        Type::Tuple(tuple) => {
            let dims = tuple.elems.iter();
            dims.map(|dim| if let Type::Path(path) = dim { symbol(&path.path) } else { String::new() })
                .collect()
        }
        _ => Vec::new(),
    }
}

fn symbol(path: &syn::Path) -> String {
    path.get_ident().map(ToString::to_string).unwrap_or_default()
}
