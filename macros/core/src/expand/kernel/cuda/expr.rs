//! Numbers as C. What an expression needs as statements is printed before it, in the order of Rust.

use super::{CPrinter, size};
use crate::kernel::ir::{Block, Expr, Kind, Operator, Read, Statement};
use crate::kernel::number::Number;

impl CPrinter<'_> {
    /// The expression; the statements that it needs are printed.
    pub(super) fn expr(&mut self, expr: &Expr) -> String {
        match &expr.kind {
            Kind::Literal(digits) => literal(digits, expr.number),
            Kind::Infinity => format!("({})st_of_bits(0x7f800000u)", expr.number.c_name()),
            Kind::Nan => format!("({})st_of_bits(0x7fc00000u)", expr.number.c_name()),
            Kind::Var(var) => format!("v{var}"),
            Kind::Scalar(place) => format!("s{place}"),
            Kind::Size(one) => size(*one),
            Kind::Read(read) => self.read(read, expr.number),
            Kind::Negate(inner) => {
                let value = self.expr(inner);
                if expr.number.is_float() { format!("(-{value})") } else { format!("st_neg({value})") }
            }
            Kind::Not(inner) => {
                let value = self.expr(inner);
                if expr.number == Number::Bool { format!("(!{value})") } else { format!("(~{value})") }
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right),
            Kind::Cast(inner) => {
                let value = self.expr(inner);
                if inner.number.is_float() && expr.number.is_integer() {
                    let name = if expr.number == Number::Usize { "u64" } else { expr.number.name() };
                    format!("st_cast_{name}({value})")
                } else {
                    format!("(({})({value}))", expr.number.c_name())
                }
            }
            Kind::Call(function, arguments) => {
                let arguments = self.in_order(&arguments.iter().collect::<Vec<_>>());
                format!("st_{}({})", function.name, arguments.join(", "))
            }
            Kind::If(condition, then, otherwise) => self.chosen(condition, then, otherwise, expr.number),
            Kind::Block(block) => {
                let name = self.declare(expr.number);
                self.line("{");
                self.block(block, Some(&name));
                self.line("}");
                name
            }
        }
    }

    /// A temporary without a value yet.
    fn declare(&mut self, number: Number) -> String {
        let name = format!("t{}", self.temporaries);
        self.temporaries += 1;
        self.line(&format!("{} {name};", number.c_name()));
        name
    }

    /// Expressions one after the other: if one needs statements, those before it are kept in temporaries first.
    fn in_order(&mut self, exprs: &[&Expr]) -> Vec<String> {
        let mut values: Vec<String> = Vec::new();
        for (at, expr) in exprs.iter().enumerate() {
            let before = self.text.len();
            let value = self.expr(expr);
            if self.text.len() > before {
                let mut kept = String::new();
                for (earlier, of) in values.iter_mut().zip(&exprs[..at]) {
                    let name = format!("t{}", self.temporaries);
                    self.temporaries += 1;
                    kept.push_str(&format!("const {} {name} = {earlier};\n", of.number.c_name()));
                    *earlier = name;
                }
                self.text.insert_str(before, &kept);
            }
            values.push(value);
        }
        values
    }

    fn binary(&mut self, operator: Operator, left: &Expr, right: &Expr) -> String {
        if matches!(operator, Operator::And | Operator::Or) {
            return self.short_circuit(operator, left, right);
        }
        let number = left.number;
        let sides = self.in_order(&[left, right]);
        let [left, right] = &sides[..] else { return String::new() };
        let function = match operator {
            Operator::Rem if number.is_float() => return format!("st_rem({left}, {right})"),
            _ if !number.is_integer() => None,
            Operator::Add => Some("add"),
            Operator::Sub => Some("sub"),
            Operator::Mul => Some("mul"),
            Operator::Shl => Some("shl"),
            Operator::Shr => Some("shr"),
            Operator::Div => return format!("st_div({left}, {right}, fault)"),
            Operator::Rem => return format!("st_rem({left}, {right}, fault)"),
            _ => None,
        };
        match function {
            Some(function) => format!("st_{function}({left}, {right})"),
            // On `bool` these are operations of `int` in C, with the same result once it is a `bool` again.
            None if number == Number::Bool && !operator.compares() => {
                format!("((bool)({left} {} {right}))", operator.symbol())
            }
            None => format!("({left} {} {right})", operator.symbol()),
        }
    }

    /// `&&` and `||`, whose right side may not be computed at all.
    fn short_circuit(&mut self, operator: Operator, left: &Expr, right: &Expr) -> String {
        let left = self.expr(left);
        let before = self.text.len();
        let value = self.expr(right);
        if self.text.len() == before {
            return format!("({left} {} {value})", operator.symbol());
        }
        let statements = self.text.split_off(before);
        let name = self.declare(Number::Bool);
        let condition = if operator == Operator::And { name.clone() } else { format!("!{name}") };
        self.line(&format!("{name} = {left};\nif ({condition}) {{\n{statements}{name} = {value};\n}}"));
        name
    }

    fn chosen(&mut self, condition: &Expr, then: &Block, otherwise: &Block, number: Number) -> String {
        let condition = self.expr(condition);
        let before = self.text.len();
        if let (Some(yes), Some(no)) = (&then.value, &otherwise.value)
            && then.statements.is_empty()
            && otherwise.statements.is_empty()
        {
            let (yes, no) = (self.expr(yes), self.expr(no));
            if self.text.len() == before {
                return format!("({condition} ? {yes} : {no})");
            }
            self.text.truncate(before);
        }
        let name = self.declare(number);
        self.line(&format!("if ({condition}) {{"));
        self.block(then, Some(&name));
        self.line("} else {");
        self.block(otherwise, Some(&name));
        self.line("}");
        name
    }

    fn read(&mut self, read: &Read, number: Number) -> String {
        let sizes = self.schedule.kernel.nodes[read.node].dims.clone();
        let indexes = self.in_order(&read.index.iter().collect::<Vec<_>>());
        let mut names = Vec::new();
        for (index, inside) in indexes.into_iter().zip(&read.inside) {
            if *inside {
                names.push(index);
                continue;
            }
            let name = format!("t{}", self.temporaries);
            self.temporaries += 1;
            self.line(&format!("const st_size {name} = {index};"));
            names.push(name);
        }
        let mut offset = "0".to_owned();
        for (at, name) in names.iter().enumerate() {
            offset =
                if at == 0 { name.clone() } else { format!("({offset} * {} + {name})", size(sizes[at])) };
        }
        let element = format!("st_load(b{}[{offset}])", read.node);
        let checks: Vec<String> = names
            .iter()
            .zip(&sizes)
            .zip(&read.inside)
            .filter(|(_, inside)| !**inside)
            .map(|((name, one), _)| format!("{name} < {}", size(*one)))
            .collect();
        if checks.is_empty() {
            return element;
        }
        format!("({} ? {element} : (fault |= 1u, ({})0))", checks.join(" && "), number.c_name())
    }

    /// A block's statements; its value, if it has one, goes to `to`.
    fn block(&mut self, block: &Block, to: Option<&str>) {
        for statement in &block.statements {
            self.statement(statement);
        }
        if let (Some(value), Some(to)) = (&block.value, to) {
            let value = self.expr(value);
            self.line(&format!("{to} = {value};"));
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let(var, value) => {
                let (ty, value) = (self.number(*var).c_name(), self.expr(value));
                self.line(&format!("{ty} v{var} = {value};"));
            }
            Statement::Assign(var, value) => {
                let value = self.expr(value);
                self.line(&format!("v{var} = {value};"));
            }
            Statement::If(condition, then, otherwise) => {
                let condition = self.expr(condition);
                self.line(&format!("if ({condition}) {{"));
                self.block(then, None);
                self.line("} else {");
                self.block(otherwise, None);
                self.line("}");
            }
            Statement::For(var, from, to, body) => {
                let bounds = self.in_order(&[from, to]);
                let [from, to] = &bounds[..] else { return };
                let (ty, end) = (self.number(*var).c_name(), format!("t{}", self.temporaries));
                self.temporaries += 1;
                self.line(&format!("const {ty} {end} = {to};"));
                self.line(&format!("for ({ty} v{var} = {from}; v{var} < {end}; ++v{var}) {{"));
                self.block(body, None);
                self.line("}");
            }
            Statement::Block(block) => {
                self.line("{");
                self.block(block, None);
                self.line("}");
            }
        }
    }
}

/// Digits as a number of that type.
fn literal(digits: &str, number: Number) -> String {
    match number {
        Number::F32 => format!("{digits}f"),
        Number::I64 => format!("{digits}ll"),
        Number::U32 => format!("{digits}u"),
        Number::U64 | Number::Usize => format!("{digits}ull"),
        Number::F64 | Number::I32 | Number::Bool => digits.to_owned(),
    }
}
