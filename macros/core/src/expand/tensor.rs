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
    if let TensorLiteral::List(items) = &literal.written
        && let Some(sizes) = sizes_of_nothing(items.iter())
    {
        return quote_spanned!(place=> #private::empty::<_, (#(#private::C<#sizes>,)*)>());
    }
    let written = match &literal.written {
        TensorLiteral::List(items) => quote_spanned!(place=> [#(#items),*]),
        TensorLiteral::Repeat(value, count) => repeat(&private, place, value, count),
    };
    quote_spanned!(place=> #private::literal(&#written))
}

/// The sizes of lists of lists that hold no element anywhere; `None` if there is one, or the lists are ragged.
fn sizes_of_nothing<'a>(items: impl ExactSizeIterator<Item = &'a Expr>) -> Option<Vec<usize>> {
    let mut sizes = vec![items.len()];
    let mut inner: Option<Vec<usize>> = None;
    for item in items {
        let Expr::Array(list) = item else { return None };
        let found = sizes_of_nothing(list.elems.iter())?;
        if inner.get_or_insert_with(|| found.clone()) != &found {
            return None;
        }
    }
    sizes.extend(inner.unwrap_or_default());
    Some(sizes)
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
