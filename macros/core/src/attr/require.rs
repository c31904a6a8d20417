//! `require(H * HD == D)`: a comparison of constants, and how it reads with their values.

use crate::ast::Shown;
use crate::valid;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{BinOp, Error, Expr, ExprBinary};

/// A comparison that must hold.
pub(crate) struct Require {
    pub(crate) condition: Expr,
    /// The opposite, in pieces: what is shown when it does not hold.
    pub(crate) shown: Vec<Shown>,
}

impl Require {
    pub(crate) fn new(tokens: &TokenStream) -> Result<Self, Error> {
        let refuse = || valid::not_a_comparison(tokens);
        let condition: Expr = syn::parse2(tokens.clone()).map_err(|_| refuse())?;
        let Expr::Binary(ExprBinary { left, op, right, .. }) = &condition else { return Err(refuse()) };
        let opposite = opposite(*op).ok_or_else(refuse)?;
        let mut shown = Vec::new();
        pieces(left, &mut shown);
        shown.push(Shown::Text(format!(" {opposite} ")));
        pieces(right, &mut shown);
        Ok(Self { condition, shown })
    }
}

fn opposite(op: BinOp) -> Option<&'static str> {
    match op {
        BinOp::Eq(_) => Some("!="),
        BinOp::Ne(_) => Some("=="),
        BinOp::Lt(_) => Some(">="),
        BinOp::Le(_) => Some(">"),
        BinOp::Gt(_) => Some("<="),
        BinOp::Ge(_) => Some("<"),
        _ => None,
    }
}

/// Arithmetic with numbers in the place of names; anything else is one value.
fn pieces(expr: &Expr, shown: &mut Vec<Shown>) {
    match expr {
        Expr::Binary(ExprBinary { left, op, right, .. }) => {
            pieces(left, shown);
            shown.push(Shown::Text(format!(" {} ", op.to_token_stream())));
            pieces(right, shown);
        }
        Expr::Paren(paren) => {
            shown.push(Shown::Text("(".to_owned()));
            pieces(&paren.expr, shown);
            shown.push(Shown::Text(")".to_owned()));
        }
        Expr::Group(group) => pieces(&group.expr, shown),
        Expr::Lit(literal) => shown.push(Shown::Text(literal.to_token_stream().to_string())),
        value => shown.push(Shown::Value(value.clone())),
    }
}
