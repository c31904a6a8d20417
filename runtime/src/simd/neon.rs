//! NEON: 128-bit vectors, half floats converted four at a time. It has no stores past the cache that Rust can name.

use super::kernels::{self, Kernels, compiled_with};
use crate::number::f16;
use crate::number::sealed::{Stored, Value};
use std::arch::aarch64::{
    vcvt_f16_f32, vcvt_f32_f16, vld1_u16, vld1q_f32, vreinterpret_f16_u16, vreinterpret_u16_f16, vst1_u16,
    vst1q_f32,
};
use std::arch::is_aarch64_feature_detected;

/// Proof that the machine has NEON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neon(());

impl Neon {
    pub(super) fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

impl Kernels for Neon {
    compiled_with!("neon");

    fn widen(self, from: &[f16], to: &mut [f32]) {
        let (whole, rest) = from.as_chunks::<4>();
        let (to_whole, to_rest) = to.as_chunks_mut::<4>();
        // SAFETY: `self` proves that the machine has these features.
        unsafe { widen(whole, to_whole) };
        self.values(rest, to_rest);
    }

    fn narrow(self, from: &[f32], to: &mut [f16]) {
        let (whole, rest) = from.as_chunks::<4>();
        let (to_whole, to_rest) = to.as_chunks_mut::<4>();
        // SAFETY: `self` proves that the machine has these features.
        unsafe { narrow(whole, to_whole) };
        self.values(rest, to_rest);
    }
}

#[target_feature(enable = "neon")]
fn widen(from: &[[f16; 4]], to: &mut [[f32; 4]]) {
    for (from, to) in from.iter().zip(to) {
        // SAFETY: the 8 bytes behind the pointer are those of `from`.
        let halves = unsafe { vld1_u16(from.as_ptr().cast::<u16>()) };
        // SAFETY: the 16 bytes behind the pointer are those of `to`, borrowed exclusively.
        unsafe { vst1q_f32(to.as_mut_ptr(), vcvt_f32_f16(vreinterpret_f16_u16(halves))) };
    }
}

#[target_feature(enable = "neon")]
fn narrow(from: &[[f32; 4]], to: &mut [[f16; 4]]) {
    for (from, to) in from.iter().zip(to) {
        // SAFETY: the 16 bytes behind the pointer are those of `from`.
        let halves = vcvt_f16_f32(unsafe { vld1q_f32(from.as_ptr()) });
        // SAFETY: the 8 bytes behind the pointer are those of `to`, borrowed exclusively.
        unsafe { vst1_u16(to.as_mut_ptr().cast::<u16>(), vreinterpret_u16_f16(halves)) };
    }
}
