//! `#[derive(Params)]`: one function that loads and shows, field by field.
//!
//! What is written per field is one call each of `Load` and `Walk`, without the field's type: types would be read, and
//! their macros expanded, a second time. The call stands where the type stands, so that an error about the type does;
//! both stand in one function, so that it is one error. Locals and imports have a name nobody else uses, since an item
//! of the same name would turn a binding into a pattern.
//!
//! Tokens are what a derive costs each `cargo check`: macros run unoptimised, and the compiler reads every token again.

mod check;
mod place;
mod symbols;

use crate::ast::{Body, How, ParamField, ParamItem, ParamVariant, VariantBody};
use crate::attr::ItemOptions;
use place::Place;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, DeriveInput};

/// The path of the crate's private module.
fn private(options: &ItemOptions) -> TokenStream {
    match &options.krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::stratal::__private),
    }
}

pub(crate) fn params(item: &ParamItem) -> TokenStream {
    let private = private(&item.options);
    let writer = Writer { private: &private, parameters: symbols::parameters(&item.generics) };
    let ident = &item.ident;
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    let prefix =
        item.options.prefix.as_ref().map(|prefix| quote!(const PREFIX: &'static #private::str = #prefix;));
    let unused = item.options.allow_unused.then(|| quote!(const ALLOW_UNUSED: #private::bool = true;));
    let (check, now) = check::requirements(item, &private);
    let (load, walk) = match &item.body {
        Body::Struct(fields) => writer.of_struct(fields),
        Body::Enum(variants) => writer.of_enum(ident, variants),
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::Params for #ident #ty_generics #where_clause {
            #prefix
            #unused
            #check
            fn each_field(__step: #private::Step<'_, '_, '_, Self>) -> #private::Option<Self> {
                use #private::names::*;
                match __step {
                    __Loading(__load) => { #load }
                    __Walking(__self, __walk) => { #walk __None }
                }
            }
        }
        #now
    }
}

/// What stands in for a derive that was refused: nothing loads, but code that uses the type gets no second error.
pub(crate) fn refused_params(input: &DeriveInput) -> TokenStream {
    // The path of the crate, if it can be read in spite of the other errors.
    let ours = |attribute: &&Attribute| attribute.path().is_ident("params");
    let options: Vec<Attribute> = input.attrs.iter().filter(ours).cloned().collect();
    let private = private(&ItemOptions::new(&options).unwrap_or_default());
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::Params for #ident #ty_generics #where_clause {
            fn each_field(_: #private::Step<'_, '_, '_, Self>) -> #private::Option<Self> { #private::None }
        }
    }
}

/// Writes the calls; knows what all of them share.
struct Writer<'a> {
    private: &'a TokenStream,
    /// The type parameters, which may stand for dimensions.
    parameters: Vec<String>,
}

/// A field and the local that holds it.
struct Bound<'a> {
    field: &'a ParamField,
    local: Ident,
    /// Where its type stands.
    place: Place,
}

fn bind<'a>(fields: &'a [ParamField]) -> Vec<Bound<'a>> {
    let local = |at: usize| ident(&format!("__{at}"));
    let bound =
        |(at, field): (usize, &'a ParamField)| Bound { field, local: local(at), place: Place::of(&field.ty) };
    fields.iter().enumerate().map(bound).collect()
}

impl Bound<'_> {
    /// Whether its value comes from the source.
    fn is_loaded(&self) -> bool {
        !matches!(self.field.how, How::Skip | How::Tied(_))
    }
}

