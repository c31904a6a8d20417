//! Walks over what a stage computes.

use super::schedule::{Stage, Step};
use crate::kernel::ir::{Block, Expr, Kind, Statement};
use crate::kernel::number::Number;

impl Stage {
    /// Every step, those of reductions behind them.
    pub(super) fn steps(&self, visit: &mut dyn FnMut(&Step)) {
        for step in self.row.iter().chain(&self.mid).chain(&self.inner) {
            steps(step, visit);
        }
    }

    /// Every expression in every step.
    pub(super) fn visit(&self, visit: &mut dyn FnMut(&Kind, Number)) {
        self.steps(&mut |step| {
            if let Step::Let { value, .. } = step {
                expr(value, visit);
            }
        });
    }
}

fn steps(step: &Step, visit: &mut dyn FnMut(&Step)) {
    visit(step);
    if let Step::Reduce { steps: inside, .. } = step {
        inside.iter().for_each(|step| steps(step, visit));
    }
}

/// An expression and all those in it.
pub(super) fn expr(of: &Expr, visit: &mut dyn FnMut(&Kind, Number)) {
    visit(&of.kind, of.number);
    match &of.kind {
        Kind::Read(read) => read.index.iter().for_each(|index| expr(index, visit)),
        Kind::Negate(inner) | Kind::Not(inner) | Kind::Cast(inner) => expr(inner, visit),
        Kind::Binary(_, left, right) => [left, right].into_iter().for_each(|side| expr(side, visit)),
        Kind::Call(_, arguments) => arguments.iter().for_each(|argument| expr(argument, visit)),
        Kind::If(condition, then, otherwise) => {
            expr(condition, visit);
            block(then, visit);
            block(otherwise, visit);
        }
        Kind::Block(inner) => block(inner, visit),
        Kind::Literal(_) | Kind::Infinity | Kind::Nan | Kind::Var(_) | Kind::Scalar(_) | Kind::Size(_) => {}
    }
}

fn block(of: &Block, visit: &mut dyn FnMut(&Kind, Number)) {
    for statement in &of.statements {
        match statement {
            Statement::Let(_, value) | Statement::Assign(_, value) => expr(value, visit),
            Statement::If(condition, then, otherwise) => {
                expr(condition, visit);
                block(then, visit);
                block(otherwise, visit);
            }
            Statement::For(_, from, to, body) => {
                expr(from, visit);
                expr(to, visit);
                block(body, visit);
            }
            Statement::Block(inner) => block(inner, visit),
        }
    }
    if let Some(value) = &of.value {
        expr(value, visit);
    }
}
