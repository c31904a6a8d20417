//! AVX2 with F16C: 256-bit vectors, half floats converted eight at a time.

use super::kernels::{self, Kernels, Line, compiled_with};
use crate::number::f16;
use crate::number::sealed::{Stored, Value};
use std::arch::x86_64::{
    __m128i, __m256i, _MM_FROUND_TO_NEAREST_INT, _mm_loadu_si128, _mm_sfence, _mm_storeu_si128,
    _mm256_cvtph_ps, _mm256_cvtps_ph, _mm256_load_si256, _mm256_loadu_ps, _mm256_storeu_ps,
    _mm256_stream_si256,
};
use std::mem::MaybeUninit;

/// Proof that the machine has AVX2 and F16C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c")).then_some(Self(()))
    }
}

impl Kernels for Avx2 {
    compiled_with!("avx2,f16c");

    fn widen(self, from: &[f16], to: &mut [f32]) {
        let (whole, rest) = from.as_chunks::<8>();
        let (to_whole, to_rest) = to.as_chunks_mut::<8>();
        // SAFETY: `self` proves that the machine has these features.
        unsafe { widen(whole, to_whole) };
        self.values(rest, to_rest);
    }

    fn narrow(self, from: &[f32], to: &mut [f16]) {
        let (whole, rest) = from.as_chunks::<8>();
        let (to_whole, to_rest) = to.as_chunks_mut::<8>();
        // SAFETY: `self` proves that the machine has these features.
        unsafe { narrow(whole, to_whole) };
        self.values(rest, to_rest);
    }

    fn prefetch<T>(self, soon: &[T]) {
        kernels::prefetch(soon);
    }

    fn stream(self, from: &[Line], to: &mut [Line]) {
        // SAFETY: `self` proves that the machine has these features.
        unsafe { stream(from, to) }
    }

    fn stream_fill(self, line: &Line, to: &mut [MaybeUninit<Line>]) {
        // SAFETY: `self` proves that the machine has these features.
        unsafe { stream_fill(line, to) }
    }

    fn fence(self) {
        // SAFETY: every x86-64 has this instruction.
        unsafe { _mm_sfence() }
    }
}

#[target_feature(enable = "avx2,f16c")]
fn widen(from: &[[f16; 8]], to: &mut [[f32; 8]]) {
    for (from, to) in from.iter().zip(to) {
        // SAFETY: the 16 bytes behind the pointer are those of `from`.
        let halves = unsafe { _mm_loadu_si128(from.as_ptr().cast::<__m128i>()) };
        // SAFETY: the 32 bytes behind the pointer are those of `to`, borrowed exclusively.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), _mm256_cvtph_ps(halves)) };
    }
}

#[target_feature(enable = "avx2,f16c")]
fn narrow(from: &[[f32; 8]], to: &mut [[f16; 8]]) {
    for (from, to) in from.iter().zip(to) {
        // SAFETY: the 32 bytes behind the pointer are those of `from`.
        let singles = unsafe { _mm256_loadu_ps(from.as_ptr()) };
        let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(singles);
        // SAFETY: the 16 bytes behind the pointer are those of `to`, borrowed exclusively.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast::<__m128i>(), halves) };
    }
}

#[target_feature(enable = "avx2")]
fn stream(from: &[Line], to: &mut [Line]) {
    for (from, to) in from.iter().zip(to) {
        store(load(from), to);
    }
}

#[target_feature(enable = "avx2")]
fn stream_fill(line: &Line, to: &mut [MaybeUninit<Line>]) {
    let halves = load(line);
    for to in to {
        store(halves, to.as_mut_ptr());
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(line: &Line) -> [__m256i; 2] {
    let from = line.0.as_ptr().cast::<__m256i>();
    // SAFETY: a line is 64 bytes, aligned to as many.
    unsafe { [_mm256_load_si256(from), _mm256_load_si256(from.add(1))] }
}

/// Past the cache, to a line that is borrowed exclusively.
#[inline]
#[target_feature(enable = "avx2")]
fn store(halves: [__m256i; 2], line: *mut Line) {
    let to = line.cast::<__m256i>();
    // SAFETY: a line is 64 bytes, aligned to as many, and the callers borrow it exclusively.
    unsafe { _mm256_stream_si256(to, halves[0]) };
    // SAFETY: as above; this is its second half.
    unsafe { _mm256_stream_si256(to.add(1), halves[1]) };
}
