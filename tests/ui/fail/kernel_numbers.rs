//! What is no number in the function of an element is refused where it stands.

use stratal::{Tensor, kernel};

type Row = Tensor<f32, stratal::Shape![_]>;

fn helper(x: f32) -> f32 {
    x
}

const ALPHA: f32 = 0.5;

macro_rules! refused {
    ($($name:ident: $body:expr;)*) => {
        $(
            #[kernel]
            fn $name(x: &Tensor<f32, { [N] }>, table: &Tensor<f32, { [N, 10] }>, count: &Tensor<i32, { [N] }>, k: f32, n: u32)
            -> Tensor<f32, { [N] }> {
                zip(x, count, |x, c| $body)
            }
        )*
    };
}

refused! {
    while_loop: { while x > 1.0 {} x };
//                ^^^^^ `while` is not supported in a kernel body; use `for i in a..b`
    endless: { loop {} x };
//             ^^^^ `loop` is not supported in a kernel body; use `for i in a..b`
    matched: match c { 0 => 1.0, _ => 2.0 };
//           ^^^^^ `match` is not supported in a kernel body; use `if` and `else`
    returned: { return x; };
//              ^^^^^^ `return` is not supported in a kernel body; end with the value, `if` chooses between two
    closure: (|y: f32| y)(x);
//           ^^^^^^^^^^^^ this expression is not supported in a kernel body; kernels have arithmetic, `if`, `for`, `let` and functions of numbers
    reference: x + &x;
//                 ^ a reference is not supported in a kernel body; elements are numbers: leave `&` out
    tuple: (x, x);
//         ^^^^^^ a tuple is not supported in a kernel body; use several `let`
    array: [x, x];
//         ^^^^^^ an array is not supported in a kernel body; use several `let`, or a tensor by `from_fn`
    field: x.value;
//         ^ a field is not supported in a kernel body; pass what is in it as a parameter
    tried: x?;
//         ^ `?` is not supported in a kernel body; a kernel's numbers are no results
    range: 0..3;
//         ^ a range is not supported in a kernel body; it stands in `for i in a..b` only
    repeated: [x; 3];
//            ^^^^^^ an array is not supported in a kernel body; use several `let`, or a tensor by `from_fn`
    awaited: x.await;
//           ^ `await` is not supported in a kernel body; a kernel computes and waits for nothing
    integer: x * 2;
//               ^ a float is needed here: write `2.0`
    suffixed: x * 2u8;
//                ^^^ a kernel has no numbers of type `u8`
    large: (c + 3000000000) as f32;
//              ^^^^^^^^^^ this number is too large for `i32`
    fraction: c as f32 + 3e39;
//                       ^^^^ this number is too large for `f32`
    wanted: x.max(c);
//                ^ `f32` is needed here, this is `i32`; convert it with `as f32`
    truth_needed: if x { x } else { x };
//                   ^ `bool` is needed here, this is `f32`; compare it, as in `x > 0.0`
    text: x + "one";
//            ^^^^^ "one" is no number, and kernels compute with nothing else
    tensor: table + x;
//          ^^^^^ `table` is a tensor, and a number is needed here: read an element, `table[[i, j]]`, or take it as an argument of `map` or `zip`
    captured: x * ALPHA;
//                ^^^^^ `ALPHA` is not a parameter of this kernel; add `ALPHA: f32`
    misspelt: x * kk;
//                ^^ `kk` is not a parameter of this kernel; did you mean `k`?
    constant: x * f32::TAU;
//                ^^^^^^^^ `f32::TAU` is not known in a kernel: kernels know constants such as `f32::MAX`, `f32::INFINITY` and `f32::EPSILON`
    unsigned: x * (-n) as f32;
//                 ^ `-` needs a signed number, this is `u32`
    float: !x;
//         ^ `!` needs a `bool` or an integer, this is `f32`
    pointer: *x;
//           ^ elements are numbers, not references: leave `*` out
    mixed: x + c;
//           ^ `+` needs two numbers of one type, these are `f32` and `i32`; convert one, as in `as f32`
    logic: x & x;
//           ^ `&` does not work on numbers of type `f32`
    truth: (x as bool) as f32;
//          ^^^^^^^^^ a `f32` does not become a `bool` by `as`: compare with 0
    from_truth: (x > 1.0) as f32;
//              ^^^^^^^^^^^^^^^^ a `bool` does not become a `f32` by `as`: write `if b { 1.0 } else { 0.0 }`
    folded: x + table.sum(1);
//                    ^^^ `sum` on a tensor cannot stand inside the function of an element: compute it by `let` before, and `zip` it in
    unknown: x.sqroot();
//             ^^^^^^ kernels have no function `sqroot` of numbers; did you mean `sqrt`?
    obscure: x.erf();
//             ^^^ kernels have no function `erf` of numbers; there are `abs`, `max`, `min`, `clamp`, `signum`, `sqrt`, `cbrt`, `recip`, `exp`, `exp2`, `exp_m1`, `ln`, `ln_1p`, `log2`, `log10`, `sin`, `cos`, `tan`, `asin`, `acos`, `atan`, `atan2`, `sinh`, `cosh`, `tanh`, `floor`, `ceil`, `round`, `trunc`, `powf`, `hypot`, `copysign`, `mul_add`, `fract`, `is_nan`, `is_finite` and `is_infinite`
    of_integers: (c.sqrt()) as f32;
//                  ^^^^ there is no `sqrt` of numbers of type `i32`; convert with `as`
    many: x.max(1.0, 2.0);
//          ^^^ `max` takes 1 argument in a kernel, 2 given
    called: sqrt(x);
//          ^^^^ functions of numbers are written as methods: `x.sqrt()`
    outside: helper(x);
//           ^^^^^^ a kernel cannot call `helper`: write what it computes here
    indexed: x[0];
//           ^ only tensors have elements, and `x` is none
    flat: table[3];
//              ^ `table` has 2 dimensions but 1 index is given
    deep: x + k[[0, 1]];
//            ^ only tensors have elements, and `k` is none
    place: table[[c, 1]];
//                ^ an index is a `usize`, this is `i32`; convert it with `as usize`
    beyond: table[[0, 12]];
//                    ^^ index 12 is out of range for a dimension of 10
    mac: vec![x];
//       ^^^ macros such as `vec!` cannot be called in a kernel
    looped: x + for i in 0..3 {};
//              ^^^ a loop as a value is not supported in a kernel body; assign to a `let mut` in it
    stored: { let f = |y: f32| y; x };
//                    ^ a function here is not supported in a kernel body; write it as the last argument of `map` or `zip`
    conditional: if x > 0.0 && let y = x { y } else { x };
//                             ^^^ `let` in a condition is not supported in a kernel body; compare numbers
    assignment: { let mut y = 1.0; let z = (y = x); y };
//                                          ^ an assignment as a value is not supported in a kernel body; write it as a statement, ended by `;`
}
