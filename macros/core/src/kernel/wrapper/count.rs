//! Numbers that sizes decide: dimensions, numbers, `+`, `*` and `div_ceil`.

use crate::kernel::ir::Size;
use crate::kernel::item::{KernelItem, Symbol};
use crate::valid::native as valid;
use proc_macro2::Ident;
use syn::{BinOp, Error, Expr, Lit};

/// A step of a number that sizes decide, in postfix order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    Size(Size),
    Sum,
    Product,
    Quotient,
}

/// Most numbers of a count that wait for an operation, as in the runtime.
const DEPTH_MAX: usize = 8;

pub(super) fn one_name(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Group(group) => one_name(&group.expr),
        _ => None,
    }
}

/// A number that sizes decide, as terms.
pub(super) fn count(item: &KernelItem, written: &Expr) -> Result<Vec<Term>, Error> {
    let mut terms = Vec::new();
    push(item, written, &mut terms)?;
    let (mut depth, mut deepest) = (0_usize, 0);
    for term in &terms {
        depth = if matches!(term, Term::Size(_)) { depth + 1 } else { depth.saturating_sub(1) };
        deepest = deepest.max(depth);
    }
    if deepest > DEPTH_MAX { Err(valid::too_deep(written)) } else { Ok(terms) }
}

fn push(item: &KernelItem, written: &Expr, terms: &mut Vec<Term>) -> Result<(), Error> {
    match written {
        Expr::Paren(inside) => return push(item, &inside.expr, terms),
        Expr::Group(inside) => return push(item, &inside.expr, terms),
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => terms.push(Term::Size(Size::Fixed(number.base10_parse()?))),
            _ => return Err(valid::not_a_count(written)),
        },
        Expr::Binary(binary) => {
            push(item, &binary.left, terms)?;
            push(item, &binary.right, terms)?;
            terms.push(match binary.op {
                BinOp::Add(_) => Term::Sum,
                BinOp::Mul(_) => Term::Product,
                _ => return Err(valid::not_a_count(written)),
            });
        }
        Expr::MethodCall(call) if call.method == "div_ceil" && call.args.len() == 1 => {
            push(item, &call.receiver, terms)?;
            push(item, &call.args[0], terms)?;
            terms.push(Term::Quotient);
        }
        other => {
            let Some(name) = one_name(other) else { return Err(valid::not_a_count(other)) };
            let known = |symbol: &Symbol| symbol.name.as_ref() == Some(name);
            let symbol = item.symbols.iter().position(known);
            terms.push(Term::Size(Size::Symbol(symbol.ok_or_else(|| valid::not_a_size(item, name))?)));
        }
    }
    Ok(())
}

/// Its value, where no dimension is in it.
pub(super) fn constant(terms: &[Term]) -> Option<u64> {
    let mut waiting: Vec<u64> = Vec::new();
    for term in terms {
        let value = match term {
            Term::Size(Size::Symbol(_)) => return None,
            Term::Size(Size::Fixed(size)) => *size,
            operation => {
                let (b, a) = (waiting.pop()?, waiting.pop()?);
                match operation {
                    Term::Sum => a.saturating_add(b),
                    Term::Product => a.saturating_mul(b),
                    _ if b == 0 => return None,
                    _ => a.div_ceil(b),
                }
            }
        };
        waiting.push(value);
    }
    waiting.pop()
}
