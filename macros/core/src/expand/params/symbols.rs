//! Dimensions that several fields of a struct call by one name: they have one size in all of them.

use super::{Bound, Writer};
use crate::ast::How;
use proc_macro2::{Literal, TokenStream, TokenTree};
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
        let mut symbols: BTreeMap<String, Vec<(&str, u8)>> = BTreeMap::new();
        if self.parameters.is_empty() {
            return Vec::new();
        }
        for Bound { field, .. } in
            bound.iter().filter(|bound| matches!(bound.field.how, How::Plain | How::Optional))
        {
            for (axis, symbol) in (0..).zip(dimensions(&field.ty)) {
                if self.parameters.contains(&symbol) {
                    symbols.entry(symbol).or_default().push((&field.name, axis));
                }
            }
        }
        let shared = symbols.iter().filter(|(_, uses)| uses.len() > 1);
        let held = shared.map(|(symbol, uses)| {
            let (fields, axes): (Vec<&str>, Vec<u8>) = uses.iter().copied().unzip();
            let axes = Literal::byte_string(&axes);
            quote!(__Load::same_size(__load, #symbol, &[#(#fields),*], #axes);)
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
            // Parsing them would cost more than all the rest; what is no shape is reported by `Shape!` itself.
            written_dimensions(call.mac.tokens.clone())
        }
        Type::Tuple(tuple) => {
            let dims = tuple.elems.iter();
            dims.map(|dim| if let Type::Path(path) = dim { symbol(&path.path) } else { String::new() })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The dimensions between the commas, those that are more than a name empty.
fn written_dimensions(tokens: TokenStream) -> Vec<String> {
    let (mut dims, mut tokens) = (Vec::new(), tokens.into_iter().peekable());
    while let Some(first) = tokens.next() {
        let mut alone = true;
        while tokens.peek().is_some_and(|token| !is_comma(token)) {
            alone = false;
            tokens.next();
        }
        tokens.next();
        dims.push(match first {
            TokenTree::Ident(name) if alone => name.to_string(),
            _ => String::new(),
        });
    }
    dims
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

fn symbol(path: &syn::Path) -> String {
    path.get_ident().map(ToString::to_string).unwrap_or_default()
}
