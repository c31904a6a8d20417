//! Options of the item and of its fields are spelt right, stand once, and agree.

use stratal::{Params, Shape, Tensor, Tied};

type Row = Tensor<f32, Shape![3]>;

#[derive(Params)]
#[params(rename_all = "snakecase")]
//                    ^^^^^^^^^^^ unknown case "snakecase"; did you mean `snake_case`?
struct NearCase {
    row: Row,
}

#[derive(Params)]
#[params(rename_all = "shouting loudly all the time")]
//                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown case "shouting loudly all the time"; the cases are `snake_case`, `camelCase`, `PascalCase`, `kebab-case`, `SCREAMING_SNAKE_CASE`, `SCREAMING-KEBAB-CASE`, `lowercase` and `UPPERCASE`
#[params(rename_all = snake_case)]
//       ^^^^^^^^^^ option `rename_all` is given twice
struct NoCase {
    row: Row,
}

#[derive(Params)]
#[params(rename_all = snake_case, requier(1 == 1), prefix("model"))]
//       ^^^^^^^^^^ `rename_all` takes a name in quotes: `rename_all = "…"`
//                                ^^^^^^^ unknown option `requier`; did you mean `require`?
//                                                 ^^^^^^ `prefix` takes a name in quotes: `prefix = "…"`
struct Forms {
    #[param(optional = true)]
    //      ^^^^^^^^ `optional` takes no value
    a: Option<Row>,
    #[param(tied = 3)]
    //      ^^^^ `tied` takes a field: `tied = embed`
    b: Tied<Row>,
    #[param(tied)]
    //      ^^^^ `tied` takes a field: `tied = embed`
    c: Tied<Row>,
    #[param(tied = other::place)]
    //      ^^^^ `tied` takes a field: `tied = embed`
    d: Tied<Row>,
    #[param(tier = "")]
    //             ^^ a tier name cannot be empty
    e: Row,
    #[param(tier = host)]
    //      ^^^^ `tier` takes a name in quotes: `tier = "…"`
    f: Row,
    #[param(optinal)]
    //      ^^^^^^^ unknown option `optinal`; did you mean `optional`?
    g: Option<Row>,
    #[param(tide = a)]
    //      ^^^^ unknown option `tide`; did you mean `tied`?
    h: Tied<Row>,
}

#[derive(Params)]
struct Excluding {
    embed: Row,
    #[param(tied = embed, optional)]
    //                    ^^^^^^^^ `optional` and `tied` exclude each other
    a: Tied<Row>,
    #[param(tier = "host", tied = embed)]
    //                     ^^^^ `tied` and `tier` exclude each other
    b: Tied<Row>,
    #[param(each = "c.{i}", tied = embed)]
    //                      ^^^^ `tied` and `each` exclude each other
    c: Tied<Row>,
    #[param(skip, tied = embed)]
    //            ^^^^ `tied` and `skip` exclude each other
    d: Tied<Row>,
    #[param(optional, skip)]
    //                ^^^^ `skip` and `optional` exclude each other
    e: Option<Row>,
    #[param(tier = "host", skip)]
    //                     ^^^^ `skip` and `tier` exclude each other
    f: Row,
}

#[derive(Params)]
#[params(rename_all = "camelCase")]
struct SameByCase {
    up_proj: Row,
//  ^^^^^^^ "upProj" is first used here
    #[param(name = "upProj")]
    //             ^^^^^^^^ `up_proj` and `other` both load from "upProj"
    other: Row,
}

#[derive(Params)]
enum SameInAVariant {
    Only {
        row: Row,
    //  ^^^ "row" is first used here
        #[param(rename = "row")]
        //               ^^^^^ `row` and `again` both load from "row"
        again: Row,
    },
}
