//! Look-ups of 64 bytes at once (AVX-512 VBMI).
//!
//! One byte of what a byte becomes is looked up in a plane of 256, which is two instructions of 128 each; results of
//! two or four bytes are put together from planes. Putting together works within quarters of a vector, so the bytes
//! are first brought into the order that makes the results come out in theirs.

use super::super::kernels;
use super::super::table::Table;
use std::arch::x86_64::{
    __m512i, _mm512_loadu_si512, _mm512_mask_blend_epi8, _mm512_movepi8_mask, _mm512_permutex2var_epi8,
    _mm512_permutexvar_epi32, _mm512_permutexvar_epi64, _mm512_setr_epi32, _mm512_setr_epi64,
    _mm512_storeu_si512, _mm512_unpackhi_epi8, _mm512_unpackhi_epi16, _mm512_unpacklo_epi8,
    _mm512_unpacklo_epi16,
};

/// Proof that the machine has AVX-512 VBMI, beside F and BW.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vbmi(());

impl Vbmi {
    /// Asked where F and BW are known to be there.
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512vbmi").then_some(Self(()))
    }

    /// As [`kernels::look_up`].
    pub(super) fn look_up<const WIDTH: usize>(self, table: &Table, bytes: &[u8], to: &mut [[u8; WIDTH]]) {
        let (whole, rest) = bytes.as_chunks::<64>();
        let (to_whole, to_rest) = to.as_chunks_mut::<64>();
        // SAFETY: `self` proves that the machine has these features.
        unsafe { look_up(table, whole, to_whole) };
        kernels::look_up(table, rest, to_rest);
    }
}

/// A plane in four vectors.
type Plane = [__m512i; 4];

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn look_up<const WIDTH: usize>(table: &Table, from: &[[u8; 64]], to: &mut [[[u8; WIDTH]; 64]]) {
    let planes: [Plane; 4] = [plane(table, 0), plane(table, 1), plane(table, 2), plane(table, 3)];
    for (from, to) in from.iter().zip(to) {
        let bytes = load(from);
        let to = to.as_flattened_mut();
        match WIDTH {
            1 => store([one(&planes[0], bytes)], to),
            2 => {
                let bytes = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), bytes);
                store(two(&planes[0], &planes[1], bytes), to);
            }
            _ => {
                let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
                let bytes = _mm512_permutexvar_epi32(order, bytes);
                let [low, high] = two(&planes[0], &planes[1], bytes);
                let [upper_low, upper_high] = two(&planes[2], &planes[3], bytes);
                let first = [_mm512_unpacklo_epi16(low, upper_low), _mm512_unpackhi_epi16(low, upper_low)];
                let last = [_mm512_unpacklo_epi16(high, upper_high), _mm512_unpackhi_epi16(high, upper_high)];
                store([first[0], first[1], last[0], last[1]], to);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn plane(table: &Table, number: usize) -> Plane {
    let (quarters, _) = table.planes[number].as_chunks::<64>();
    [load(&quarters[0]), load(&quarters[1]), load(&quarters[2]), load(&quarters[3])]
}

/// The byte of a plane for each of `bytes`: from its lower or its upper half, as their highest bit says.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn one(plane: &Plane, bytes: __m512i) -> __m512i {
    let lower = _mm512_permutex2var_epi8(plane[0], bytes, plane[1]);
    let upper = _mm512_permutex2var_epi8(plane[2], bytes, plane[3]);
    _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), lower, upper)
}

/// The bytes of two planes side by side: of the first eight bytes of each quarter, and of its last eight.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn two(low: &Plane, high: &Plane, bytes: __m512i) -> [__m512i; 2] {
    let (low, high) = (one(low, bytes), one(high, bytes));
    [_mm512_unpacklo_epi8(low, high), _mm512_unpackhi_epi8(low, high)]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the 64 bytes behind the pointer are those of `bytes`.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast::<__m512i>()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store<const N: usize>(vectors: [__m512i; N], to: &mut [u8]) {
    let (to, _) = to.as_chunks_mut::<64>();
    for (vector, to) in vectors.into_iter().zip(to) {
        // SAFETY: the 64 bytes behind the pointer are those of `to`, borrowed exclusively.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast::<__m512i>(), vector) };
    }
}
