//! Only structs with named fields can be loaded by name.

use stratal::Params;

#[derive(Params)]
enum Choice {
//   ^^^^^^ `#[derive(Params)]` works on structs with named fields; `Choice` is an enum
    Left,
}

#[derive(Params)]
union Overlay {
//    ^^^^^^^ `#[derive(Params)]` works on structs with named fields; `Overlay` is a union
    bits: u32,
}

#[derive(Params)]
struct Pair(f32, f32);
//     ^^^^ `#[derive(Params)]` works on structs with named fields; `Pair` is a tuple struct

#[derive(Params)]
struct Nothing;
//     ^^^^^^^ `#[derive(Params)]` works on structs with named fields; `Nothing` is a unit struct
