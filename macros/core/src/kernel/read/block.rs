//! Blocks, branches and loops inside the function of an element.

use super::number::assigning;
use super::{Binding, Reader, ident, typed};
use crate::kernel::ir::{Block, Expr, Kind, Operator, Size, Statement, Var};
use crate::kernel::number::Number;
use crate::valid::kernel as valid;
use syn::spanned::Spanned;
use syn::{Error, Pat, Stmt};

impl Reader<'_> {
    /// Reads a block in a scope of its own. `valued` says whether it must have a value.
    pub(super) fn block(
        &mut self,
        block: &syn::Block,
        want: Option<Number>,
        valued: bool,
    ) -> Result<Block, Error> {
        self.scopes.push(Vec::new());
        let read = self.open_block(block, want, valued);
        self.scopes.pop();
        read
    }

    fn open_block(&mut self, block: &syn::Block, want: Option<Number>, valued: bool) -> Result<Block, Error> {
        let mut read = Block::default();
        for (at, statement) in block.stmts.iter().enumerate() {
            let last = at + 1 == block.stmts.len();
            match statement {
                Stmt::Local(local) => {
                    let statement = self.local(local)?;
                    read.statements.push(statement);
                }
                Stmt::Expr(expr, None) if last && valued => {
                    read.value = Some(Box::new(self.number(expr, want)?))
                }
                Stmt::Expr(expr, semicolon) => {
                    let statement = self.statement(expr, semicolon.is_some())?;
                    read.statements.push(statement);
                }
                Stmt::Macro(written) => return Err(valid::macro_call(&written.mac.path)),
                Stmt::Item(item) => return Err(valid::nested_item(item)),
            }
        }
        if valued && read.value.is_none() {
            return Err(valid::no_value(block.brace_token.span.close()));
        }
        Ok(read)
    }

    fn local(&mut self, local: &syn::Local) -> Result<Statement, Error> {
        let (pattern, _) = typed(&local.pat);
        let Pat::Ident(name) = pattern else { return Err(valid::not_a_name(pattern)) };
        let Some(init) = &local.init else { return Err(valid::uninitialised(&name.ident)) };
        if let Some((_, otherwise)) = &init.diverge {
            return Err(valid::let_else(otherwise));
        }
        if self.is_tensor(&init.expr) {
            return Err(valid::tensor_in_element(&name.ident));
        }
        let value = self.number(&init.expr, self.annotated(&local.pat)?)?;
        let var = self.kernel.local(value.number);
        self.kernel.vars[var].mutable = name.mutability.is_some();
        self.bind(&name.ident, Binding::Local(var));
        Ok(Statement::Let(var, value))
    }

    fn statement(&mut self, expr: &syn::Expr, ended: bool) -> Result<Statement, Error> {
        match expr {
            syn::Expr::Assign(assign) => {
                let var = self.assigned(&assign.left)?;
                let number = self.kernel.vars[var].number;
                Ok(Statement::Assign(var, self.number(&assign.right, Some(number))?))
            }
            syn::Expr::Binary(binary) => {
                let Some(operator) = assigning(&binary.op) else { return Err(valid::unused_value(expr)) };
                self.compound(operator, binary)
            }
            syn::Expr::If(written) => {
                let condition = self.condition(&written.cond)?;
                let then = self.block(&written.then_branch, None, false)?;
                let otherwise = match &written.else_branch {
                    Some((_, other)) => self.branch(other)?,
                    None => Block::default(),
                };
                Ok(Statement::If(condition, then, otherwise))
            }
            syn::Expr::ForLoop(written) => self.counted(written),
            syn::Expr::Block(block) if block.label.is_none() => {
                Ok(Statement::Block(self.block(&block.block, None, false)?))
            }
            syn::Expr::MethodCall(_)
            | syn::Expr::Lit(_)
            | syn::Expr::Path(_)
            | syn::Expr::Index(_)
            | syn::Expr::Unary(_) => {
                Err(if ended { valid::unused_value(expr) } else { valid::value_of_loop(expr) })
            }
            other => Err(valid::unsupported(other)),
        }
    }

    /// `else { … }` or `else if …`, as statements.
    fn branch(&mut self, other: &syn::Expr) -> Result<Block, Error> {
        match other {
            syn::Expr::Block(block) => self.block(&block.block, None, false),
            other => Ok(Block { statements: vec![self.statement(other, true)?], value: None }),
        }
    }

    fn condition(&mut self, condition: &syn::Expr) -> Result<Expr, Error> {
        if let syn::Expr::Let(written) = condition {
            return Err(valid::if_let(written.let_token.span()));
        }
        self.number(condition, Some(Number::Bool))
    }

    /// `if … { a } else { b }` as a number.
    pub(super) fn if_value(&mut self, written: &syn::ExprIf, want: Option<Number>) -> Result<Expr, Error> {
        let condition = self.condition(&written.cond)?;
        let Some((_, other)) = &written.else_branch else {
            return Err(valid::no_else(written.if_token.span()));
        };
        let then = self.block(&written.then_branch, want, true)?;
        let number = then.value.as_ref().map_or(Number::Bool, |value| value.number);
        let otherwise = match &**other {
            syn::Expr::Block(block) => self.block(&block.block, Some(number), true)?,
            other => {
                let value = Some(Box::new(self.number(other, Some(number))?));
                Block { statements: Vec::new(), value }
            }
        };
        Ok(Expr::new(number, Kind::If(Box::new(condition), then, otherwise)))
    }

    /// The local that the left side of an assignment names.
    fn assigned(&mut self, left: &syn::Expr) -> Result<Var, Error> {
        match left {
            syn::Expr::Index(index) => self.own_element(index),
            syn::Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
                Err(valid::dereferenced(unary.op.span()))
            }
            left => {
                let Some(name) = ident(left) else { return Err(valid::not_assigned(left)) };
                match self.lookup(name) {
                    Some(Binding::Local(var)) if self.kernel.vars[*var].mutable => Ok(*var),
                    Some(Binding::Tensor(_)) => Err(valid::assigned_tensor(name)),
                    Some(_) => Err(valid::immutable(name)),
                    None => Err(valid::unknown_name(name, &[])),
                }
            }
        }
    }

    /// `out[[i, j]]` on the left side.
    fn own_element(&mut self, index: &syn::ExprIndex) -> Result<Var, Error> {
        let Some(name) = ident(&index.expr) else { return Err(valid::not_assigned(&index.expr)) };
        let Some(own) = self.own.clone() else {
            self.written_tensor(&index.expr)?;
            return Err(valid::write_outside_loop(&index.expr, &name.to_string()));
        };
        let (_, node) = self.written_tensor(&index.expr)?;
        if node != own.node {
            return Err(valid::other_written(name, &own.name));
        }
        let dims = self.kernel.nodes[node].dims.clone();
        let (indexes, _) = self.indexes(&index.index, name, &dims)?;
        let same =
            indexes.iter().zip(&own.index).all(|(at, var)| matches!(at.kind, Kind::Var(at) if at == *var));
        if same { Ok(own.var) } else { Err(valid::other_element_of_written(&index.index, &own.name)) }
    }

    fn compound(&mut self, operator: Operator, binary: &syn::ExprBinary) -> Result<Statement, Error> {
        let var = self.assigned(&binary.left)?;
        let number = self.kernel.vars[var].number;
        let shifts = matches!(operator, Operator::Shl | Operator::Shr);
        let right = self.open_number(&binary.right, Some(if shifts { Number::U32 } else { number }))?;
        if shifts && right.number != Number::U32 {
            return Err(valid::other_number(&binary.right, Number::U32.name(), right.number.name()));
        }
        let value = self.operated(operator, Expr::var(var, number), &binary.op, right)?;
        Ok(Statement::Assign(var, value))
    }

    /// `for k in 0..K { … }`
    fn counted(&mut self, written: &syn::ExprForLoop) -> Result<Statement, Error> {
        if let Some(label) = &written.label {
            return Err(valid::label(label));
        }
        let syn::Expr::Range(range) = strip(&written.expr) else {
            return Err(valid::not_a_range(&written.expr));
        };
        let (Some(from), Some(to), syn::RangeLimits::HalfOpen(_)) = (&range.start, &range.end, &range.limits)
        else {
            return Err(valid::open_range(range));
        };
        let usize_literals = Some(Number::Usize);
        let end = self.open_number(to, usize_literals)?;
        let start = self.number(from, Some(end.number))?;
        if !end.number.is_integer() {
            return Err(valid::counted_floats(&written.expr, end.number.name()));
        }
        let below = match (&start.kind, &end.kind) {
            (_, Kind::Size(size)) => Some(*size),
            (_, Kind::Literal(digits)) => digits.parse().ok().map(Size::Fixed),
            _ => None,
        };
        self.scopes.push(Vec::new());
        let var = self.kernel.local(end.number);
        self.kernel.vars[var].below = below.filter(|_| end.number == Number::Usize);
        let body = match &*written.pat {
            Pat::Ident(name) if name.mutability.is_none() => {
                self.bind(&name.ident, Binding::Local(var));
                self.block(&written.body, None, false)
            }
            Pat::Wild(_) => self.block(&written.body, None, false),
            other => Err(valid::not_a_name(other)),
        };
        self.scopes.pop();
        Ok(Statement::For(var, start, end, body?))
    }
}

fn strip(expr: &syn::Expr) -> &syn::Expr {
    match expr {
        syn::Expr::Paren(inner) => strip(&inner.expr),
        syn::Expr::Group(inner) => strip(&inner.expr),
        expr => expr,
    }
}
