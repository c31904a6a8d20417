//! AVX-512 (F, BW, DQ, VL): 512-bit vectors, half floats converted sixteen at a time.
//!
//! Its BF16 instruction is left alone: it takes subnormal numbers for zero, and the loop over integers that it would
//! replace waits for memory all the same.

use super::kernels::{self, Kernels, Line, compiled_with};
use crate::number::f16;
use crate::number::sealed::{Stored, Value};
use std::arch::x86_64::{
    __m256i, __m512i, _MM_FROUND_TO_NEAREST_INT, _mm_sfence, _mm256_loadu_si256, _mm256_storeu_si256,
    _mm512_cvtph_ps, _mm512_cvtps_ph, _mm512_load_si512, _mm512_loadu_ps, _mm512_storeu_ps,
    _mm512_stream_si512,
};

/// Proof that the machine has AVX-512 F, BW, DQ and VL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        let whole = is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl");
        (wide && whole).then_some(Self(()))
    }
}

impl Kernels for Avx512 {
    compiled_with!("avx512f,avx512bw,avx512dq,avx512vl");

    fn widen(self, from: &[f16], to: &mut [f32]) {
        let (whole, rest) = from.as_chunks::<16>();
        let (to_whole, to_rest) = to.as_chunks_mut::<16>();
        // SAFETY: `self` proves that the machine has these features.
        unsafe { widen(whole, to_whole) };
        self.values(rest, to_rest);
    }

    fn narrow(self, from: &[f32], to: &mut [f16]) {
        let (whole, rest) = from.as_chunks::<16>();
        let (to_whole, to_rest) = to.as_chunks_mut::<16>();
        // SAFETY: `self` proves that the machine has these features.
        unsafe { narrow(whole, to_whole) };
        self.values(rest, to_rest);
    }

    fn stream(self, from: &[Line], to: &mut [Line]) {
        // SAFETY: `self` proves that the machine has these features.
        unsafe { stream(from, to) }
    }

    fn stream_fill(self, line: &Line, to: &mut [Line]) {
        // SAFETY: `self` proves that the machine has these features.
        unsafe { stream_fill(line, to) }
    }

    fn fence(self) {
        // SAFETY: every x86-64 has this instruction.
        unsafe { _mm_sfence() }
    }
}

#[target_feature(enable = "avx512f")]
fn widen(from: &[[f16; 16]], to: &mut [[f32; 16]]) {
    for (from, to) in from.iter().zip(to) {
        // SAFETY: the 32 bytes behind the pointer are those of `from`.
        let halves = unsafe { _mm256_loadu_si256(from.as_ptr().cast::<__m256i>()) };
        // SAFETY: the 64 bytes behind the pointer are those of `to`, borrowed exclusively.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), _mm512_cvtph_ps(halves)) };
    }
}

#[target_feature(enable = "avx512f")]
fn narrow(from: &[[f32; 16]], to: &mut [[f16; 16]]) {
    for (from, to) in from.iter().zip(to) {
        // SAFETY: the 64 bytes behind the pointer are those of `from`.
        let singles = unsafe { _mm512_loadu_ps(from.as_ptr()) };
        let halves = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(singles);
        // SAFETY: the 32 bytes behind the pointer are those of `to`, borrowed exclusively.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast::<__m256i>(), halves) };
    }
}

#[target_feature(enable = "avx512f")]
fn stream(from: &[Line], to: &mut [Line]) {
    for (from, to) in from.iter().zip(to) {
        // SAFETY: a line is 64 bytes, aligned to as many.
        let line = unsafe { _mm512_load_si512(from.0.as_ptr().cast::<__m512i>()) };
        // SAFETY: as above, and borrowed exclusively.
        unsafe { _mm512_stream_si512(to.0.as_mut_ptr().cast::<__m512i>(), line) };
    }
}

#[target_feature(enable = "avx512f")]
fn stream_fill(line: &Line, to: &mut [Line]) {
    // SAFETY: a line is 64 bytes, aligned to as many.
    let line = unsafe { _mm512_load_si512(line.0.as_ptr().cast::<__m512i>()) };
    for to in to {
        // SAFETY: as above, and borrowed exclusively.
        unsafe { _mm512_stream_si512(to.0.as_mut_ptr().cast::<__m512i>(), line) };
    }
}
