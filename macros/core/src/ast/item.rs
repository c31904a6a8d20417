//! A struct or enum under `#[derive(Params)]`: its fields, each with the way it is loaded.

use super::ties;
use crate::attr::{Errors, FieldOptions, ItemOptions, Require, VariantOptions};
use crate::valid;
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Error, Expr, Fields, FieldsNamed, GenericParam, Generics, Ident, LitStr, Type};

/// A struct or enum whose fields are loaded by name.
pub(crate) struct ParamItem {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) options: ItemOptions,
    pub(crate) body: Body,
}

/// What the item is made of.
pub(crate) enum Body {
    Struct(Vec<ParamField>),
    Enum(Vec<ParamVariant>),
}

/// One variant of an enum.
pub(crate) struct ParamVariant {
    pub(crate) ident: Ident,
    /// Goes before the names of its fields.
    pub(crate) prefix: Option<LitStr>,
    pub(crate) body: VariantBody,
}

/// What a variant is made of.
pub(crate) enum VariantBody {
    Named(Vec<ParamField>),
    /// One parameter at the place of the enum.
    Unnamed(Box<Type>),
    Unit,
}

/// One field.
pub(crate) struct ParamField {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) how: How,
    /// The name in the source, or of elements the pattern of names.
    pub(crate) name: String,
    /// The tier it is to be in.
    pub(crate) tier: Option<LitStr>,
    /// Where the name comes from: the field or its option.
    name_span: Span,
}

/// The way a field gets its value.
pub(crate) enum How {
    /// From its `Default`.
    Skip,
    /// By its name.
    Plain,
    /// By its name, if that is there.
    Optional,
    /// By the names of its elements.
    Each { len: Option<Expr>, optional: bool },
    /// From another field, by this path of fields.
    Tied(Vec<Ident>),
}

impl ParamItem {
    pub(crate) fn new(input: &DeriveInput) -> Result<Self, Error> {
        let mut errors = Errors::default();
        let options = errors.note(ItemOptions::new(&input.attrs)).unwrap_or_default();
        for param in &input.generics.params {
            if let GenericParam::Lifetime(lifetime) = param {
                errors.push(valid::borrows(&input.ident, &lifetime.lifetime));
            }
        }
        for require in &options.requires {
            errors.note(check_require(require, &input.generics));
        }
        let body = errors.note(Body::new(input, &options));
        let (ident, generics) = (input.ident.clone(), input.generics.clone());
        errors.finish(Self { ident, generics, options, body: body.unwrap_or(Body::Struct(Vec::new())) })
    }

    /// All fields, of every variant.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &ParamField> {
        let (own, variants) = match &self.body {
            Body::Struct(fields) => (fields.as_slice(), &[][..]),
            Body::Enum(variants) => (&[][..], variants.as_slice()),
        };
        let of_variants = variants.iter().flat_map(|variant| match &variant.body {
            VariantBody::Named(fields) => fields.as_slice(),
            VariantBody::Unnamed(_) | VariantBody::Unit => &[],
        });
        own.iter().chain(of_variants)
    }
}

/// A parameter or field that is called `_`, which syn takes for a name and rustc does not.
pub(crate) fn nameless(input: &DeriveInput) -> Option<&Ident> {
    let fields: Vec<&Fields> = match &input.data {
        Data::Struct(data) => vec![&data.fields],
        Data::Enum(data) => data.variants.iter().map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    let fields = fields.into_iter().flatten().filter_map(|field| field.ident.as_ref());
    let params = input.generics.type_params().map(|param| &param.ident);
    let consts = input.generics.const_params().map(|param| &param.ident);
    fields.chain(params).chain(consts).find(|ident| *ident == "_")
}

/// The identifiers of types are no constants.
fn check_require(require: &Require, generics: &Generics) -> Result<(), Error> {
    let mut errors = Errors::default();
    for shown in &require.shown {
        if let Shown::Value(Expr::Path(path)) = shown
            && let Some(ident) = path.path.get_ident()
            && generics.type_params().any(|param| param.ident == *ident)
        {
            errors.push(valid::required_type(ident));
        }
    }
    errors.finish(())
}

/// A piece of the message of a `require`.
pub(crate) enum Shown {
    Text(String),
    Value(Expr),
}

impl Body {
    fn new(input: &DeriveInput, options: &ItemOptions) -> Result<Self, Error> {
        let what = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(named) => return fields(named, options).map(Self::Struct),
                Fields::Unnamed(_) => "a tuple struct",
                Fields::Unit => "a unit struct",
            },
            Data::Enum(data) if data.variants.is_empty() => return Err(valid::no_variants(&input.ident)),
            Data::Enum(data) => {
                let mut errors = Errors::default();
                let variants = data
                    .variants
                    .iter()
                    .filter_map(|variant| errors.note(ParamVariant::new(variant, options)));
                let variants = variants.collect();
                return errors.finish(Self::Enum(variants));
            }
            Data::Union(_) => "a union",
        };
        Err(valid::not_loadable(&input.ident, what))
    }
}

