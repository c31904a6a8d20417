//! `#[derive(Params)]`: the one walk that loads and the one that shows, field by field.
//!
//! What is written per field is one call each of `Load` and `Walk`, without the field's type: types would be read, and
//! their macros expanded, a second time. The call stands where the type stands, so that an error about the type does.
//! Locals have a name nobody else uses, since an item of the same name would turn a binding into a pattern.

mod check;
mod symbols;

use crate::ast::{Body, How, ParamField, ParamItem, ParamVariant, VariantBody};
use crate::attr::ItemOptions;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, DeriveInput, LitStr, Type};

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
            fn load_at(__load: &mut #private::Load<'_>) -> #private::Option<Self> { #load }
            fn walk<'__walk>(&'__walk self, __walk: &mut #private::Walk<'__walk>) { #walk }
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
            fn load_at(_: &mut #private::Load<'_>) -> #private::Option<Self> { #private::None }
            fn walk<'__walk>(&'__walk self, _: &mut #private::Walk<'__walk>) {}
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
}

fn bind(fields: &[ParamField]) -> Vec<Bound<'_>> {
    let local = |at: usize| ident(&format!("__{at}"));
    fields.iter().enumerate().map(|(at, field)| Bound { field, local: local(at) }).collect()
}

impl Bound<'_> {
    /// Whether its value comes from the source.
    fn is_loaded(&self) -> bool {
        !matches!(self.field.how, How::Skip | How::Tied(_))
    }
}

