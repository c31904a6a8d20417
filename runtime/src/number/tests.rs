//! Promises of single conversions; whole matrices are compared with an oracle in `simd`.

use super::*;

/// fp8 codes are those of the OFP8 specification: its extremes, its smallest values, its NaN and infinities.
#[test]
fn eight_bit_floats_have_the_specified_codes() {
    let e4m3 = |code| F8E4M3::from_bits(code).to_f32();
    assert_eq!(
        [0x00, 0x01, 0x07, 0x08, 0x7e].map(e4m3),
        [0.0, 2f32.powi(-9), 7.0 * 2f32.powi(-9), 2f32.powi(-6), 448.0]
    );
    assert!(e4m3(0x7f).is_nan() && e4m3(0xff).is_nan() && e4m3(0xfe) == -448.0);
    let e5m2 = |code| F8E5M2::from_bits(code).to_f32();
    assert_eq!(
        [0x01, 0x03, 0x04, 0x7b].map(e5m2),
        [2f32.powi(-16), 3.0 * 2f32.powi(-16), 2f32.powi(-14), 57344.0]
    );
    assert_eq!([0x7c, 0xfc].map(e5m2), [f32::INFINITY, f32::NEG_INFINITY]);
    assert!((0x7d..=0x7f).all(|code| e5m2(code).is_nan()));
}

/// Too large saturates in fp8 and e2m1, NaN stays one where there is one.
#[test]
fn too_large_saturates_where_the_format_says() {
    for large in [465.0, 1e30, f32::INFINITY] {
        assert_eq!((F8E4M3::from_f32(large), F8E4M3::from_f32(-large)), (F8E4M3::MAX, F8E4M3::MIN));
    }
    assert_eq!(F8E5M2::from_f32(f32::INFINITY), F8E5M2::MAX);
    assert!(F8E4M3::from_f32(f32::NAN).is_nan() && F8E5M2::from_f32(-f32::NAN).is_nan());
    assert_eq!(F4x2::new(f32::NAN, f32::NEG_INFINITY).values(), [6.0, -6.0]);
    assert_eq!(convert::<f32, f16>(65520.0), f16::INFINITY);
    assert_eq!(convert::<f32, f16>(65519.0), f16::MAX);
}

/// Each value of a small format comes back from the value it stands for.
#[test]
fn codes_survive_a_round_trip() {
    for code in 0..=u8::MAX {
        let e4m3 = F8E4M3::from_bits(code);
        assert!(e4m3.is_nan() || F8E4M3::from_f32(e4m3.to_f32()).to_bits() == code, "{code:#x}");
        let e5m2 = F8E5M2::from_bits(code);
        assert!(!e5m2.to_f32().is_finite() || F8E5M2::from_f32(e5m2.to_f32()).to_bits() == code, "{code:#x}");
        let [low, high] = F4x2::from_bits(code).values();
        assert_eq!(F4x2::new(low, high).to_bits(), code);
        let [low, high] = I4x2::from_bits(code).values();
        assert_eq!(I4x2::new(low, high).to_bits(), code);
        let [low, high] = U4x2::from_bits(code).values();
        assert_eq!(U4x2::new(low, high).to_bits(), code);
    }
    for code in 0..=u16::MAX {
        let half = f16::from_bits(code);
        assert!(half.is_nan() || convert::<f32, f16>(convert(half)).to_bits() == code, "{code:#x}");
        let brain = bf16::from_bits(code);
        assert!(brain.is_nan() || convert::<f32, bf16>(convert(brain)).to_bits() == code, "{code:#x}");
    }
}

/// A value is rounded once, however wide it is: these differ when they pass through `f32` or `f64`.
#[test]
fn rounding_happens_once() {
    let halfway = 1.0 + 2f64.powi(-11);
    assert_eq!(convert::<f64, f16>(halfway), f16::ONE);
    assert_eq!(convert::<f64, f16>(halfway + 2f64.powi(-40)), f16::from_f32(1.0 + 2f32.powi(-10)));
    assert_eq!(convert::<i64, bf16>((1 << 62) + (1 << 54)), bf16::from_f32(2f32.powi(62)));
    assert_eq!(convert::<i64, bf16>((1 << 62) + (1 << 54) + 1), bf16::from_f32(2f32.powi(62) * 1.0078125));
    assert_eq!(
        convert::<i64, bf16>(-(1 << 62) - (1 << 54) - 1),
        bf16::from_f32(-(2f32.powi(62) * 1.0078125))
    );
    assert_eq!(convert::<f64, f16>(f64::MAX), f16::INFINITY);
    assert_eq!(convert::<f64, f16>(-f64::MIN_POSITIVE).to_bits(), 0x8000);
}

/// Integers convert as Rust's `as` does, and 4-bit ones as if Rust had them.
#[test]
fn integers_saturate_from_floats_and_wrap_from_integers() {
    assert_eq!(
        (convert::<f32, u8>(-1.0), convert::<f32, u8>(300.9), convert::<f32, u8>(f32::NAN)),
        (0, 255, 0)
    );
    assert_eq!((convert::<i32, i8>(300), convert::<u64, i64>(u64::MAX)), (44, -1));
    assert_eq!((I4x2::new(9, -9).values(), U4x2::new(200, 3).values()), ([7, -8], [15, 3]));
}

/// `bool` is whether a value is not zero, and 0 or 1 elsewhere.
#[test]
fn bool_is_not_zero() {
    assert!(
        convert::<f32, bool>(f32::NAN)
            && convert::<f64, bool>(1e-300)
            && !convert::<f16, bool>(f16::NEG_ZERO)
    );
    assert_eq!((convert::<bool, f32>(true), convert::<bool, bf16>(false)), (1.0, bf16::ZERO));
}

/// The first byte that is no `bool` is found wherever it lies.
#[test]
fn the_first_byte_that_is_no_bool_is_found() {
    for at in [0, 1, 1023, 1024, 5000] {
        let mut bytes = vec![1; 5001];
        bytes[at] = 0x80;
        bytes[5000] = 2;
        assert_eq!(first_not_bool(&bytes), Some(at));
    }
    assert_eq!(first_not_bool(&vec![1; 4096]), None);
}

/// Complex numbers keep both parts among themselves; elsewhere the real part counts, and for `bool` both.
#[cfg(feature = "complex")]
#[test]
fn complex_numbers_have_a_real_part() {
    let z = Complex::new(1.5f64, 2f64.powi(-30));
    assert_eq!(convert::<_, Complex<f32>>(z), Complex::new(1.5, 2f32.powi(-30)));
    assert_eq!((convert::<_, i32>(z), convert::<_, f16>(z)), (1, f16::from_f32(1.5)));
    assert_eq!(convert::<u8, Complex<f64>>(3), Complex::new(3.0, 0.0));
    assert!(convert::<_, bool>(Complex::new(0f32, -1.0)));
}

/// With `zerocopy` bytes are read as elements where they lie, and elements as bytes.
#[cfg(feature = "zerocopy")]
#[test]
fn zerocopy_reads_elements_in_place() {
    use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
    fn in_place<T: FromBytes + IntoBytes + Immutable + KnownLayout>() {
        let bytes = [0x38u8; 16];
        let elements = <[T]>::ref_from_bytes(&bytes).unwrap();
        assert_eq!((elements.as_ptr().cast(), elements.len()), (bytes.as_ptr(), 16));
        assert_eq!(elements.as_bytes().as_ptr(), bytes.as_ptr());
    }
    in_place::<F8E4M3>();
    in_place::<F8E5M2>();
    in_place::<F4x2>();
    in_place::<I4x2>();
    in_place::<U4x2>();
}
