//! What `each`, `len`, `optional` and `tied` ask of a type is asked where the type stands.

use stratal::{Params, Shape, Tensor, Tied, dims};

dims! { Width }
type Row = Tensor<f32, Shape![3]>;
const MANY: i32 = 3;

#[derive(Params)]
struct Model {
    row: Row,
    #[param(each = "a.{i}")]
    one: Row,
    //   ^^^ `each` needs a `Vec` or an array, `Tensor<f32, (C<3>,)>` is neither
    #[param(each = "b.{i}", len = MANY)]
    //                            ^^^^ mismatched types
    many: Vec<Row>,
    #[param(each = "c.{i}", optional)]
    absent: [Row; 3],
    //      ^^^^^^^^ `optional` needs a type that can be absent: an `Option`, a `Vec` or a map; `[Tensor<f32, (C<3>,)>; 3]` is none
    #[param(optional)]
    needed: Row,
    //      ^^^ `optional` needs a type that can be absent: an `Option`, a `Vec` or a map; `Tensor<f32, (C<3>,)>` is none
    #[param(tied = row)]
    untied: Row,
    //      ^^^ a field of type `Tensor<f32, (C<3>,)>` cannot be tied to one of type `Tensor<f32, (C<3>,)>`; it is a `Tied<Tensor<f32, (C<3>,)>>`
    #[param(tied = row)]
    shaped: Tied<Tensor<f32, Shape![4]>>,
    //      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a field of type `Tied<Tensor<f32, (C<4>,)>>` cannot be tied to one of type `Tensor<f32, (C<3>,)>`; it is a `Tied<Tensor<f32, (C<3>,)>>`
    #[param(tied = row.weight)]
    //                 ^^^^^^ no field `weight` on type `&Tensor<f32, (C<3>,)>`
    inner: Tied<Row>,
    loose: Tied<Row>,
    //     ^^^^^^^^^ field type `Tied<Tensor<f32, (C<3>,)>>` cannot be a parameter
}
