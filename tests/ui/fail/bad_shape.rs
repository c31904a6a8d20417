//! What is not a dimension is refused where it stands.

use stratal::{Shape, Tensor};

type TwoNumbers = Tensor<f32, Shape![3 4]>;
//                                   ^^^ `3 4` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
type Negative = Tensor<f32, Shape![5, -1]>;
//                                    ^^ `- 1` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
type LowerCase = Tensor<f32, Shape![batch, 4]>;
//                                  ^^^^^ `batch` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
type Quoted = Tensor<f32, Shape!["batch", 4]>;
//                               ^^^^^^^ `"batch"` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
type Fraction = Tensor<f32, Shape![1.5]>;
//                                 ^^^ `1.5` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
type Byte = Tensor<f32, Shape![3u8]>;
//                             ^^^ `3u8` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
type Hole = Tensor<f32, Shape![3,, 4]>;
//                               ^ nothing stands before this comma
type Seven = Tensor<f32, Shape![1, 2, 3, 4, 5, 6, 7, 8]>;
//                                                ^ this shape has 8 dimensions; at most 6 are possible
type Open = Tensor<f32, Shape![{ 2 * }]>;
//                             ^^^^^^^ `{ 2 * }` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
type Rest = Tensor<f32, Shape![.., 4]>;
//                             ^^ `..` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
type Huge = Tensor<f32, Shape![18446744073709551616]>;
//                             ^^^^^^^^^^^^^^^^^^^^ `18446744073709551616` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
type Keyword = Tensor<f32, Shape![try::Seq]>;
//                                ^^^^^^^^ `try :: Seq` is not a dimension: write a number, a dimension name, `{CONST}` or `_`, separated by commas
