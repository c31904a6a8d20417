//! What was written, checked: a struct of parameters, a shape, a list of named dimensions.

mod item;
mod literal;
mod ties;

pub(crate) use item::{Body, How, ParamField, ParamItem, ParamVariant, Shown, VariantBody, nameless};
pub(crate) use literal::TensorLiteral;

use crate::attr::Errors;
use crate::valid;
use proc_macro2::{TokenStream, TokenTree};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Block, Error, Ident, LitInt, Path, Token, Type, TypePath};

/// Tokens behind a bracket that holds the path of the crate's private module.
pub(crate) struct Pathed<T> {
    pub(crate) private: Path,
    pub(crate) written: T,
}

impl<T: Parse> Parse for Pathed<T> {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let bracket;
        syn::bracketed!(bracket in input);
        Ok(Self { private: bracket.call(Path::parse_mod_style)?, written: input.parse()? })
    }
}

/// One dimension of a shape.
pub(crate) enum ShapeDim {
    /// `512`
    Number(LitInt),
    /// `{2 * K}`
    Constant(Block),
    /// `_`
    Any,
    /// A type: a parameter, a name, or any path.
    Named(Path),
}

impl Parse for ShapeDim {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        whole_item(input, Self::parse_prefix, valid::not_a_dimension)
    }
}

impl ShapeDim {
    fn parse_prefix(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitInt) {
            let number: LitInt = input.parse()?;
            // The suffix and the size are checked here, where the token is known.
            return match (number.suffix(), number.base10_parse::<u64>()) {
                ("" | "usize", Ok(_)) => Ok(Self::Number(number)),
                _ => Err(valid::not_a_dimension(&number)),
            };
        }
        if input.peek(syn::token::Brace) {
            return input.parse().map(Self::Constant);
        }
        if input.peek(Token![_]) {
            return input.parse::<Token![_]>().map(|_| Self::Any);
        }
        // As a type, and not as a path alone, which may begin with a keyword.
        let written: Type = input.parse()?;
        let Type::Path(TypePath { qself: None, path, .. }) = written else {
            return Err(valid::not_a_dimension(&written));
        };
        match path.get_ident() {
            Some(name) if !name.to_string().starts_with(char::is_uppercase) => {
                Err(valid::not_a_dimension(&path))
            }
            _ => Ok(Self::Named(path)),
        }
    }
}

/// Parses one item of a list: all tokens up to a comma or the end. Where they are not an item, the error is
/// `refuse` of them, or a missing item if there are none.
pub(crate) fn whole_item<T>(
    input: ParseStream<'_>,
    parse: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
    refuse: impl FnOnce(&TokenStream) -> Error,
) -> syn::Result<T> {
    let ahead = input.fork();
    if let Ok(item) = parse(&ahead)
        && (ahead.is_empty() || ahead.peek(Token![,]))
    {
        input.advance_to(&ahead);
        return Ok(item);
    }
    let comma = input.span();
    let tokens = until_comma(input)?;
    Err(if tokens.is_empty() { valid::missing_item(comma) } else { refuse(&tokens) })
}

/// The tokens up to the next comma.
fn until_comma(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

/// The dimensions of a shape, at most six.
pub(crate) struct ShapeDims(pub(crate) Vec<ShapeDim>);

impl Parse for ShapeDims {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let start = input.fork();
        let dims = Punctuated::<ShapeDim, Token![,]>::parse_terminated(input)?;
        if dims.len() > valid::MAX_RANK {
            let tokens = nth_dimension(&start, valid::MAX_RANK)?;
            return Err(valid::rank_too_high(&tokens, dims.len()));
        }
        Ok(Self(dims.into_iter().collect()))
    }
}

/// The tokens of dimension `n` of a list that parsed.
fn nth_dimension(input: ParseStream<'_>, n: usize) -> syn::Result<TokenStream> {
    for _ in 0..n {
        until_comma(input)?;
        input.parse::<Token![,]>()?;
    }
    until_comma(input)
}

/// One name of `dims!`.
pub(crate) struct NamedDim {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: syn::Visibility,
    pub(crate) name: Ident,
}

impl Parse for NamedDim {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        whole_item(input, Self::parse_prefix, valid::not_a_dimension_name)
    }
}

impl NamedDim {
    fn parse_prefix(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        Ok(Self { attributes, visibility: input.parse()?, name: input.parse()? })
    }
}

/// The names of `dims!`: each once, in UpperCamelCase.
pub(crate) struct NamedDims(pub(crate) Vec<NamedDim>);

impl Parse for NamedDims {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let dims = Punctuated::<NamedDim, Token![,]>::parse_terminated(input)?;
        let mut errors = Errors::default();
        for (i, dim) in dims.iter().enumerate() {
            let text = dim.name.to_string();
            if !text.starts_with(char::is_uppercase) || text.contains('_') {
                errors.push(valid::not_camel_case(&dim.name));
            }
            if dims.iter().take(i).any(|earlier| earlier.name == dim.name) {
                errors.push(valid::repeated_dimension(&dim.name));
            }
        }
        errors.finish(Self(dims.into_iter().collect()))
    }
}
