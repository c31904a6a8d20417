//! Where a piece of the item stands, so that code can stand there: errors about the code are shown at the piece.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{PathArguments, Type, TypePath};

/// From the first token of a piece to its last, with the names of the macro. A stable compiler joins no spans, but it
/// shows an expression from its first token to its last.
#[derive(Clone, Copy)]
pub(super) struct Place {
    first: Span,
    last: Span,
}

impl Place {
    /// Where a type stands. Of a plain path both ends are at hand, and the tokens between need not be made.
    pub(super) fn of(ty: &Type) -> Self {
        let Type::Path(TypePath { qself: None, path, .. }) = ty else { return Self::of_tokens(ty) };
        let (Some(first), Some(last)) = (path.segments.first(), path.segments.last()) else {
            return Self::of_tokens(ty);
        };
        let first = path.leading_colon.map_or(first.ident.span(), |colon| colon.spans[0]);
        match &last.arguments {
            PathArguments::None => Self::between(first, last.ident.span()),
            PathArguments::AngleBracketed(arguments) => Self::between(first, arguments.gt_token.span),
            PathArguments::Parenthesized(_) => Self::of_tokens(ty),
        }
    }

    /// Where the tokens of `piece` stand.
    pub(super) fn of_tokens(piece: &impl ToTokens) -> Self {
        let mut spans = piece.to_token_stream().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        Self::between(first, spans.last().unwrap_or(first))
    }

    fn between(first: Span, last: Span) -> Self {
        let here = |span| Span::call_site().located_at(span);
        Self { first: here(first), last: here(last) }
    }

    /// `code`, standing there.
    pub(super) fn stands(self, code: TokenStream) -> TokenStream {
        let mut tokens = code.into_iter();
        let head = tokens.next().map(|token| self.moved(token, self.first));
        head.into_iter().chain(tokens.map(|token| self.moved(token, self.last))).collect()
    }

    /// `token` at `span`, and what is in it from the first to the last.
    fn moved(self, mut token: TokenTree, span: Span) -> TokenTree {
        if let TokenTree::Group(group) = &token {
            let mut inside: Vec<TokenTree> = group.stream().into_iter().collect();
            let end = inside.pop().map(|token| self.moved(token, self.last));
            let before = inside.into_iter().map(|token| self.moved(token, self.first));
            token = TokenTree::Group(Group::new(group.delimiter(), before.chain(end).collect()));
        }
        token.set_span(span);
        token
    }
}
