//! Promises of lossless storage: bit for bit, smaller or refused, and garbage is an error.

use super::*;
use proptest::prelude::*;

fn numbers(count: usize, spread: f32) -> Vec<u8> {
    let mut state = 7_u64;
    let number = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * spread
    };
    (0..count).map(number).flat_map(f32::to_le_bytes).collect()
}

/// Stores and restores; the bytes it took, `None` if refused.
fn round_trip(width: usize, input: &[u8]) -> Option<usize> {
    let mut space = Space::default();
    let mut stored = vec![0; input.len()];
    let len = encode(width, input, &mut stored, input.len() / 8 * 7, &mut space)?;
    assert!(len <= input.len() / 8 * 7);
    let mut output = vec![1; input.len()];
    decode(width, &stored[..len], &mut output, &mut space).unwrap();
    assert!(output == input, "width {width}, {} bytes", input.len());
    Some(len)
}

/// Planes that compress are compressed, others are not: random mantissas keep their bytes, exponents go.
#[test]
fn each_plane_is_stored_by_what_suits_it() {
    let random: Vec<u8> = numbers(1 << 19, 1.0).into_iter().map(|byte| byte.wrapping_mul(167) ^ 91).collect();
    assert!(round_trip(1, &random).is_none(), "random bytes are refused");
    let rounded: Vec<u8> = numbers(1 << 19, 0.02).chunks(4).flat_map(|x| [0, 0, x[2], x[3]]).collect();
    assert!(round_trip(4, &rounded).is_some_and(|len| len < rounded.len() * 51 / 100), "zero planes go");
    let sparse: Vec<u8> = (0..1 << 21).map(|at| if at % 65_536 < 1024 { at as u8 } else { 0 }).collect();
    assert!(round_trip(4, &sparse).is_some_and(|len| len < sparse.len() / 40));
    let counters: Vec<u8> = (0..1 << 18_u32).flat_map(u64::to_le_bytes).collect();
    assert!(round_trip(8, &counters).is_some_and(|len| len < counters.len() / 3));
}

proptest! {
    /// Anything comes back bit for bit or is refused.
    #[test]
    fn anything_comes_back(width in 1_usize..=16, seed in prop::collection::vec(any::<u8>(), 1..40), len in 1_usize..600_000) {
        let input: Vec<u8> = seed.iter().cycle().take(len).copied().collect();
        round_trip(width, &input);
    }

    /// Any bytes in place of stored ones are an error or a chunk, never a panic.
    #[test]
    fn garbage_is_an_error(width in 0_usize..20, len in 0_usize..3000, stored in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut output = vec![0; len];
        let _ = decode(width, &stored, &mut output, &mut Space::default());
    }

    /// Every single flip of what was stored is an error or another chunk of the same length.
    #[test]
    fn flips_are_no_panic(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let input = numbers(5000, 0.1);
        let (mut space, mut stored) = (Space::default(), vec![0; input.len()]);
        let len = encode(4, &input, &mut stored, input.len(), &mut space).unwrap();
        stored[at.index(len)] ^= 1 << bit;
        let mut output = vec![0; input.len()];
        let _ = decode(4, &stored[..len], &mut output, &mut space);
    }
}
