//! What stands in `tensor![…]`: a list of expressions, or one expression repeated.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

/// The inside of the outermost brackets.
pub(crate) enum TensorLiteral {
    /// `a, b, c`
    List(Vec<Expr>),
    /// `a; 3`
    Repeat(Box<Expr>, Box<Expr>),
}

impl Parse for TensorLiteral {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(Self::List(Vec::new()));
        }
        let first: Expr = input.parse()?;
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            return Ok(Self::Repeat(Box::new(first), input.parse()?));
        }
        let mut items = vec![first];
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
            items.extend(Punctuated::<Expr, Token![,]>::parse_terminated(input)?);
        }
        Ok(Self::List(items))
    }
}
