//! Promises of the casts between bytes and elements.

use super::*;

/// Sixteen aligned bytes, counting from 0.
#[repr(align(16))]
struct Aligned([u8; 16]);

fn counting() -> Aligned {
    Aligned(std::array::from_fn(|i| i as u8))
}

/// A cast is refused where the address is not a multiple of the element, or the bytes end within one.
#[test]
fn casts_check_address_and_length() {
    let bytes = counting();
    for start in 0..=16 {
        for end in start..=16 {
            let aligned = start == end || start % 4 == 0;
            let whole = (end - start) % 4 == 0;
            let cast = as_elements::<i32>(&bytes.0[start..end]);
            let wanted = (aligned && whole).then_some((end - start) / 4);
            assert_eq!(cast.map(<[i32]>::len).ok(), wanted, "{start}..{end}");
        }
    }
}

/// A cast reads and writes the bytes it was made from, in the machine's order.
#[test]
fn casts_keep_the_bytes() {
    let mut bytes = counting();
    assert_eq!(
        as_elements::<u16>(&bytes.0[2..6]),
        Ok(&[u16::from_ne_bytes([2, 3]), u16::from_ne_bytes([4, 5])][..])
    );
    let words = as_elements_mut::<u64>(&mut bytes.0).unwrap();
    words[1] = u64::MAX;
    assert_eq!(bytes.0[..8], [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(bytes.0[8..], [255; 8]);
}

/// No bytes are no elements, wherever they lie.
#[test]
fn empty_is_aligned() {
    let bytes = counting();
    assert_eq!(as_elements::<i64>(&bytes.0[1..1]), Ok(&[][..]));
    assert_eq!(as_elements_mut::<i64>(&mut []).map(|elements| elements.len()), Ok(0));
}

/// A byte that is neither 0 nor 1 never becomes a `bool`: the error names the element and the byte.
#[test]
fn bytes_that_are_no_bool_are_refused() {
    for byte in 2..=u8::MAX {
        let error = as_elements::<bool>(&[1, 0, byte, 1]).unwrap_err();
        assert_eq!(error.to_string(), format!("element 2 is byte {byte:#04x}, no bool"));
        assert_eq!(Error::from(error).kind(), ErrorKind::Dtype);
    }
    assert_eq!(as_elements::<bool>(&[1, 0, 1]), Ok(&[true, false, true][..]));
}

/// Elements are read as the bytes they are.
#[test]
fn bytes_of_elements_lead_back() {
    let elements = [1.5f32, -0.0, f32::NAN];
    let bytes = as_bytes(&elements);
    assert_eq!((bytes.len(), bytes.as_ptr()), (12, elements.as_ptr().cast()));
    assert_eq!(as_elements::<f32>(bytes).unwrap()[..2], elements[..2]);
}
