//! `tensor![…]`: a call that takes the list as nested arrays, and repeats as values that say how often.
//!
//! What is emitted around the user's tokens lies where the first of them does, so that an error about the whole points
//! there.

use crate::ast::{Pathed, TensorLiteral};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Expr;

pub(crate) fn tensor(literal: &Pathed<TensorLiteral>) -> TokenStream {
    let first = match &literal.written {
        TensorLiteral::List(items) => items.first(),
        TensorLiteral::Repeat(value, _) => Some(&**value),
    };
    let private = literal.private.to_token_stream();
    let ours = private.clone().into_iter().next().map_or_else(Span::mixed_site, |token| token.span());
    let first = first.and_then(|first| first.to_token_stream().into_iter().next());
    let place = first.map_or(ours, |first| ours.located_at(first.span()));
    let private = placed(private, place);
    let written = match &literal.written {
        TensorLiteral::List(items) => quote_spanned!(place=> [#(#items),*]),
        TensorLiteral::Repeat(value, count) => repeat(&private, place, value, count),
    };
    quote_spanned!(place=> #private::literal(&#written))
}

/// `value`, `count` times: as one value, also where `value` is itself a repeat.
fn repeat(private: &TokenStream, place: Span, value: &Expr, count: &Expr) -> TokenStream {
    let value = match value {
        Expr::Repeat(inner) => repeat(private, place, &inner.expr, &inner.len),
        value => value.to_token_stream(),
    };
    quote_spanned!(place=> #private::Repeat::<_, { #count }>(#value))
}

/// The tokens, meaning what they mean where they stand, shown at `place`.
fn placed(tokens: TokenStream, place: Span) -> TokenStream {
    let move_one = |mut token: TokenTree| {
        token.set_span(token.span().located_at(place));
        token
    };
    tokens.into_iter().map(move_one).collect()
}
