//! Promise: dtypes are told apart by name, and byte sizes are exact or refused.

use super::*;

#[test]
fn the_table_is_in_the_order_of_the_variants_and_its_names_are_distinct() {
    for (index, (dtype, name, _)) in StoredDtype::TABLE.iter().enumerate() {
        assert_eq!(*dtype as usize, index, "{name}");
        assert_eq!(StoredDtype::from_name(name), Some(*dtype));
        assert_eq!(dtype.to_string(), *name);
    }
    assert_eq!(StoredDtype::from_name("bf16"), None);
}

#[test]
fn sizes_are_whole_bytes_below_isize_max() {
    assert_eq!(StoredDtype::F32.bytes_of(&[]), Some(4));
    assert_eq!(StoredDtype::Bf16.bytes_of(&[3, 5]), Some(30));
    assert_eq!(StoredDtype::F4.bytes_of(&[2, 5]), Some(5));
    assert_eq!(StoredDtype::F4.bytes_of(&[5]), None);
    assert_eq!(StoredDtype::F6E3M2.bytes_of(&[4]), Some(3));
    assert_eq!(StoredDtype::U8.bytes_of(&[isize::MAX as usize]), Some(isize::MAX as u64));
    assert_eq!(StoredDtype::U8.bytes_of(&[isize::MAX as usize + 1]), None);
    assert_eq!(StoredDtype::U8.bytes_of(&[0, isize::MAX as usize]), Some(0));
    assert_eq!(StoredDtype::U8.bytes_of(&[0, isize::MAX as usize, 2]), None);
    assert_eq!(StoredDtype::U8.bytes_of(&[usize::MAX; 32]), None);
}
