//! Promises of lossy storage: the error bounds of the module's table, and what cannot keep them is refused.

use super::*;
use crate::io::buf::AlignedBuf;
use proptest::prelude::*;
use stratal_runtime::tensor::as_bytes;

type Encode = fn(&[u8], &mut [u8]) -> Option<usize>;
type Decode = fn(&[u8], &mut [u8]) -> Result<()>;

/// Stores and restores numbers; `None` if they are refused.
fn round_trip(encode: Encode, decode: Decode, numbers: &[f32]) -> Option<Vec<f32>> {
    let mut stored = AlignedBuf::zeroed(8 * numbers.len(), 64).unwrap();
    let len = encode(as_bytes(numbers), &mut stored)?;
    let mut restored = AlignedBuf::zeroed(4 * numbers.len(), 64).unwrap();
    decode(&stored[..len], &mut restored).unwrap();
    let numbers = as_elements::<f32>(&restored).unwrap().to_vec();
    assert!(decode(&stored[..len - 1], &mut restored).is_err());
    Some(numbers)
}

fn bf16_bound(x: f32, _: f32) -> f32 {
    (x.abs() / 256.0).max(2.0_f32.powi(-134))
}

fn f16_bound(x: f32, _: f32) -> f32 {
    (x.abs() / 2048.0).max(2.0_f32.powi(-25))
}

fn int8_bound(_: f32, greatest: f32) -> f32 {
    (greatest / 253.0).max(2.0_f32.powi(-119))
}

fn assert_bound(numbers: &[f32], restored: &[f32], bound: fn(f32, f32) -> f32) {
    for (block, restored) in numbers.chunks(BLOCK).zip(restored.chunks(BLOCK)) {
        let greatest = block.iter().fold(0.0_f32, |greatest, number| greatest.max(number.abs()));
        for (number, found) in block.iter().zip(restored) {
            let error = (f64::from(*number) - f64::from(*found)).abs();
            assert!(error <= f64::from(bound(*number, greatest)), "{number} came back as {found}");
        }
    }
}

/// What rounds to an infinity, and what is no number, is refused whole.
#[test]
fn what_has_no_bound_is_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let numbers = [1.0, bad, 2.0];
        assert!(round_trip(encode_bf16, decode_bf16, &numbers).is_none());
        assert!(round_trip(encode_f16, decode_f16, &numbers).is_none());
        assert!(round_trip(encode_int8, decode_int8, &numbers).is_none());
    }
    assert!(round_trip(encode_f16, decode_f16, &[65_520.0]).is_none());
    assert!(round_trip(encode_f16, decode_f16, &[65_504.0]).is_some());
    assert!(round_trip(encode_bf16, decode_bf16, &[f32::MAX]).is_none());
    assert!(round_trip(encode_int8, decode_int8, &[f32::MAX, 1.0]).is_some());
    assert!(encode_int8(&[0; 7], &mut [0; 64]).is_none(), "no whole numbers");
}

/// What was rounded once stays as it is.
#[test]
fn halves_are_kept_exactly() {
    let numbers: Vec<f32> = (0..1000).map(|i| (i as f32 - 500.0) * 0.37).collect();
    for (encode, decode) in [(encode_bf16 as Encode, decode_bf16 as Decode), (encode_f16, decode_f16)] {
        let once = round_trip(encode, decode, &numbers).unwrap();
        assert_eq!(round_trip(encode, decode, &once).unwrap(), once);
    }
}

proptest! {
    /// Any finite numbers, of any size, keep to the bounds or are refused.
    #[test]
    fn the_bounds_hold(numbers in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO, 1..300)) {
        if let Some(restored) = round_trip(encode_bf16, decode_bf16, &numbers) {
            assert_bound(&numbers, &restored, bf16_bound);
        }
        if let Some(restored) = round_trip(encode_f16, decode_f16, &numbers) {
            assert_bound(&numbers, &restored, f16_bound);
        }
        assert_bound(&numbers, &round_trip(encode_int8, decode_int8, &numbers).unwrap(), int8_bound);
    }

    /// And so do numbers of one magnitude, as weights and moments are.
    #[test]
    fn the_bounds_hold_for_weights(scale in -60..30_i32, numbers in prop::collection::vec(-1.0_f32..1.0, 1..300)) {
        let numbers: Vec<f32> = numbers.iter().map(|number| number * 2.0_f32.powi(scale)).collect();
        assert_bound(&numbers, &round_trip(encode_bf16, decode_bf16, &numbers).unwrap(), bf16_bound);
        assert_bound(&numbers, &round_trip(encode_int8, decode_int8, &numbers).unwrap(), int8_bound);
        if let Some(restored) = round_trip(encode_f16, decode_f16, &numbers) {
            assert_bound(&numbers, &restored, f16_bound);
        }
    }
}
