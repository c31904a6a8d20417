//! `dims!` takes names in UpperCamelCase, each once.

use stratal::dims;

dims! { batch, Seq_Len }
//      ^^^^^ dimension `batch`: use UpperCamelCase
//             ^^^^^^^ dimension `Seq_Len`: use UpperCamelCase
dims! { Row, pub Row }
//               ^^^ dimension `Row` is declared twice
dims! { Heads = 12 }
//      ^^^^^^^^^^ `Heads = 12` is not a dimension name: write `dims! { Batch, pub Seq }`
dims! { 3 }
//      ^ `3` is not a dimension name: write `dims! { Batch, pub Seq }`
dims! { Left,, Right }
//           ^ nothing stands before this comma
dims! { Before, pub }
//              ^^^ `pub` is not a dimension name: write `dims! { Batch, pub Seq }`
dims! { struct }
//      ^^^^^^ `struct` is not a dimension name: write `dims! { Batch, pub Seq }`
