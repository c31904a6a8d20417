//! Tensors in serde's formats: what was written comes back bit by bit, and what lies is refused before memory is taken.

use stratal::{ColumnMajor, Shape, Tensor, bf16, tensor};

type Table = Tensor<f32, Shape![_, 2]>;

/// Every bit comes back, NaN's and those of small floats too, and the text is the documented one.
#[test]
fn tensors_come_back_bit_by_bit() {
    let table =
        Table::from_slice([2, 2], &[1.0, -0.0, f32::from_bits(0x7fc0_0123), f32::MIN_POSITIVE]).unwrap();
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(text, r#"{"dtype":"f32","shape":[2,2],"data":"0000803f000000802301c07f00008000"}"#);
    let back: Table = serde_json::from_str(&text).unwrap();
    let bits = |table: &Table| table.read().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&table));
    let reordered = r#"{"data":"","shape":[0,2],"dtype":"f32"}"#;
    assert_eq!(serde_json::from_str::<Table>(reordered).unwrap().shape(), [0, 2]);
    let scalar = Tensor::<bf16, Shape![]>::full([], bf16::ONE).unwrap();
    assert_eq!(serde_json::to_string(&scalar).unwrap(), r#"{"dtype":"bf16","shape":[],"data":"803f"}"#);
}

/// The format is row-major whatever order a tensor has in memory.
#[test]
fn order_in_memory_is_no_part_of_the_format() {
    let rows = tensor![[1u8, 2, 3], [4, 5, 6]].unwrap();
    let columns: Tensor<u8, Shape![2, 3], ColumnMajor> = rows.to_layout().unwrap();
    let text = serde_json::to_string(&columns).unwrap();
    assert_eq!(text, serde_json::to_string(&rows).unwrap());
    let back: Tensor<u8, Shape![2, 3], ColumnMajor> = serde_json::from_str(&text).unwrap();
    assert_eq!(back.read().unwrap().as_slice(), [1, 4, 2, 5, 3, 6]);
}

/// Sizes that the bytes do not bear out, wrong types, wrong digits and surplus fields are errors with names and numbers.
#[test]
fn lies_are_refused() {
    let refused = |text: &str| serde_json::from_str::<Table>(text).unwrap_err().to_string();
    for (text, said) in [
        (
            r#"{"dtype":"f32","shape":[1000000000000,2],"data":"00"}"#,
            "1 bytes found, shape [1000000000000, 2] of f32 has 8000000000000",
        ),
        (r#"{"dtype":"f32","shape":[4611686018427387904,2],"data":""}"#, "exceeds the address space"),
        (r#"{"dtype":"f32","shape":[1,3],"data":"000000000000000000000000"}"#, "axis 1 is 3, declared 2"),
        (r#"{"dtype":"f64","shape":[1,2],"data":""}"#, "f64 found, f32 declared"),
        (r#"{"dtype":"f32","shape":[1,2],"data":"0g"}"#, "hexadecimal"),
        (r#"{"dtype":"f32","shape":[1,2],"data":"000"}"#, "hexadecimal"),
        (r#"{"dtype":"f32","shape":[1,2],"data":"","more":1}"#, "unknown field `more`"),
        (r#"{"dtype":"f32","shape":[1,2]}"#, "missing field `data`"),
    ] {
        assert!(refused(text).contains(said), "{text}: {}", refused(text));
    }
    let truth =
        serde_json::from_str::<Tensor<bool, Shape![2]>>(r#"{"dtype":"bool","shape":[2],"data":"0102"}"#);
    assert!(truth.unwrap_err().to_string().contains("element 1 is byte 0x02"));
}

/// A tensor that a writer holds is an error and no deadlock.
#[test]
fn a_leased_tensor_is_an_error() {
    let table = Table::zeros([1, 2]).unwrap().named("table");
    let lease = table.write().unwrap();
    assert!(serde_json::to_string(&table).unwrap_err().to_string().contains("tensor `table`"));
    drop(lease);
}