impl Writer<'_> {
    /// The bodies of `load_at` and `walk`.
    fn of_struct(&self, fields: &[ParamField]) -> (TokenStream, TokenStream) {
        let bound = bind(fields);
        let walk = bound.iter().filter(|bound| bound.is_loaded()).map(|bound| {
            let ident = &bound.field.ident;
            self.walk(bound.field, &quote!(&self.#ident))
        });
        let walk = walk.collect();
        (self.load(&bound, &quote!(Self)), walk)
    }

    fn of_enum(&self, ident: &Ident, variants: &[ParamVariant]) -> (TokenStream, TokenStream) {
        let private = self.private;
        let name = ident.to_string();
        let (loads, arms): (Vec<_>, Vec<_>) = variants.iter().map(|variant| self.of_variant(variant)).unzip();
        let load = quote!(#private::Load::variant(__load, #name, &[#(#loads),*]));
        (load, quote!(match self { #(#arms)* }))
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
                let bindings = loaded().map(|Bound { field, local }| {
                    let ident = &field.ident;
                    quote!(#ident: #local)
                });
                let pattern = quote!({ #(#bindings,)* .. });
                let walk = loaded().map(|Bound { field, local }| self.walk(field, &quote!(&*#local)));
                (self.load(&bound, &quote!(Self::#ident)), pattern, walk.collect::<TokenStream>())
            }
            VariantBody::Unnamed(ty) => {
                let here = self.call(ty, "Load", "here", &quote!(__load));
                let load = quote! {
                    match #here {
                        #private::Some(__0) => #private::Some(Self::#ident(__0)),
                        #private::None => #private::None,
                    }
                };
                let walk = self.call(ty, "Walk", "here", &quote!(__walk, &*__0));
                (load, quote!((__0)), quote!(#walk;))
            }
            VariantBody::Unit => (quote!(#private::Some(Self::#ident)), quote!(), quote!()),
        };
        let (load, walk) = match &variant.prefix {
            Some(prefix) => (below("Load", private, prefix, &load), below("Walk", private, prefix, &walk)),
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
        let calls = loaded().map(|bound| self.load_call(bound.field));
        let locals = loaded().map(|bound| &bound.local);
        let ties = bound.iter().filter_map(|tied| self.tie(tied, bound));
        let (looks, ties): (Vec<_>, Vec<_>) = ties.unzip();
        let sizes = self.same_sizes(bound);
        let values = bound.iter().map(|Bound { field, local }| {
            let ident = &field.ident;
            match field.how {
                How::Skip => {
                    let default = self.call(&field.ty, "Default", "default", &TokenStream::new());
                    quote!(#ident: #default)
                }
                _ => quote!(#ident: #local),
            }
        });
        quote! {
            let __all = (#(#calls,)*);
            #(#looks)*
            #(#sizes)*
            let (#(#private::Some(#locals),)*) = __all else { return #private::None };
            #(#ties)*
            #private::Some(#made { #(#values),* })
        }
    }

    fn load_call(&self, field: &ParamField) -> TokenStream {
        let (private, name, spec) = (self.private, &field.name, self.spec(field));
        let call = |way, arguments: TokenStream| self.call(&field.ty, "Load", way, &arguments);
        match &field.how {
            How::Optional => call("optional", quote!(__load, #spec)),
            How::Each { len, optional } => {
                let way = if *optional { "each_optional" } else { "each" };
                let each = call(way, quote!(__load, #spec, __len));
                let len = match len {
                    Some(len) => quote!(#private::Some(#len)),
                    None => quote!(#private::None),
                };
                quote!({ let __len: #private::Option<#private::usize> = #len; #each })
            }
            _ if is_plain(field) => call("field", quote!(__load, #name)),
            _ => call("given", quote!(__load, #spec)),
        }
    }

    /// Looks at a tied field, and makes it from the field it is tied to.
    fn tie(&self, tied: &Bound<'_>, bound: &[Bound<'_>]) -> Option<(TokenStream, TokenStream)> {
        let Bound { field, local } = tied;
        let How::Tied(path) = &field.how else { return None };
        let (root, rest) = path.split_first()?;
        let Bound { field: target, local: source } = bound.iter().find(|bound| bound.field.ident == *root)?;
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
        let tied_to = self.call(&field.ty, "TiedTo", "tied_to", &quote!(&*__target));
        Some((
            quote!(#private::Load::tied(__load, #spec, #target);),
            quote!(let #local = { #found #tied_to };),
        ))
    }

    fn spec(&self, field: &ParamField) -> TokenStream {
        let private = self.private;
        let (ident, name) = (field.ident.to_string(), &field.name);
        let tier = field.tier.as_ref().map_or_else(|| quote!(""), ToTokens::to_token_stream);
        quote!(&#private::Spec { field: #ident, name: #name, tier: #tier })
    }

    /// Shows a field to the walk.
    fn walk(&self, field: &ParamField, value: &TokenStream) -> TokenStream {
        let (name, spec) = (&field.name, self.spec(field));
        let call = |way, arguments: TokenStream| self.call(&field.ty, "Walk", way, &arguments);
        let shown = match &field.how {
            How::Each { .. } => call("each", quote!(__walk, #spec, #value)),
            _ if is_plain(field) => call("field", quote!(__walk, #name, #value)),
            _ => call("given", quote!(__walk, #spec, #value)),
        };
        quote!(#shown;)
    }

    /// `private::owner::way(arguments)`, standing where `ty` stands.
    fn call(&self, ty: &Type, owner: &str, way: &str, arguments: &TokenStream) -> TokenStream {
        let (owner, way) = (ident(owner), ident(way));
        let private = self.private;
        stand_at(ty, quote!(#private::#owner::#way(#arguments)))
    }
}

/// Whether the field has no options.
fn is_plain(field: &ParamField) -> bool {
    matches!(field.how, How::Plain) && field.tier.is_none() && field.ident.unraw() == field.name
}

/// `body` at the place that `prefix` names.
fn below(owner: &str, private: &TokenStream, prefix: &LitStr, body: &TokenStream) -> TokenStream {
    let (local, owner) = (ident(&format!("__{}", owner.to_lowercase())), ident(owner));
    quote!(#private::#owner::below(#local, #prefix, |#local| { #body }))
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// `code` from where `place` begins to where it ends, with the names of the macro: errors about it are shown there.
pub(super) fn stand_at(place: impl ToTokens, code: TokenStream) -> TokenStream {
    let mut spans = place.to_token_stream().into_iter().map(|token| token.span());
    let Some(first) = spans.next() else { return code };
    let last = spans.last().unwrap_or(first);
    let mut tokens = code.into_iter();
    let head = tokens.next().map(|token| move_to(token, first, last, first));
    head.into_iter().chain(tokens.map(|token| move_to(token, first, last, last))).collect()
}

/// `token` at `own`, and what is in it from `first` to `last`.
fn move_to(mut token: TokenTree, first: Span, last: Span, own: Span) -> TokenTree {
    if let TokenTree::Group(group) = &token {
        let mut inside: Vec<TokenTree> = group.stream().into_iter().collect();
        let end = inside.pop().map(|token| move_to(token, first, last, last));
        let before = inside.into_iter().map(|token| move_to(token, first, last, first));
        token = TokenTree::Group(Group::new(group.delimiter(), before.chain(end).collect()));
    }
    token.set_span(Span::call_site().located_at(own));
    token
}
