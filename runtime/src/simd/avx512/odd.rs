//! Rounding to odd: what is wider than a single is cut towards zero, and where that lost something the last bit is 1.

use super::super::blocks::identical;
use super::Avx512;
use crate::number::Odd;
use crate::number::sealed::Value;
use std::arch::x86_64::{
    __m256, __m512, __m512i, __mmask8, __mmask16, _CMP_NEQ_UQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_ZERO,
    _mm256_castps_si256, _mm256_mask_or_epi32, _mm256_set1_epi32, _mm256_storeu_si256, _mm512_castps_si512,
    _mm512_cmp_pd_mask, _mm512_cmpneq_epi32_mask, _mm512_cmpneq_epi64_mask, _mm512_cvt_roundepi32_ps,
    _mm512_cvt_roundepi64_ps, _mm512_cvt_roundepu32_ps, _mm512_cvt_roundepu64_ps, _mm512_cvt_roundpd_ps,
    _mm512_cvtps_epi32, _mm512_cvtps_epi64, _mm512_cvtps_epu32, _mm512_cvtps_epu64, _mm512_cvtps_pd,
    _mm512_loadu_pd, _mm512_loadu_si512, _mm512_mask_or_epi32, _mm512_set1_epi32, _mm512_storeu_si512,
};

/// How the machine cuts.
const CUT: i32 = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;

/// Rounds what fills vectors, where there is a quicker way than the loop over values. Returns how many that were.
pub(super) fn whole_vectors<T: Value>(_proof: Avx512, from: &[T], to: &mut [Odd]) -> usize {
    macro_rules! of {
        ($($number:ident by $loop:ident;)*) => {
            $(
                if let Some(from) = identical::<T, $number>(from) {
                    const LANES: usize = if size_of::<$number>() == 8 { 8 } else { 16 };
                    let (whole, _) = from.as_chunks::<LANES>();
                    let (to, _) = to.as_chunks_mut::<LANES>();
                    // SAFETY: an `Avx512` proves that the machine has these features.
                    unsafe { $loop(whole, to) };
                    return whole.len().min(to.len()) * LANES;
                }
            )*
        };
    }
    of! { f64 by doubles; i64 by signed_64; u64 by unsigned_64; i32 by signed_32; u32 by unsigned_32; }
    0
}

/// Eight singles, odd where something was lost.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn store_half(cut: __m256, lost: __mmask8, to: &mut [Odd; 8]) {
    let bits = _mm256_castps_si256(cut);
    let odd = _mm256_mask_or_epi32(bits, lost, bits, _mm256_set1_epi32(1));
    // SAFETY: the 32 bytes behind the pointer are those of `to`, borrowed exclusively; an `Odd` is an `f32`.
    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), odd) };
}

/// Sixteen singles, odd where something was lost.
#[inline]
#[target_feature(enable = "avx512f")]
fn store(cut: __m512, lost: __mmask16, to: &mut [Odd; 16]) {
    let bits = _mm512_castps_si512(cut);
    let odd = _mm512_mask_or_epi32(bits, lost, bits, _mm512_set1_epi32(1));
    // SAFETY: the 64 bytes behind the pointer are those of `to`, borrowed exclusively; an `Odd` is an `f32`.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), odd) };
}

#[target_feature(enable = "avx512f,avx512vl")]
fn doubles(from: &[[f64; 8]], to: &mut [[Odd; 8]]) {
    for (from, to) in from.iter().zip(to) {
        // SAFETY: the 64 bytes behind the pointer are those of `from`.
        let exact = unsafe { _mm512_loadu_pd(from.as_ptr()) };
        let cut = _mm512_cvt_roundpd_ps::<CUT>(exact);
        store_half(cut, _mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(_mm512_cvtps_pd(cut), exact), to);
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn signed_64(from: &[[i64; 8]], to: &mut [[Odd; 8]]) {
    for (from, to) in from.iter().zip(to) {
        let exact = load(from);
        let cut = _mm512_cvt_roundepi64_ps::<CUT>(exact);
        store_half(cut, _mm512_cmpneq_epi64_mask(_mm512_cvtps_epi64(cut), exact), to);
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn unsigned_64(from: &[[u64; 8]], to: &mut [[Odd; 8]]) {
    for (from, to) in from.iter().zip(to) {
        let exact = load(from);
        let cut = _mm512_cvt_roundepu64_ps::<CUT>(exact);
        store_half(cut, _mm512_cmpneq_epi64_mask(_mm512_cvtps_epu64(cut), exact), to);
    }
}

#[target_feature(enable = "avx512f")]
fn signed_32(from: &[[i32; 16]], to: &mut [[Odd; 16]]) {
    for (from, to) in from.iter().zip(to) {
        let exact = load(from);
        let cut = _mm512_cvt_roundepi32_ps::<CUT>(exact);
        store(cut, _mm512_cmpneq_epi32_mask(_mm512_cvtps_epi32(cut), exact), to);
    }
}

#[target_feature(enable = "avx512f")]
fn unsigned_32(from: &[[u32; 16]], to: &mut [[Odd; 16]]) {
    for (from, to) in from.iter().zip(to) {
        let exact = load(from);
        let cut = _mm512_cvt_roundepu32_ps::<CUT>(exact);
        store(cut, _mm512_cmpneq_epi32_mask(_mm512_cvtps_epu32(cut), exact), to);
    }
}

/// Integers that fill a vector.
#[inline]
#[target_feature(enable = "avx512f")]
fn load<T: Copy, const N: usize>(integers: &[T; N]) -> __m512i {
    const { assert!(size_of::<[T; N]>() == size_of::<__m512i>()) };
    // SAFETY: the 64 bytes behind the pointer are those of `integers`.
    unsafe { _mm512_loadu_si512(integers.as_ptr().cast()) }
}
