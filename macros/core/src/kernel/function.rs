//! The functions of a kernel, each a method of Rust's numbers and a function of the prelude.

use super::ir::Function;

const fn float(name: &'static str, arguments: usize) -> Function {
    Function { name, arguments, integers: false, floats: true, tells: false }
}

const fn any(name: &'static str, arguments: usize) -> Function {
    Function { name, arguments, integers: true, floats: true, tells: false }
}

const fn test(name: &'static str) -> Function {
    Function { name, arguments: 0, integers: false, floats: true, tells: true }
}

/// Every function.
pub(crate) const FUNCTIONS: [Function; 37] = [
    any("abs", 0),
    any("max", 1),
    any("min", 1),
    any("clamp", 2),
    any("signum", 0),
    float("sqrt", 0),
    float("cbrt", 0),
    float("recip", 0),
    float("exp", 0),
    float("exp2", 0),
    float("exp_m1", 0),
    float("ln", 0),
    float("ln_1p", 0),
    float("log2", 0),
    float("log10", 0),
    float("sin", 0),
    float("cos", 0),
    float("tan", 0),
    float("asin", 0),
    float("acos", 0),
    float("atan", 0),
    float("atan2", 1),
    float("sinh", 0),
    float("cosh", 0),
    float("tanh", 0),
    float("floor", 0),
    float("ceil", 0),
    float("round", 0),
    float("trunc", 0),
    float("powf", 1),
    float("hypot", 1),
    float("copysign", 1),
    float("mul_add", 2),
    float("fract", 0),
    test("is_nan"),
    test("is_finite"),
    test("is_infinite"),
];

/// The function of that name.
pub(crate) fn named(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
