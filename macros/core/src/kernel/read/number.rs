//! Expressions whose value is a number, each read with the number that its place wants, if one is known.

use super::{Binding, Reader, ident, is_function, number_type};
use crate::kernel::function;
use crate::kernel::ir::{Expr, Kind, Operator, Read, Size};
use crate::kernel::number::Number;
use crate::valid::kernel as valid;
use proc_macro2::Ident;
use syn::spanned::Spanned;
use syn::{BinOp, Error, Lit, UnOp};

impl Reader<'_> {
    /// Reads `expr`, and holds it to the number that is wanted.
    pub(super) fn number(&mut self, expr: &syn::Expr, want: Option<Number>) -> Result<Expr, Error> {
        let read = self.open_number(expr, want)?;
        match want {
            Some(wanted) if wanted != read.number => {
                Err(valid::other_number(expr, wanted.name(), read.number.name()))
            }
            _ => Ok(read),
        }
    }

    /// Reads `expr`; what is wanted decides about literals only.
    pub(super) fn open_number(&mut self, expr: &syn::Expr, want: Option<Number>) -> Result<Expr, Error> {
        match expr {
            syn::Expr::Paren(inner) => self.open_number(&inner.expr, want),
            syn::Expr::Group(inner) => self.open_number(&inner.expr, want),
            syn::Expr::Lit(literal) => self.literal(&literal.lit, want),
            syn::Expr::Path(path) => self.path(path),
            syn::Expr::Unary(unary) => self.unary(unary, want),
            syn::Expr::Binary(binary) => self.binary(binary, want),
            syn::Expr::Cast(cast) => self.cast(cast),
            syn::Expr::MethodCall(call) => self.function(call, want),
            syn::Expr::Index(index) => self.read_element(index),
            syn::Expr::If(written) => self.if_value(written, want),
            syn::Expr::Block(block) if block.label.is_none() => {
                let block = self.block(&block.block, want, true)?;
                let number = block.value.as_ref().map_or(Number::Bool, |value| value.number);
                Ok(Expr::new(number, Kind::Block(block)))
            }
            syn::Expr::Call(call) => Err(self.refused_call(call)),
            other => Err(valid::unsupported(other)),
        }
    }

    /// Two expressions of one number: a literal takes that of the other.
    fn pair(
        &mut self,
        left: &syn::Expr,
        right: &syn::Expr,
        want: Option<Number>,
    ) -> Result<(Expr, Expr), Error> {
        if is_flexible(left) && !is_flexible(right) {
            let right = self.open_number(right, want)?;
            return Ok((self.open_number(left, Some(right.number))?, right));
        }
        let left = self.open_number(left, want)?;
        let right = self.open_number(right, Some(left.number))?;
        Ok((left, right))
    }

    fn literal(&self, literal: &Lit, want: Option<Number>) -> Result<Expr, Error> {
        match literal {
            Lit::Bool(value) => Ok(Expr::new(Number::Bool, Kind::Literal(value.value.to_string()))),
            Lit::Int(digits) => {
                let number = match digits.suffix() {
                    "" => want.filter(|wanted| wanted.is_integer()).unwrap_or(match want {
                        Some(wanted) if wanted.is_float() => return Err(valid::integer_for_float(digits)),
                        _ => Number::I32,
                    }),
                    suffix => Number::named(suffix).ok_or_else(|| valid::suffix(literal, suffix))?,
                };
                if number.is_float() {
                    return self.float(literal, digits.base10_digits(), number);
                }
                let limit = match number {
                    Number::I32 => i32::MAX as u64,
                    Number::U32 => u64::from(u32::MAX),
                    Number::I64 => i64::MAX as u64,
                    _ => u64::MAX,
                };
                match digits.base10_parse::<u64>() {
                    Ok(value) if value <= limit => Ok(Expr::new(number, Kind::Literal(value.to_string()))),
                    _ => Err(valid::literal_too_large(literal, number.name())),
                }
            }
            Lit::Float(digits) => {
                let number = match digits.suffix() {
                    "" => want.filter(|wanted| wanted.is_float()).unwrap_or(Number::F32),
                    suffix => Number::named(suffix).ok_or_else(|| valid::suffix(literal, suffix))?,
                };
                self.float(literal, digits.base10_digits(), number)
            }
            other => Err(valid::not_a_number(other)),
        }
    }

    /// Written with as many digits as make it this number and no other.
    fn float(&self, literal: &Lit, digits: &str, number: Number) -> Result<Expr, Error> {
        let text = match number {
            Number::F32 => {
                digits.parse::<f32>().ok().filter(|value| value.is_finite()).map(|value| format!("{value:?}"))
            }
            _ => {
                digits.parse::<f64>().ok().filter(|value| value.is_finite()).map(|value| format!("{value:?}"))
            }
        };
        let text = text.ok_or_else(|| valid::literal_too_large(literal, number.name()))?;
        Ok(Expr::new(number, Kind::Literal(text)))
    }

    fn path(&mut self, path: &syn::ExprPath) -> Result<Expr, Error> {
        if let Some(name) = path.path.get_ident() {
            return match self.lookup(name) {
                Some(Binding::Value(value)) => Ok(value.clone()),
                Some(Binding::Local(var)) => Ok(Expr::var(*var, self.kernel.vars[*var].number)),
                Some(Binding::Tensor(node)) => {
                    let rank = self.kernel.nodes[*node].dims.len();
                    Err(valid::tensor_for_number(name, rank))
                }
                None => match self.symbol(name) {
                    Some(size) => Ok(Expr::new(Number::Usize, Kind::Size(size))),
                    None => Err(valid::captured(name, &self.numbers())),
                },
            };
        }
        let segments: Vec<String> =
            path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let [number, constant] = &segments[..] else { return Err(valid::unknown_constant(&path.path)) };
        let number = Number::named(number).ok_or_else(|| valid::unknown_constant(&path.path))?;
        constant_of(number, constant).ok_or_else(|| valid::unknown_constant(&path.path))
    }

    /// The names of numbers in scope.
    fn numbers(&self) -> Vec<String> {
        let known = self.scopes.iter().flatten();
        known
            .filter(|(_, binding)| !matches!(binding, Binding::Tensor(_)))
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn unary(&mut self, unary: &syn::ExprUnary, want: Option<Number>) -> Result<Expr, Error> {
        match unary.op {
            UnOp::Neg(_) => {
                let inner = self.open_number(&unary.expr, want)?;
                if !inner.number.is_signed() {
                    return Err(valid::negated(unary, inner.number.name()));
                }
                Ok(Expr::new(inner.number, Kind::Negate(Box::new(inner))))
            }
            UnOp::Not(_) => {
                let inner = self.open_number(&unary.expr, want)?;
                if inner.number.is_float() {
                    return Err(valid::inverted(unary, inner.number.name()));
                }
                Ok(Expr::new(inner.number, Kind::Not(Box::new(inner))))
            }
            UnOp::Deref(star) => Err(valid::dereferenced(star.span())),
            _ => Err(valid::unsupported(&syn::Expr::Unary(unary.clone()))),
        }
    }

    fn binary(&mut self, binary: &syn::ExprBinary, want: Option<Number>) -> Result<Expr, Error> {
        let Some(operator) = operator(&binary.op) else { return Err(valid::assignment_as_value(&binary.op)) };
        self.operation(operator, &binary.left, &binary.op, &binary.right, want)
    }

    fn operation(
        &mut self,
        operator: Operator,
        left: &syn::Expr,
        op: &BinOp,
        right: &syn::Expr,
        want: Option<Number>,
    ) -> Result<Expr, Error> {
        use Operator as O;
        let (left, right) = match operator {
            O::And | O::Or => {
                (self.number(left, Some(Number::Bool))?, self.number(right, Some(Number::Bool))?)
            }
            O::Shl | O::Shr => (self.open_number(left, want)?, self.number(right, Some(Number::U32))?),
            _ => self.pair(left, right, if operator.compares() { None } else { want })?,
        };
        self.operated(operator, left, op, right)
    }

    /// The operation on numbers that are read already.
    pub(super) fn operated(
        &self,
        operator: Operator,
        left: Expr,
        op: &BinOp,
        right: Expr,
    ) -> Result<Expr, Error> {
        use Operator as O;
        let number = left.number;
        let shifts = matches!(operator, O::Shl | O::Shr);
        if number != right.number && !shifts {
            return Err(valid::different_numbers(op, number.name(), right.number.name()));
        }
        let fits = match operator {
            O::Add | O::Sub | O::Mul | O::Div | O::Rem => number != Number::Bool,
            O::Less | O::LessEqual | O::Greater | O::GreaterEqual => number != Number::Bool,
            O::BitAnd | O::BitOr | O::BitXor => !number.is_float(),
            O::Shl | O::Shr => number.is_integer(),
            O::Equal | O::Unequal | O::And | O::Or => true,
        };
        if !fits {
            return Err(valid::no_such_operation(op, number.name()));
        }
        let result = if operator.compares() { Number::Bool } else { number };
        Ok(Expr::new(result, Kind::Binary(operator, Box::new(left), Box::new(right))))
    }

    fn cast(&mut self, cast: &syn::ExprCast) -> Result<Expr, Error> {
        let number = number_type(&cast.ty)?;
        let inner = self.open_number(&cast.expr, None)?;
        let from_bool = inner.number == Number::Bool && number.is_float();
        if number == Number::Bool && inner.number != Number::Bool || from_bool {
            return Err(valid::no_such_cast(cast, inner.number.name(), number.name()));
        }
        if number == inner.number {
            return Ok(inner);
        }
        Ok(Expr::new(number, Kind::Cast(Box::new(inner))))
    }

    fn function(&mut self, call: &syn::ExprMethodCall, want: Option<Number>) -> Result<Expr, Error> {
        if self.is_tensor(&call.receiver) {
            return Err(valid::tensor_inside(&call.method));
        }
        let name = call.method.to_string();
        let Some(function) = function::named(&name) else {
            let known: Vec<&str> = function::FUNCTIONS.iter().map(|function| function.name).collect();
            return Err(valid::unknown_number_function(&call.method, &known));
        };
        let want = if function.tells { None } else { want };
        let want =
            want.or((!function.integers).then_some(Number::F32).filter(|_| is_flexible(&call.receiver)));
        let receiver = self.open_number(&call.receiver, want)?;
        let number = receiver.number;
        if !(function.floats && number.is_float() || function.integers && number.is_integer()) {
            return Err(valid::function_of_other(&call.method, number.name()));
        }
        if name == "signum" && !number.is_signed() {
            return Err(valid::function_of_other(&call.method, number.name()));
        }
        if call.args.len() != function.arguments {
            return Err(valid::argument_count(&call.method, function.arguments, call.args.len()));
        }
        let mut arguments = vec![receiver];
        for argument in &call.args {
            arguments.push(self.number(argument, Some(number))?);
        }
        let result = if function.tells { Number::Bool } else { number };
        Ok(Expr::new(result, Kind::Call(function, arguments)))
    }

    /// `f(x)`, which no number is.
    fn refused_call(&self, call: &syn::ExprCall) -> Error {
        match ident(&call.func) {
            Some(name) if is_function(&name.to_string()) => valid::function_as_call(name),
            Some(name) => valid::outer_function(name),
            None => valid::unsupported(&call.func),
        }
    }

    /// `data[[i, j]]`, or `row[i]`.
    fn read_element(&mut self, index: &syn::ExprIndex) -> Result<Expr, Error> {
        let Some(name) = ident(&index.expr) else { return Err(valid::not_indexed(&index.expr)) };
        let node = match self.lookup(name) {
            Some(Binding::Tensor(node)) => *node,
            Some(_) => return Err(valid::not_indexed(&index.expr)),
            None => return Err(valid::unknown_name(name, &self.tensors())),
        };
        let dims = self.kernel.nodes[node].dims.clone();
        let (indexes, inside) = self.indexes(&index.index, name, &dims)?;
        if let Some(own) = self.own.clone().filter(|own| own.node == node) {
            let same = indexes
                .iter()
                .zip(&own.index)
                .all(|(at, var)| matches!(at.kind, Kind::Var(at) if at == *var));
            return if same {
                Ok(Expr::var(own.var, self.kernel.vars[own.var].number))
            } else {
                Err(valid::other_element_of_written(&index.index, &own.name))
            };
        }
        let number = self.kernel.nodes[node].element.number();
        Ok(Expr::new(number, Kind::Read(Read { node, index: indexes, inside })))
    }

    /// The indexes in brackets, and which of them are known to be inside.
    pub(super) fn indexes(
        &mut self,
        written: &syn::Expr,
        name: &Ident,
        dims: &[Size],
    ) -> Result<(Vec<Expr>, Vec<bool>), Error> {
        let list: Vec<&syn::Expr> = match written {
            syn::Expr::Array(list) => list.elems.iter().collect(),
            single => vec![single],
        };
        if list.len() != dims.len() {
            return Err(valid::index_count(written, name, dims.len(), list.len()));
        }
        let (mut indexes, mut inside) = (Vec::new(), Vec::new());
        for (at, size) in list.into_iter().zip(dims) {
            let index = self.open_number(at, Some(Number::Usize))?;
            if index.number != Number::Usize {
                return Err(valid::index_number(at, index.number.name()));
            }
            let known = match (&index.kind, size) {
                (Kind::Var(var), size) => {
                    !self.kernel.vars[*var].mutable && self.kernel.vars[*var].below == Some(*size)
                }
                (Kind::Literal(digits), Size::Fixed(size)) => {
                    if digits.parse::<u64>().is_ok_and(|index| index >= *size) {
                        return Err(valid::index_out_of_range(at, *size));
                    }
                    true
                }
                _ => false,
            };
            indexes.push(index);
            inside.push(known);
        }
        Ok((indexes, inside))
    }
}

