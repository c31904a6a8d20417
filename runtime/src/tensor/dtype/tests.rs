//! Promises of dtypes and of the casts between bytes and elements.

use super::*;

/// Every dtype is found by both of its names, and no two share one.
#[test]
fn names_lead_back() {
    for &dtype in DType::ALL {
        assert_eq!(dtype.name().parse(), Ok(dtype));
        assert_eq!(dtype.format_name().parse(), Ok(dtype));
        let namesakes = DType::ALL.iter().filter(|other| other.name() == dtype.name());
        assert_eq!(namesakes.count(), 1, "{dtype}");
    }
    let error = "f33".parse::<DType>().unwrap_err();
    assert_eq!(Error::from(error).to_string(), "dtype mismatch: `f33` is not a dtype");
}

/// The element types say the dtype of their size and alignment.
#[test]
fn elements_have_their_dtype() {
    fn sized<T: Element>(dtype: DType) {
        assert_eq!((T::DTYPE, size_of::<T>()), (dtype, dtype.size()));
    }
    sized::<f32>(DType::F32);
    sized::<f16>(DType::F16);
    sized::<bf16>(DType::BF16);
    sized::<i8>(DType::I8);
    sized::<u8>(DType::U8);
    sized::<i32>(DType::I32);
    sized::<i64>(DType::I64);
}

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
            let cast = cast::<i32>(&bytes.0[start..end]);
            assert_eq!(
                cast.map(<[i32]>::len),
                (aligned && whole).then_some((end - start) / 4),
                "{start}..{end}"
            );
        }
    }
}

/// A cast reads and writes the bytes it was made from, in the machine's order.
#[test]
fn casts_keep_the_bytes() {
    let mut bytes = counting();
    assert_eq!(
        cast::<u16>(&bytes.0[2..6]),
        Some(&[u16::from_ne_bytes([2, 3]), u16::from_ne_bytes([4, 5])][..])
    );
    let words = cast_mut::<u64>(&mut bytes.0).unwrap();
    words[1] = u64::MAX;
    assert_eq!(bytes.0[..8], [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(bytes.0[8..], [255; 8]);
}

/// No bytes are no elements, wherever they lie.
#[test]
fn empty_is_aligned() {
    let bytes = counting();
    assert_eq!(cast::<i64>(&bytes.0[1..1]), Some(&[][..]));
    assert_eq!(cast_mut::<i64>(&mut []).map(|elements| elements.len()), Some(0));
}
