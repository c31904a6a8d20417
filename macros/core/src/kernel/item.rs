//! The signature of a kernel, as it is written: parameters, results, and the dimensions they share.
//!
//! Types are read from tokens and not as types of Rust, so that `Tensor<f32, [N, M]>` can be read too.

use super::ir::Size;
use super::number::{Element, Number};
use crate::ast::whole_item;
use crate::valid::kernel as valid;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Block, Error, LitInt, Path, Token, Visibility, braced, bracketed, parenthesized};

/// A function with kernel's types.
pub(crate) struct KernelItem {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) params: Vec<Param>,
    pub(crate) results: Vec<TensorType>,
    /// Whether the results are written as a tuple.
    pub(crate) tuple: bool,
    /// The dimensions that have a name or are known at run time only.
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) body: Option<Block>,
}

/// A dimension whose size the caller decides.
pub(crate) struct Symbol {
    /// Its name; none for `_` and for constants.
    pub(crate) name: Option<Ident>,
    /// The parameter and the axis that bind it.
    pub(crate) bound: (usize, usize),
}

pub(crate) struct Param {
    pub(crate) name: Ident,
    pub(crate) kind: ParamKind,
}

pub(crate) enum ParamKind {
    Tensor {
        ty: TensorType,
        mutable: bool,
        /// `&` or `&mut`, where it is written.
        reference: TokenStream,
    },
    Scalar {
        number: Number,
        path: Path,
    },
}

/// `Tensor<f32, {[N, M]}>`
pub(crate) struct TensorType {
    /// `Tensor`, or a longer path to it.
    pub(crate) path: Path,
    pub(crate) element: Element,
    pub(crate) element_path: Path,
    pub(crate) dims: Vec<Dim>,
    /// The path of `Shape!`, where that is how the shape is written.
    pub(crate) shape_macro: Option<Path>,
}

/// One dimension as it is written.
pub(crate) struct Dim {
    pub(crate) written: WrittenDim,
    pub(crate) size: Size,
}

pub(crate) enum WrittenDim {
    Symbol(Ident),
    Number(LitInt),
    /// `{CONST}`
    Constant(Block),
    /// `_`
    Any,
}

/// How a kernel is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Under an attribute: what rustc parsed.
    Attribute,
    /// In `kernel! { … }`: shapes may stand in brackets, tensors without `&`.
    Verbatim,
}

