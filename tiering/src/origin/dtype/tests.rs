//! Promise: dtypes are told apart by name, and byte sizes are exact or refused.

use super::*;

#[test]
fn every_name_is_read_back() {
    let typed = DType::ALL.iter().map(|dtype| StoredDtype::from(*dtype));
    for dtype in typed.chain(StoredDtype::UNTYPED) {
        assert_eq!(StoredDtype::from_name(dtype.name()), Some(dtype));
        assert_eq!(dtype.to_string(), dtype.name());
    }
    assert_eq!(StoredDtype::from_name("bf16"), None);
}

#[test]
fn sizes_are_whole_bytes_below_isize_max() {
    let typed = StoredDtype::from;
    assert_eq!(typed(DType::F32).bytes_of(&[]), Some(4));
    assert_eq!(typed(DType::BF16).bytes_of(&[3, 5]), Some(30));
    assert_eq!(StoredDtype::F4.bytes_of(&[2, 5]), Some(5));
    assert_eq!(StoredDtype::F4.bytes_of(&[5]), None);
    assert_eq!(StoredDtype::F6E3M2.bytes_of(&[4]), Some(3));
    assert_eq!(typed(DType::U8).bytes_of(&[isize::MAX as usize]), Some(isize::MAX as u64));
    assert_eq!(typed(DType::U8).bytes_of(&[isize::MAX as usize + 1]), None);
    assert_eq!(typed(DType::U8).bytes_of(&[0, isize::MAX as usize]), Some(0));
    assert_eq!(typed(DType::U8).bytes_of(&[0, isize::MAX as usize, 2]), None);
    assert_eq!(typed(DType::U8).bytes_of(&[usize::MAX; 32]), None);
}
