//! What has no fields to load by name is refused.

use stratal::{Params, Shape, Tensor};

#[derive(Params)]
union Overlay {
//    ^^^^^^^ `#[derive(Params)]` works on structs with named fields and on enums; `Overlay` is a union
    bits: u32,
}

#[derive(Params)]
struct Pair(f32, f32);
//     ^^^^ `#[derive(Params)]` works on structs with named fields and on enums; `Pair` is a tuple struct

#[derive(Params)]
struct Nothing;
//     ^^^^^^^ `#[derive(Params)]` works on structs with named fields and on enums; `Nothing` is a unit struct

#[derive(Params)]
enum Never {}
//   ^^^^^ `Never` has no variant that could be loaded

#[derive(Params)]
enum Several {
    Two(Tensor<f32, Shape![3]>, Tensor<f32, Shape![4]>),
//  ^^^ a variant has named fields, one unnamed parameter, or none; `Two` has 2 unnamed ones
    None(),
//  ^^^^ a variant has named fields, one unnamed parameter, or none; `None` has 0 unnamed ones
    One(#[param(rename = "a")] Tensor<f32, Shape![3]>),
    //  ^^^^^^^^^^^^^^^^^^^^^^ an unnamed parameter has no options; give the field a name
    #[param(skip)]
//  ^^^^^^^^^^^^^^ `#[param(…)]` belongs on a field; the item takes `#[params(…)]`
    Rest,
    #[params(allow_unused)]
    //       ^^^^^^^^^^^^ unknown option `allow_unused`; the options are `prefix`
    Unused,
}

#[derive(Params)]
struct Borrowing<'a> {
    //           ^^ parameters own what they load: `Borrowing` cannot have the lifetime `'a`
    weight: &'a Tensor<f32, Shape![3]>,
}

#[derive(Params)]
enum Borrowed<'long, I: stratal::Dim> {
//            ^^^^^ parameters own what they load: `Borrowed` cannot have the lifetime `'long`
    Only { weight: &'long Tensor<f32, Shape![I]> },
}

// What was refused gives no second error where it is used.
fn used(source: &stratal::MemorySource) -> stratal::Result<(Pair, Several)> {
    Ok((Pair::load(&stratal::Heap, source)?, Several::from_source(source)?))
}