impl KernelItem {
    pub(crate) fn parse(input: ParseStream<'_>, form: Form) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !input.peek(Token![fn]) {
            let qualifiers = ["async", "const", "unsafe", "extern"];
            return Err(match input.call(Ident::parse_any) {
                Ok(word) if qualifiers.iter().any(|qualifier| word == qualifier) => valid::qualified(&word),
                Ok(word) => valid::not_a_function(word.span()),
                Err(_) => valid::not_a_function(input.span()),
            });
        }
        input.parse::<Token![fn]>()?;
        let name = input.call(Ident::parse_any)?;
        if input.peek(Token![<]) {
            input.parse::<Token![<]>()?;
            return Err(valid::generic(input.span()));
        }
        let inside;
        parenthesized!(inside in input);
        let mut item = Self {
            attributes,
            visibility,
            name,
            params: Vec::new(),
            results: Vec::new(),
            tuple: false,
            symbols: Vec::new(),
            body: None,
        };
        item.parse_params(&inside, form)?;
        if input.peek(Token![->]) {
            input.parse::<Token![->]>()?;
            item.parse_results(input, form)?;
        }
        if input.peek(Token![where]) {
            return Err(valid::bounded(input.span()));
        }
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
        } else {
            item.body = Some(input.parse()?);
        }
        Ok(item)
    }

    fn parse_params(&mut self, input: ParseStream<'_>, form: Form) -> syn::Result<()> {
        while !input.is_empty() {
            if let Some(attribute) = input.call(Attribute::parse_outer)?.first() {
                return Err(valid::attributed(attribute));
            }
            if input.peek(Token![&])
                || input.peek(Token![self])
                || input.peek(Token![mut]) && input.peek2(Token![self])
            {
                return Err(valid::method(input.span()));
            }
            if input.peek(Token![...]) {
                return Err(valid::variadic(input.span()));
            }
            let name = pattern(input)?;
            input.parse::<Token![:]>()?;
            if self.params.iter().any(|earlier| earlier.name == name) {
                return Err(valid::repeated_parameter(&name));
            }
            let kind = self.parse_kind(&name, input, form)?;
            self.params.push(Param { name, kind });
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn parse_kind(&mut self, name: &Ident, input: ParseStream<'_>, form: Form) -> syn::Result<ParamKind> {
        let reference = input.parse::<Option<Token![&]>>()?;
        if input.peek(syn::Lifetime) {
            return Err(valid::lifetime(input.span()));
        }
        let word = if reference.is_some() { input.parse::<Option<Token![mut]>>()? } else { None };
        let start = input.span();
        let path = path(input)?;
        let last = path.segments.last().map(|last| last.ident.unraw().to_string()).unwrap_or_default();
        if last == "Tensor" {
            if reference.is_none() && form == Form::Attribute {
                return Err(valid::by_value(&path));
            }
            let ty = self.parse_tensor(path, input, Some(self.params.len()), form)?;
            let (mutable, reference) = (word.is_some(), quote!(#reference #word));
            return Ok(ParamKind::Tensor { ty, mutable, reference });
        }
        match (Number::named(&last), reference) {
            (Some(number), None) => Ok(ParamKind::Scalar { number, path }),
            (Some(_), Some(_)) => Err(valid::borrowed_number(start, &last)),
            (None, _) => Err(valid::not_a_kernel_type(name, &path)),
        }
    }

    /// What follows `Tensor`. `param` is the place of the parameter; none for a result.
    fn parse_tensor(
        &mut self,
        path: Path,
        input: ParseStream<'_>,
        param: Option<usize>,
        form: Form,
    ) -> syn::Result<TensorType> {
        if !input.peek(Token![<]) {
            return Err(valid::bare_tensor(&path));
        }
        input.parse::<Token![<]>()?;
        let element_path = self::path(input)?;
        let element_name =
            element_path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        let Some(element) = Element::named(&element_name) else {
            return Err(valid::not_an_element(&element_path, &Element::NAMES));
        };
        if !input.peek(Token![,]) {
            return Err(valid::no_shape(&path));
        }
        input.parse::<Token![,]>()?;
        let (dims, shape_macro) = shape(input, form)?;
        if input.peek(Token![,]) && !input.peek2(Token![>]) {
            input.parse::<Token![,]>()?;
            return Err(valid::other_layout(&self::path(input)?));
        }
        input.parse::<Option<Token![,]>>()?;
        input.parse::<Token![>]>()?;
        let mut ty = TensorType { path, element, element_path, dims: Vec::new(), shape_macro };
        if let Some(seventh) = dims.get(crate::valid::MAX_RANK) {
            return Err(crate::valid::rank_too_high(&seventh.tokens(), dims.len()));
        }
        for (axis, dim) in dims.into_iter().enumerate() {
            ty.dims.push(self.bind(dim, param.map(|param| (param, axis)))?);
        }
        Ok(ty)
    }

    /// Finds the symbol that a dimension is, or makes one where a parameter may.
    fn bind(&mut self, dim: UnboundDim, at: Option<(usize, usize)>) -> syn::Result<Dim> {
        let size = match (&dim.written, at) {
            (WrittenDim::Number(number), _) => Size::Fixed(number.base10_parse()?),
            (WrittenDim::Symbol(name), at) => {
                let known = self.symbols.iter().position(|symbol| symbol.name.as_ref() == Some(name));
                match (known, at) {
                    (Some(known), _) => Size::Symbol(known),
                    (None, Some(bound)) => self.symbol(Some(name.clone()), bound),
                    (None, None) => return Err(valid::unbound(name)),
                }
            }
            (_, Some(bound)) => self.symbol(None, bound),
            (WrittenDim::Any, None) => return Err(valid::unknown_result(dim.span)),
            (WrittenDim::Constant(block), None) => return Err(valid::constant_result(block)),
        };
        Ok(Dim { written: dim.written, size })
    }

    fn symbol(&mut self, name: Option<Ident>, bound: (usize, usize)) -> Size {
        self.symbols.push(Symbol { name, bound });
        Size::Symbol(self.symbols.len() - 1)
    }

    fn parse_results(&mut self, input: ParseStream<'_>, form: Form) -> syn::Result<()> {
        if input.peek(syn::token::Paren) {
            let inside;
            parenthesized!(inside in input);
            self.tuple = true;
            while !inside.is_empty() {
                self.parse_result(&inside, form)?;
                if !inside.is_empty() {
                    inside.parse::<Token![,]>()?;
                }
            }
            return Ok(());
        }
        self.parse_result(input, form)
    }

    fn parse_result(&mut self, input: ParseStream<'_>, form: Form) -> syn::Result<()> {
        if input.peek(Token![&]) {
            return Err(valid::borrowed_result(input.span()));
        }
        let path = path(input)?;
        if path.segments.last().is_none_or(|last| last.ident != "Tensor") {
            return Err(valid::not_a_result(&path));
        }
        let ty = self.parse_tensor(path, input, None, form)?;
        self.results.push(ty);
        Ok(())
    }

    /// The name of a size in messages and in C.
    pub(crate) fn size_name(&self, size: Size) -> String {
        match size {
            Size::Fixed(number) => number.to_string(),
            Size::Symbol(symbol) => match self.symbols.get(symbol).and_then(|symbol| symbol.name.as_ref()) {
                Some(name) => name.unraw().to_string(),
                None => "_".to_owned(),
            },
        }
    }
}

/// The name of a parameter.
fn pattern(input: ParseStream<'_>) -> syn::Result<Ident> {
    let ahead = input.fork();
    match ahead.call(Ident::parse_any) {
        Ok(name) if name == "mut" || name == "ref" => Err(valid::patterned(name.span())),
        Ok(_) if !ahead.peek(Token![:]) => Err(valid::patterned(input.span())),
        Ok(_) => input.call(Ident::parse_any),
        Err(_) => Err(valid::patterned(input.span())),
    }
}

/// A path without arguments.
fn path(input: ParseStream<'_>) -> syn::Result<Path> {
    let ahead = input.fork();
    match ahead.call(Path::parse_mod_style) {
        Ok(_) => input.call(Path::parse_mod_style),
        Err(_) => {
            let mut written = TokenStream::new();
            while !input.is_empty() && !input.peek(Token![,]) {
                written.extend([input.parse::<TokenTree>()?]);
            }
            Err(valid::not_a_type(&written, input.span()))
        }
    }
}

/// A dimension whose symbol is not looked up yet.
struct UnboundDim {
    written: WrittenDim,
    span: Span,
}

impl UnboundDim {
    fn tokens(&self) -> TokenStream {
        match &self.written {
            WrittenDim::Symbol(name) => name.to_token_stream(),
            WrittenDim::Number(number) => number.to_token_stream(),
            WrittenDim::Constant(block) => block.to_token_stream(),
            WrittenDim::Any => Ident::new("_", self.span).to_token_stream(),
        }
    }
}

impl Parse for UnboundDim {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        whole_item(input, Self::prefix, valid::not_a_kernel_dimension)
    }
}

impl UnboundDim {
    fn prefix(input: ParseStream<'_>) -> syn::Result<Self> {
        let span = input.span();
        if input.peek(Token![_]) {
            input.parse::<Token![_]>()?;
            return Ok(Self { written: WrittenDim::Any, span });
        }
        if input.peek(LitInt) {
            let number: LitInt = input.parse()?;
            return match (number.suffix(), number.base10_parse::<u64>()) {
                ("" | "usize", Ok(_)) => Ok(Self { written: WrittenDim::Number(number), span }),
                _ => Err(valid::not_a_kernel_dimension(&number)),
            };
        }
        if input.peek(syn::token::Brace) {
            return Ok(Self { written: WrittenDim::Constant(input.parse()?), span });
        }
        let name: Ident = input.parse()?;
        if !name.unraw().to_string().starts_with(char::is_uppercase) {
            return Err(valid::not_a_kernel_dimension(&name));
        }
        Ok(Self { written: WrittenDim::Symbol(name), span })
    }
}

/// The dimensions of a shape, and the path of `Shape!` where they stand in one.
fn shape(input: ParseStream<'_>, form: Form) -> syn::Result<(Vec<UnboundDim>, Option<Path>)> {
    let list = |inside: ParseStream<'_>| -> syn::Result<Vec<UnboundDim>> {
        Ok(Punctuated::<UnboundDim, Token![,]>::parse_terminated(inside)?.into_iter().collect())
    };
    let inside;
    if input.peek(syn::token::Brace) {
        let brackets;
        braced!(brackets in input);
        if !brackets.peek(syn::token::Bracket) {
            return Err(valid::not_a_kernel_shape(&brackets.parse::<TokenStream>()?, brackets.span()));
        }
        bracketed!(inside in brackets);
        if !brackets.is_empty() {
            return Err(valid::not_a_kernel_shape(&brackets.parse::<TokenStream>()?, brackets.span()));
        }
        return Ok((list(&inside)?, None));
    }
    if input.peek(syn::token::Paren) {
        parenthesized!(inside in input);
        return Ok((list(&inside)?, None));
    }
    if input.peek(syn::token::Bracket) {
        let span = input.span();
        bracketed!(inside in input);
        let dims = list(&inside)?;
        return if form == Form::Verbatim { Ok((dims, None)) } else { Err(valid::bare_brackets(span)) };
    }
    let path = path(input)?;
    if !input.peek(Token![!]) || path.segments.last().is_none_or(|last| last.ident != "Shape") {
        return Err(valid::not_a_kernel_shape(&path.to_token_stream(), Span::call_site()));
    }
    input.parse::<Token![!]>()?;
    if input.peek(syn::token::Bracket) {
        bracketed!(inside in input);
    } else if input.peek(syn::token::Brace) {
        braced!(inside in input);
    } else {
        parenthesized!(inside in input);
    }
    Ok((list(&inside)?, Some(path)))
}

/// Reads a kernel from tokens.
pub(crate) fn parse(tokens: TokenStream, form: Form) -> Result<KernelItem, Error> {
    let parser = |input: ParseStream<'_>| {
        let item = KernelItem::parse(input, form)?;
        if input.is_empty() { Ok(item) } else { Err(valid::after_the_function(input.span())) }
    };
    syn::parse::Parser::parse2(parser, tokens)
}

/// The name without `r#`.
pub(crate) fn plain(name: &Ident) -> String {
    name.unraw().to_string()
}
