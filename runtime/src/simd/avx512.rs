//! AVX-512 (F, BW, DQ, VL): 512-bit vectors, half floats converted sixteen at a time. With VBMI also look-ups.
//!
//! Its BF16 instruction is left alone: it takes subnormal numbers for zero, and the loop over integers that it would
//! replace waits for memory all the same.

use super::kernels::{self, Kernels, Line, compiled_with};
use super::table::Table;
use crate::number::sealed::{Stored, Value};
use crate::number::{Odd, f16};
use std::arch::x86_64::{
    __m256i, __m512i, _MM_FROUND_TO_NEAREST_INT, _mm_sfence, _mm256_loadu_si256, _mm256_storeu_si256,
    _mm512_cvtph_ps, _mm512_cvtps_ph, _mm512_load_si512, _mm512_loadu_ps, _mm512_storeu_ps,
    _mm512_stream_si512,
};
use std::mem::MaybeUninit;

mod look_up;
mod narrow;
mod odd;

use look_up::Vbmi;

/// Proof that the machine has AVX-512 F, BW, DQ and VL, and maybe look-ups by vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Avx512 {
    look_up: Option<Vbmi>,
}

impl Avx512 {
    /// The sets of this family that the machine has: without look-ups, and with them.
    pub(super) fn detect() -> impl Iterator<Item = Self> {
        let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        let whole = is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl");
        let plain = (wide && whole).then_some(Self { look_up: None });
        let vbmi = plain.and_then(|_| Vbmi::detect()).map(|vbmi| Self { look_up: Some(vbmi) });
        plain.into_iter().chain(vbmi)
    }

    pub(super) const fn name(self) -> &'static str {
        if self.look_up.is_some() { "avx512vbmi" } else { "avx512" }
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
        unsafe { narrow_halves(whole, to_whole) };
        self.values(rest, to_rest);
    }

    fn odd<T: Value>(self, from: &[T], to: &mut [Odd]) {
        let done = odd::whole_vectors(self, from, to);
        self.values(&from[done..], &mut to[done..]);
    }

    fn singles<U: Value>(self, from: &[f32], to: &mut [U]) {
        let done = narrow::whole_vectors(self, from, to);
        self.values(&from[done..], &mut to[done..]);
    }

    fn looks_up(self) -> bool {
        self.look_up.is_some()
    }

    fn look_up<const WIDTH: usize>(self, table: &Table, bytes: &[u8], to: &mut [[u8; WIDTH]]) {
        match self.look_up {
            Some(vectors) => vectors.look_up(table, bytes, to),
            None => kernels::look_up(table, bytes, to),
        }
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
fn narrow_halves(from: &[[f32; 16]], to: &mut [[f16; 16]]) {
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
fn stream_fill(line: &Line, to: &mut [MaybeUninit<Line>]) {
    // SAFETY: a line is 64 bytes, aligned to as many.
    let line = unsafe { _mm512_load_si512(line.0.as_ptr().cast::<__m512i>()) };
    for to in to {
        // SAFETY: as above, and borrowed exclusively.
        unsafe { _mm512_stream_si512(to.as_mut_ptr().cast::<__m512i>(), line) };
    }
}