impl ParamVariant {
    fn new(variant: &syn::Variant, options: &ItemOptions) -> Result<Self, Error> {
        let mut errors = Errors::default();
        let own = errors.note(VariantOptions::new(&variant.attrs)).unwrap_or_default();
        let body = match &variant.fields {
            Fields::Unit => Some(VariantBody::Unit),
            Fields::Named(named) => errors.note(fields(named, options)).map(VariantBody::Named),
            Fields::Unnamed(unnamed) => match unnamed.unnamed.iter().collect::<Vec<_>>().as_slice() {
                [only] => {
                    let ours = only
                        .attrs
                        .iter()
                        .filter(|a| a.path().is_ident("param") || a.path().is_ident("params"));
                    ours.for_each(|attribute| errors.push(valid::unnamed_options(attribute)));
                    Some(VariantBody::Unnamed(Box::new(only.ty.clone())))
                }
                several => {
                    errors.push(valid::unnamed_fields(&variant.ident, several.len()));
                    None
                }
            },
        };
        let (ident, prefix) = (variant.ident.clone(), own.prefix);
        errors.finish(Self { ident, prefix, body: body.unwrap_or(VariantBody::Unit) })
    }
}

/// The fields of one struct or variant: each name once, ties to what is there.
fn fields(named: &FieldsNamed, options: &ItemOptions) -> Result<Vec<ParamField>, Error> {
    let mut errors = Errors::default();
    let idents: Vec<&Ident> = named.named.iter().filter_map(|field| field.ident.as_ref()).collect();
    let mut fields: Vec<ParamField> = Vec::new();
    for field in &named.named {
        let Some(ident) = &field.ident else { continue };
        let Some(field) = errors.note(ParamField::new(ident, field, options)) else { continue };
        let loaded = !matches!(field.how, How::Skip);
        let other = |other: &&ParamField| other.name == field.name && !matches!(other.how, How::Skip);
        if let Some(first) = fields.iter().find(other).filter(|_| loaded) {
            let sides = (&first.ident, first.name_span);
            errors.push(valid::same_name(sides, (&field.ident, field.name_span), &field.name));
        }
        fields.push(field);
    }
    ties::check(&fields, &idents, &mut errors);
    errors.finish(fields)
}

impl ParamField {
    fn new(ident: &Ident, field: &syn::Field, item: &ItemOptions) -> Result<Self, Error> {
        let options = FieldOptions::new(&field.attrs)?;
        let (name, name_span) = match options.each.as_ref().or(options.rename.as_ref()) {
            Some(name) => (name.value(), name.span()),
            None => (item.case.apply(&ident.unraw().to_string()), ident.span()),
        };
        let how = match () {
            () if options.skip => How::Skip,
            () if options.each.is_some() => {
                if let (Type::Array(_), Some((len, _))) = (&field.ty, &options.len) {
                    return Err(valid::array_with_len(len));
                }
                How::Each { len: options.len.map(|(_, len)| len), optional: options.optional }
            }
            () if options.optional => How::Optional,
            () => options.tied.map_or(How::Plain, How::Tied),
        };
        Ok(Self { ident: ident.clone(), ty: field.ty.clone(), how, name, tier: options.tier, name_span })
    }
}
