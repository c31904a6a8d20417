//! Promise: dtypes are told apart by name, and byte sizes are exact or refused.

use super::*;

#[test]
fn every_name_is_read_back() {
    let typed = DType::ALL.iter().filter(|dtype| dtype.format_name().is_some() && **dtype != DType::F4x2);
    for dtype in typed.map(|dtype| StoredDtype::from(*dtype)).chain(StoredDtype::UNTYPED) {
        assert_eq!(StoredDtype::from_name(dtype.name()), Some(dtype));
        assert_eq!(dtype.to_string(), dtype.name());
    }
    assert_eq!(StoredDtype::from_name("bf16"), None);
}

/// What a tensor packs has another shape in the file, and the way back leads to the tensor's.
#[test]
fn packed_elements_are_counted_singly_in_the_file() {
    let pairs = StoredDtype::from(DType::F4x2);
    assert_eq!(pairs.stored_as(&[2, 3]), Some((StoredDtype::F4, vec![2, 6])));
    assert_eq!(StoredDtype::F4.tensor_of(&[2, 6]), Some((DType::F4x2, vec![2, 3])));
    assert_eq!((pairs.bytes_of(&[2, 3]), StoredDtype::F4.bytes_of(&[2, 6])), (Some(6), Some(6)));
    assert_eq!(StoredDtype::F4.tensor_of(&[2, 5]), None);
    assert_eq!(StoredDtype::F4.tensor_of(&[]), None);
    assert_eq!(StoredDtype::from(DType::I8).tensor_of(&[5]), Some((DType::I8, vec![5])));
    for lacking in [DType::I4x2, DType::U4x2, DType::C128] {
        assert_eq!(StoredDtype::from(lacking).stored_as(&[2]), None);
    }
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
