//! Numbers as Rust.

use super::{Printer, name, size};
use crate::kernel::ir::{Block, Expr, Kind, Operator, Read, Statement};
use crate::kernel::number::Number;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

impl Printer<'_> {
    /// Digits as a number of that type.
    pub(super) fn literal(&self, digits: &str, number: Number) -> TokenStream {
        let parsed = match number {
            Number::F32 => digits.parse().map(Literal::f32_suffixed).ok(),
            Number::F64 => digits.parse().map(Literal::f64_suffixed).ok(),
            Number::I32 => digits.parse().map(Literal::i32_suffixed).ok(),
            Number::I64 => digits.parse().map(Literal::i64_suffixed).ok(),
            Number::U32 => digits.parse().map(Literal::u32_suffixed).ok(),
            Number::U64 => digits.parse().map(Literal::u64_suffixed).ok(),
            Number::Usize => digits.parse().map(Literal::usize_suffixed).ok(),
            Number::Bool => None,
        };
        match parsed {
            Some(literal) => quote!(#literal),
            None if digits == "true" => quote!(true),
            None => quote!(false),
        }
    }

    pub(super) fn expr(&self, expr: &Expr) -> TokenStream {
        let private = self.private;
        let ty = self.number(expr.number);
        match &expr.kind {
            Kind::Literal(digits) => self.literal(digits, expr.number),
            Kind::Infinity => quote!(<#ty>::INFINITY),
            Kind::Nan => quote!(<#ty>::NAN),
            Kind::Var(var) => {
                let name = name("v", *var);
                quote!(#name)
            }
            Kind::Scalar(place) => {
                let name = name("s", *place);
                quote!(#name)
            }
            Kind::Size(one) => {
                let size = size(*one);
                quote!(#size)
            }
            Kind::Read(read) => self.read(read, expr.number),
            Kind::Negate(inner) => {
                let value = self.expr(inner);
                if expr.number.is_float() { quote!((-#value)) } else { quote!(#value.wrapping_neg()) }
            }
            Kind::Not(inner) => {
                let value = self.expr(inner);
                quote!((!#value))
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right),
            Kind::Cast(inner) => {
                let value = self.expr(inner);
                quote!((#value as #ty))
            }
            Kind::Call(function, arguments) => {
                let mut arguments = arguments.iter().map(|argument| self.expr(argument));
                let receiver = arguments.next();
                let method = format_ident!("{}", function.name);
                match function.name {
                    "max" | "min" | "clamp" => quote!(#private::#method(#receiver #(, #arguments)*)),
                    "abs" if expr.number.is_integer() => quote!(#private::abs(#receiver)),
                    _ => quote!((#receiver).#method(#(#arguments),*)),
                }
            }
            Kind::If(condition, then, otherwise) => {
                let (condition, then, otherwise) =
                    (self.expr(condition), self.block(then), self.block(otherwise));
                quote!((if #condition { #then } else { #otherwise }))
            }
            Kind::Block(block) => {
                let block = self.block(block);
                quote!(({ #block }))
            }
        }
    }

    fn binary(&self, operator: Operator, left: &Expr, right: &Expr) -> TokenStream {
        let private = self.private;
        let (number, [left, right]) = (left.number, [left, right].map(|side| self.expr(side)));
        if number.is_integer() {
            let method = match operator {
                Operator::Add => Some("wrapping_add"),
                Operator::Sub => Some("wrapping_sub"),
                Operator::Mul => Some("wrapping_mul"),
                Operator::Shl => Some("wrapping_shl"),
                Operator::Shr => Some("wrapping_shr"),
                _ => None,
            };
            if let Some(method) = method {
                let method = format_ident!("{method}");
                return quote!((#left).#method(#right));
            }
            let method = match operator {
                Operator::Div => Some("checked_quotient"),
                Operator::Rem => Some("checked_remainder"),
                _ => None,
            };
            if let Some(method) = method {
                let method = format_ident!("{method}");
                return quote!(#private::#method(#left, #right, &mut fault));
            }
        }
        let symbol: TokenStream = operator.symbol().parse().unwrap_or_default();
        quote!((#left #symbol #right))
    }

    fn read(&self, read: &Read, number: Number) -> TokenStream {
        let private = self.private;
        let buffer = name("b", read.node);
        let sizes = &self.schedule.kernel.nodes[read.node].dims;
        let names: Vec<_> = (0..read.index.len()).map(|at| name("j", at)).collect();
        let values = read.index.iter().map(|index| self.expr(index));
        let mut offset = quote!(0);
        for (at, name) in names.iter().enumerate() {
            let size = size(sizes[at]);
            offset = if at == 0 { quote!(#name) } else { quote!((#offset * #size + #name)) };
        }
        let checks: Vec<TokenStream> = names
            .iter()
            .zip(sizes)
            .zip(&read.inside)
            .filter(|(_, inside)| !**inside)
            .map(|((name, one), _)| {
                let size = size(*one);
                quote!(#name < #size)
            })
            .collect();
        let types = names.iter().map(|_| quote!(#private::usize));
        let bound = quote!(let (#(#names,)*): (#(#types,)*) = (#(#values,)*););
        if checks.is_empty() {
            return quote!({ #bound #private::Stored::load(#buffer[#offset]) });
        }
        let ty = self.number(number);
        quote! {
            {
                #bound
                if #(#checks)&&* {
                    #private::Stored::load(#buffer[#offset])
                } else {
                    fault |= #private::OUTSIDE;
                    <#ty as #private::Default>::default()
                }
            }
        }
    }

    fn block(&self, block: &Block) -> TokenStream {
        let statements = block.statements.iter().map(|statement| self.statement(statement));
        let value = block.value.as_ref().map(|value| self.expr(value));
        quote!(#(#statements)* #value)
    }

    fn statement(&self, statement: &Statement) -> TokenStream {
        match statement {
            Statement::Let(var, value) => {
                let local = &self.schedule.kernel.vars[*var];
                let mutable = local.mutable.then(|| quote!(mut));
                let (name, ty, value) = (name("v", *var), self.number(local.number), self.expr(value));
                quote!(let #mutable #name: #ty = #value;)
            }
            Statement::Assign(var, value) => {
                let (name, value) = (name("v", *var), self.expr(value));
                quote!(#name = #value;)
            }
            Statement::If(condition, then, otherwise) => {
                let (condition, then, otherwise) =
                    (self.expr(condition), self.block(then), self.block(otherwise));
                quote!(if #condition { #then } else { #otherwise })
            }
            Statement::For(var, from, to, body) => {
                let (var, from, to, body) =
                    (name("v", *var), self.expr(from), self.expr(to), self.block(body));
                quote!(for #var in #from..#to { #body })
            }
            Statement::Block(block) => {
                let block = self.block(block);
                quote!({ #block })
            }
        }
    }
}

/// Whether computing a number can fail: it reads elements or divides integers.
pub(super) fn faults(expr: &Expr) -> bool {
    let mut found = false;
    super::super::visit::expr(expr, &mut |kind, number| match kind {
        Kind::Read(_) => found = true,
        Kind::Binary(Operator::Div | Operator::Rem, ..) if number.is_integer() => found = true,
        _ => {}
    });
    found
}
