//! Promises of dtypes.

use super::*;

/// Every dtype is found by both of its names, and no two share one.
#[test]
fn names_lead_back() {
    for &dtype in DType::ALL {
        assert_eq!(dtype.name().parse(), Ok(dtype));
        assert!(dtype.format_name().is_none_or(|name| name.parse() == Ok(dtype)));
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
