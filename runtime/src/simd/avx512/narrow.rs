//! Singles to what has a byte of its own: floats of eight and four bits, and integers of four.
//!
//! Floats are rounded by the machine itself, as [`Format::narrow`] does it: adding a power of two whose last bit is that
//! of the code. What turns the exponent into that of the code is added to the same power of two, below where anything is
//! rounded, so the code falls out of the sum as its lowest byte:
//!
//! ```text
//! power  = exponent of the value + the bits that the code drops       mantissa: what the codes' exponents differ by
//! code   = lowest byte of (value + power) + (exponent of the value, moved to where the code has it)
//! ```
//!
//! Invariant: that difference is even, so that ties still go to even codes.

use super::Avx512;
use crate::number::sealed::Value;
use crate::number::small::{BIAS, Format, INFINITE, MANTISSA};
use std::arch::x86_64::{
    __m128i, __m512i, _CMP_ORD_Q, _mm_storeu_si128, _mm512_add_epi32, _mm512_add_ps, _mm512_and_si512,
    _mm512_castps_si512, _mm512_castsi512_ps, _mm512_cmp_ps_mask, _mm512_cmpgt_epu32_mask,
    _mm512_cvtepi32_epi8, _mm512_loadu_ps, _mm512_mask_mov_epi32, _mm512_maskz_cvttps_epi32,
    _mm512_max_epu32, _mm512_max_ps, _mm512_min_epu32, _mm512_min_ps, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_srlv_epi32, _mm512_ternarylogic_epi32,
};

/// Bits of a single but its sign.
const MAGNITUDE: u32 = 0x7fff_ffff;
/// `a | (b & c)`, as a table of three bits.
const OR_AND: i32 = 0xf8;

/// Converts what fills vectors, where there is a quicker way than the loop over values. Returns how many that were.
pub(super) fn whole_vectors<U: Value>(_proof: Avx512, from: &[f32], to: &mut [U]) -> usize {
    if size_of::<U>() != 1 || (U::FORMAT.is_none() && U::FOUR_BITS.is_none()) {
        return 0;
    }
    let (whole, _) = from.as_chunks::<16>();
    let (to, _) = codes_mut(to).as_chunks_mut::<16>();
    if let Some((least, most)) = U::FOUR_BITS {
        // SAFETY: an `Avx512` proves that the machine has these features.
        unsafe { cut(f32::from(least), f32::from(most), whole, to) };
    } else {
        // SAFETY: as above.
        unsafe { round::<U>(whole, to) };
    }
    whole.len().min(to.len()) * 16
}

/// The bytes of values that are codes.
fn codes_mut<U: Value>(to: &mut [U]) -> &mut [u8] {
    // SAFETY:
    // - the caller has seen that `U` is one of the types that are transparent over a byte of which every pattern is valid;
    // - the result borrows `to` exclusively and is of its size.
    unsafe { std::slice::from_raw_parts_mut(to.as_mut_ptr().cast::<u8>(), to.len()) }
}

/// A format as what the loop adds and compares.
struct Constants {
    /// The single that becomes the largest code.
    limit: u32,
    /// Exponent of the smallest normal value.
    least: u32,
    /// What is added to the exponent of a value.
    power: u32,
    /// Bits that a code drops.
    dropped: u32,
    /// Where the sign of a code is, and how far from where a single has it.
    sign: u32,
    sign_shift: u32,
    nan: u32,
    nan_sign: bool,
}

impl Constants {
    const fn of(format: Option<Format>) -> Option<Self> {
        let Some(format) = format else { return None };
        let dropped = MANTISSA - format.mantissa_bits;
        let least = (BIAS - format.bias() + 1) << MANTISSA;
        let difference = (least >> dropped).wrapping_neg() & 0xff;
        assert!(difference.is_multiple_of(2));
        let sign_at = format.exponent_bits + format.mantissa_bits;
        Some(Self {
            limit: format.limit(),
            least,
            power: (dropped << MANTISSA) + difference,
            dropped,
            sign: 1 << sign_at,
            sign_shift: 31 - sign_at,
            nan: format.nan,
            nan_sign: format.nan_sign,
        })
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn all(bits: u32) -> __m512i {
    _mm512_set1_epi32(bits.cast_signed())
}

#[target_feature(enable = "avx512f")]
fn round<U: Value>(from: &[[f32; 16]], to: &mut [[u8; 16]]) {
    let Some(format) = (const { Constants::of(U::FORMAT) }) else { return };
    for (from, to) in from.iter().zip(to) {
        // SAFETY: the 64 bytes behind the pointer are those of `from`.
        let bits = _mm512_castps_si512(unsafe { _mm512_loadu_ps(from.as_ptr()) });
        let magnitude = _mm512_and_si512(bits, all(MAGNITUDE));
        let clamped = _mm512_min_epu32(magnitude, all(format.limit));
        let exponent = _mm512_and_si512(_mm512_max_epu32(clamped, all(format.least)), all(INFINITE));
        let power = _mm512_add_epi32(exponent, all(format.power));
        let sum = _mm512_add_ps(_mm512_castsi512_ps(clamped), _mm512_castsi512_ps(power));
        let placed = _mm512_srlv_epi32(exponent, all(format.dropped));
        let code = _mm512_add_epi32(_mm512_castps_si512(sum), placed);
        let sign = _mm512_srlv_epi32(bits, all(format.sign_shift));
        let signed = |code| _mm512_ternarylogic_epi32::<OR_AND>(code, sign, all(format.sign));
        let nan = _mm512_cmpgt_epu32_mask(magnitude, all(INFINITE));
        let code = if format.nan_sign {
            signed(_mm512_mask_mov_epi32(code, nan, all(format.nan)))
        } else {
            _mm512_mask_mov_epi32(signed(code), nan, all(format.nan))
        };
        store(code, to);
    }
}

/// Towards zero, within bounds; NaN is 0.
#[target_feature(enable = "avx512f")]
fn cut(least: f32, most: f32, from: &[[f32; 16]], to: &mut [[u8; 16]]) {
    let (least, most) = (_mm512_set1_ps(least), _mm512_set1_ps(most));
    for (from, to) in from.iter().zip(to) {
        // SAFETY: the 64 bytes behind the pointer are those of `from`.
        let exact = unsafe { _mm512_loadu_ps(from.as_ptr()) };
        let held = _mm512_min_ps(_mm512_max_ps(exact, least), most);
        let number = _mm512_cmp_ps_mask::<_CMP_ORD_Q>(exact, exact);
        store(_mm512_maskz_cvttps_epi32(number, held), to);
    }
}

/// The lowest byte of each.
#[inline]
#[target_feature(enable = "avx512f")]
fn store(codes: __m512i, to: &mut [u8; 16]) {
    // SAFETY: the 16 bytes behind the pointer are those of `to`, borrowed exclusively.
    unsafe { _mm_storeu_si128(to.as_mut_ptr().cast::<__m128i>(), _mm512_cvtepi32_epi8(codes)) };
}