/// Whether an expression is a literal whose number is not said.
fn is_flexible(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Paren(inner) => is_flexible(&inner.expr),
        syn::Expr::Group(inner) => is_flexible(&inner.expr),
        syn::Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && is_flexible(&unary.expr),
        syn::Expr::Binary(binary) => is_flexible(&binary.left) && is_flexible(&binary.right),
        syn::Expr::Lit(literal) => match &literal.lit {
            Lit::Int(digits) => digits.suffix().is_empty(),
            Lit::Float(digits) => digits.suffix().is_empty(),
            _ => false,
        },
        _ => false,
    }
}

/// `f32::MAX` and its like.
fn constant_of(number: Number, name: &str) -> Option<Expr> {
    let literal = |text: String| Some(Expr::new(number, Kind::Literal(text)));
    let negated = |inner: Expr| Some(Expr::new(number, Kind::Negate(Box::new(inner))));
    let infinity = Expr::new(number, Kind::Infinity);
    match (number, name) {
        (Number::F32 | Number::F64, "INFINITY") => Some(infinity),
        (Number::F32 | Number::F64, "NEG_INFINITY") => negated(infinity),
        (Number::F32 | Number::F64, "NAN") => Some(Expr::new(number, Kind::Nan)),
        (Number::F32, "MAX") => literal(format!("{:?}", f32::MAX)),
        (Number::F32, "MIN") => negated(Expr::new(number, Kind::Literal(format!("{:?}", f32::MAX)))),
        (Number::F32, "MIN_POSITIVE") => literal(format!("{:?}", f32::MIN_POSITIVE)),
        (Number::F32, "EPSILON") => literal(format!("{:?}", f32::EPSILON)),
        (Number::F64, "MAX") => literal(format!("{:?}", f64::MAX)),
        (Number::F64, "MIN") => negated(Expr::new(number, Kind::Literal(format!("{:?}", f64::MAX)))),
        (Number::F64, "MIN_POSITIVE") => literal(format!("{:?}", f64::MIN_POSITIVE)),
        (Number::F64, "EPSILON") => literal(format!("{:?}", f64::EPSILON)),
        (Number::I32, "MAX") => literal(i32::MAX.to_string()),
        (Number::I64, "MAX") => literal(i64::MAX.to_string()),
        (Number::U32, "MAX") => literal(u32::MAX.to_string()),
        (Number::U64, "MAX") => literal(u64::MAX.to_string()),
        _ => None,
    }
}

