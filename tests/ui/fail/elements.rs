//! `each` names elements by a pattern, and `len` counts them.

use stratal::{Params, Shape, Tensor};

type Row = Tensor<f32, Shape![3]>;

#[derive(Params)]
struct Model {
    #[param(each = "layers")]
    //             ^^^^^^^^ `each` names every element: write `{i}` where its number stands, as in "layers.{i}"
    unnumbered: Vec<Row>,
    #[param(each = "layers.{}")]
    //             ^^^^^^^^^^^ `each` names every element: write `{i}` where its number stands, as in "layers.{i}"
    empty: Vec<Row>,
    #[param(each = "layers.{j}")]
    //             ^^^^^^^^^^^^ `each` names every element: write `{i}` where its number stands, as in "layers.{i}"
    other: Vec<Row>,
    #[param(each = "a.{i}.b.{i}")]
    //             ^^^^^^^^^^^^^ `each` counts in one place: `{i}` stands once
    twice: Vec<Row>,
    #[param(each = "a..{i}")]
    //             ^^^^^^^^ "a..{i}" is not a tensor name: a part between dots is empty
    hole: Vec<Row>,
    #[param(each)]
    //      ^^^^ `each` takes a name in quotes: `each = "…"`
    bare: Vec<Row>,
    #[param(len = 3)]
    //      ^^^ `len` counts the elements of `each`, which is not given
    counted: Vec<Row>,
    #[param(each = "b.{i}", len)]
    //                      ^^^ `len` takes a number or a constant: `len = 32`
    uncounted: Vec<Row>,
    #[param(each = "c.{i}", len = "three")]
    //                      ^^^ `len` takes a number or a constant: `len = 32`
    spelt: Vec<Row>,
    #[param(each = "d.{i}", len = 3)]
    //                      ^^^ an array has its length in its type; leave `len` out
    array: [Row; 3],
    #[param(each = "e.{i}", rename = "f")]
    //                      ^^^^^^ `rename` and `each` exclude each other
    renamed: Vec<Row>,
    #[param(name = "g", each = "g.{i}")]
    //                  ^^^^ `each` and `name` exclude each other
    named: Vec<Row>,
    #[param(each = "h.{i}")]
    //             ^^^^^^^ "h.{i}" is first used here
    first: Vec<Row>,
    #[param(each = "h.{i}")]
    //             ^^^^^^^ `first` and `second` both load from "h.{i}"
    second: Vec<Row>,
}
