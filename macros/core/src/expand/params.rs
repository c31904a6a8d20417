//! `#[derive(Params)]`: both phases of loading and the walk over the tensors, field by field.
//!
//! Locals of the generated functions have the macro's own span and a name nobody else uses, since an item of the
//! same name would turn a binding into a pattern. Types keep the user's span, so that errors point at them.

use crate::ast::{ParamField, ParamStruct, ShapeDim, ShapeDims};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::collections::BTreeMap;
use syn::{GenericArgument, PathArguments, Type};

pub(crate) fn params(item: &ParamStruct) -> TokenStream {
    let private = match &item.options.krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::stratal::__private),
    };
    let ident = &item.ident;
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    let survey = survey(item, &private);
    let intake = intake(item, &private);
    let visit = visit(item, &private);
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::Params for #ident #ty_generics #where_clause {
            #survey
            #intake
            #visit
        }
    }
}

fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// `body`, at the place that the struct's prefix names; `place` is the local that stands there.
fn below_prefix(item: &ParamStruct, place: &Ident, body: TokenStream) -> TokenStream {
    match &item.options.prefix {
        Some(prefix) => quote!(#place.below(#prefix, |#place| { #body })),
        None => body,
    }
}

fn survey(item: &ParamStruct, private: &TokenStream) -> TokenStream {
    let survey = local("__survey");
    let fields = item.loaded().map(|(name, field)| {
        let ty = &field.ty;
        quote!(#survey.field::<#ty>(#name);)
    });
    let symbols = symbols(item);
    let symbols = symbols.iter().filter(|(_, uses)| uses.len() > 1).map(|(symbol, uses)| {
        let uses = uses.iter().map(|(name, axis)| quote!((#name, #axis)));
        quote!(#survey.same_size(#symbol, &[#(#uses),*]);)
    });
    let unused = item.options.allow_unused.then(|| quote!(#survey.allow_unused();));
    let body = below_prefix(item, &survey, quote!(#(#fields)* #(#symbols)* #unused));
    quote!(fn survey(#survey: &mut #private::Survey<'_>) { let _ = &#survey; #body })
}

fn intake(item: &ParamStruct, private: &TokenStream) -> TokenStream {
    let intake = local("__intake");
    let fields = item.fields.iter().map(|field| {
        let (ident, ty) = (&field.ident, &field.ty);
        match &field.name {
            Some(name) => quote!(#ident: #intake.field::<#ty>(#name)?),
            None => quote!(#ident: <#ty as ::core::default::Default>::default()),
        }
    });
    let body = below_prefix(item, &intake, quote!(::core::result::Result::Ok(Self { #(#fields),* })));
    quote!(fn intake(#intake: &mut #private::Intake<'_>) -> #private::Result<Self> { let _ = &#intake; #body })
}

fn visit(item: &ParamStruct, private: &TokenStream) -> TokenStream {
    let visit = local("__visit");
    let fields = item.loaded().map(|(_, field)| {
        let (ident, ty) = (&field.ident, &field.ty);
        quote!(<#ty as #private::Params>::visit(&self.#ident, #visit);)
    });
    quote! {
        fn visit(&self, #visit: &mut dyn ::core::ops::FnMut(&#private::AnyTensor)) { let _ = &#visit; #(#fields)* }
    }
}

/// The type parameters that stand for dimensions, and the tensor and axis of every use.
fn symbols(item: &ParamStruct) -> BTreeMap<String, Vec<(&str, usize)>> {
    let parameters: Vec<String> = item.generics.type_params().map(|param| param.ident.to_string()).collect();
    let mut symbols: BTreeMap<String, Vec<(&str, usize)>> = BTreeMap::new();
    for (name, ParamField { ty, .. }) in item.loaded() {
        for (axis, symbol) in dimensions(ty).into_iter().enumerate() {
            if parameters.contains(&symbol) {
                symbols.entry(symbol).or_default().push((name, axis));
            }
        }
    }
    symbols
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