/// The operator that computes a value; none for those that assign.
pub(super) fn operator(op: &BinOp) -> Option<Operator> {
    use Operator as O;
    Some(match op {
        BinOp::Add(_) => O::Add,
        BinOp::Sub(_) => O::Sub,
        BinOp::Mul(_) => O::Mul,
        BinOp::Div(_) => O::Div,
        BinOp::Rem(_) => O::Rem,
        BinOp::And(_) => O::And,
        BinOp::Or(_) => O::Or,
        BinOp::BitXor(_) => O::BitXor,
        BinOp::BitAnd(_) => O::BitAnd,
        BinOp::BitOr(_) => O::BitOr,
        BinOp::Shl(_) => O::Shl,
        BinOp::Shr(_) => O::Shr,
        BinOp::Eq(_) => O::Equal,
        BinOp::Lt(_) => O::Less,
        BinOp::Le(_) => O::LessEqual,
        BinOp::Ne(_) => O::Unequal,
        BinOp::Ge(_) => O::GreaterEqual,
        BinOp::Gt(_) => O::Greater,
        _ => return None,
    })
}

/// The operator that an assignment such as `+=` applies.
pub(super) fn assigning(op: &BinOp) -> Option<Operator> {
    use Operator as O;
    Some(match op {
        BinOp::AddAssign(_) => O::Add,
        BinOp::SubAssign(_) => O::Sub,
        BinOp::MulAssign(_) => O::Mul,
        BinOp::DivAssign(_) => O::Div,
        BinOp::RemAssign(_) => O::Rem,
        BinOp::BitXorAssign(_) => O::BitXor,
        BinOp::BitAndAssign(_) => O::BitAnd,
        BinOp::BitOrAssign(_) => O::BitOr,
        BinOp::ShlAssign(_) => O::Shl,
        BinOp::ShrAssign(_) => O::Shr,
        _ => return None,
    })
}