impl Writer<'_> {
    /// What loads, and what walks.
    fn of_struct(&self, fields: &[ParamField]) -> (TokenStream, TokenStream) {
        let bound = bind(fields);
        let walk = bound.iter().filter(|bound| bound.is_loaded()).map(|bound| {
            let ident = &bound.field.ident;
            self.walk(bound, &quote!(&__self.#ident))
        });
        let walk = walk.collect();
        (self.load(&bound, &quote!(Self)), walk)
    }

    fn of_enum(&self, ident: &Ident, variants: &[ParamVariant]) -> (TokenStream, TokenStream) {
        let name = ident.to_string();
        let (loads, arms): (Vec<_>, Vec<_>) = variants.iter().map(|variant| self.of_variant(variant)).unzip();
        let load = quote!(__Load::variant(__load, #name, &[#(#loads),*]));
        (load, quote!(match __self { #(#arms)* }))
    }

    /// The entry of one variant in the list of choices, and its arm in the walk.
    fn of_variant(&self, variant: &ParamVariant) -> (TokenStream, TokenStream) {
        let private = self.private;
        let ident = &variant.ident;
        let name = ident.to_string();
        let (load, pattern, walk) = match &variant.body {
            VariantBody::Named(fields) => {
                let bound = bind(fields);
                let loaded = || bound.iter().filter(|bound| bound.is_loaded());
                let bindings = loaded().map(|Bound { field, local, .. }| {
                    let ident = &field.ident;
                    quote!(#ident: #local)
                });
                let pattern = quote!({ #(#bindings,)* .. });
                let walk = loaded().map(|bound| {
                    let local = &bound.local;
                    self.walk(bound, &quote!(&*#local))
                });
                (self.load(&bound, &quote!(Self::#ident)), pattern, walk.collect::<TokenStream>())
            }
            VariantBody::Unnamed(ty) => {
                let place = Place::of(ty);
                let here = place.stands(quote!(__Load::here(__load)));
                let load = quote! {
                    match #here {
                        __Some(__0) => __Some(Self::#ident(__0)),
                        __None => __None,
                    }
                };
                let walk = place.stands(quote!(__Walk::here(__walk, &*__0)));
                (load, quote!((__0)), quote!(#walk;))
            }
            VariantBody::Unit => (quote!(__Some(Self::#ident)), quote!(), quote!()),
        };
        let (load, walk) = match &variant.prefix {
            Some(prefix) => (
                quote!(__Load::below(__load, #prefix, |__load| { #load })),
                quote!(__Walk::below(__walk, #prefix, |__walk| { #walk })),
            ),
            None => (load, walk),
        };
        (
            quote!(#private::Variant { name: #name, load: |__load| { #load } }),
            quote!(Self::#ident #pattern => { #walk }),
        )
    }

    /// Loads every field and builds `made` of them.
    fn load(&self, bound: &[Bound<'_>], made: &TokenStream) -> TokenStream {
        let private = self.private;
        let loaded = || bound.iter().filter(|bound| bound.is_loaded());
        let calls = loaded().map(|bound| self.load_call(bound));
        let locals = loaded().map(|bound| &bound.local);
        let ties = bound.iter().filter_map(|tied| self.tie(tied, bound));
        let (looks, ties): (Vec<_>, Vec<_>) = ties.unzip();
        let sizes = self.same_sizes(bound);
        let values = bound.iter().map(|Bound { field, local, place }| {
            let ident = &field.ident;
            match field.how {
                How::Skip => {
                    let default = place.stands(quote!(#private::Default::default()));
                    quote!(#ident: #default)
                }
                _ => quote!(#ident: #local),
            }
        });
        quote! {
            let __all = (#(#calls,)*);
            #(#looks)*
            #(#sizes)*
            let (#(__Some(#locals),)*) = __all else { return __None };
            #(#ties)*
            __Some(#made { #(#values),* })
        }
    }

    fn load_call(&self, Bound { field, place, .. }: &Bound<'_>) -> TokenStream {
        let (private, name) = (self.private, &field.name);
        if is_plain(field) {
            return place.stands(quote!(__Load::field(__load, #name)));
        }
        let spec = self.spec(field);
        match &field.how {
            How::Optional => place.stands(quote!(__Load::optional(__load, #spec))),
            How::Each { len, optional } => {
                let way = ident(if *optional { "each_optional" } else { "each" });
                let each = place.stands(quote!(__Load::#way(__load, #spec, __len)));
                let len = match len {
                    Some(len) => quote!(__Some(#len)),
                    None => quote!(__None),
                };
                quote!({ let __len: #private::Option<#private::usize> = #len; #each })
            }
            _ => place.stands(quote!(__Load::given(__load, #spec))),
        }
    }

    /// Looks at a tied field, and makes it from the field it is tied to.
    fn tie(&self, tied: &Bound<'_>, bound: &[Bound<'_>]) -> Option<(TokenStream, TokenStream)> {
        let Bound { field, local, place } = tied;
        let How::Tied(path) = &field.how else { return None };
        let (root, rest) = path.split_first()?;
        let Bound { field: target, local: source, .. } =
            bound.iter().find(|bound| bound.field.ident == *root)?;
        let found = if rest.is_empty() {
            quote!(let __target = &#source;)
        } else {
            // The fields of a value can be named only once its type is known, which is not so before the end.
            let ty = &target.ty;
            quote!(let __target: &#ty = &#source; let __target = &__target #(.#rest)*;)
        };
        let names = std::iter::once(target.name.clone()).chain(rest.iter().map(ToString::to_string));
        let target = names.collect::<Vec<_>>().join(".");
        let (private, spec) = (self.private, self.spec(field));
        let tied_to = place.stands(quote!(#private::TiedTo::tied_to(&*__target)));
        Some((quote!(__Load::tied(__load, #spec, #target);), quote!(let #local = { #found #tied_to };)))
    }

    fn spec(&self, field: &ParamField) -> TokenStream {
        let private = self.private;
        let (ident, name) = (field.ident.to_string(), &field.name);
        let tier = field.tier.as_ref().map_or_else(|| quote!(""), ToTokens::to_token_stream);
        quote!(&#private::Spec { field: #ident, name: #name, tier: #tier })
    }

    /// Shows a field to the walk.
    fn walk(&self, Bound { field, place, .. }: &Bound<'_>, value: &TokenStream) -> TokenStream {
        let name = &field.name;
        if is_plain(field) {
            return place.stands(quote!(__Walk::field(__walk, #name, #value);));
        }
        let spec = self.spec(field);
        let way = ident(if matches!(field.how, How::Each { .. }) { "each" } else { "given" });
        place.stands(quote!(__Walk::#way(__walk, #spec, #value);))
    }
}

/// Whether the field has no options.
fn is_plain(field: &ParamField) -> bool {
    matches!(field.how, How::Plain) && field.tier.is_none() && field.ident.unraw() == field.name
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
