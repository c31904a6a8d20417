//! MIN is the true minimum for equal chunks, and what is printed beside every run.

use super::*;
use crate::plan::samples::{CHUNK, arbitrary, ring, trace, widest, zigzag};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

type Chunks = BTreeSet<u32>;

/// Tries every choice of evictions: the fewest chunks fetched from `at` on, given what is present.
fn brute_force(steps: &[Chunks], at: usize, present: &Chunks, room: usize, known: &mut Known) -> usize {
    let Some(step) = steps.get(at) else { return 0 };
    if let Some(fewest) = known.get(&(at, present.clone())) {
        return *fewest;
    }
    let missing = step.difference(present).count();
    let spare: Vec<u32> = present.difference(step).copied().collect();
    let kept_most = room - step.len();
    let mut fewest = usize::MAX;
    for choice in 0..1_usize << spare.len() {
        if choice.count_ones() as usize > kept_most {
            continue;
        }
        let kept =
            spare.iter().enumerate().filter(|(bit, _)| choice >> bit & 1 == 1).map(|(_, chunk)| *chunk);
        let after: Chunks = kept.chain(step.iter().copied()).collect();
        fewest = fewest.min(brute_force(steps, at + 1, &after, room, known));
    }
    known.insert((at, present.clone()), missing + fewest);
    missing + fewest
}

type Known = HashMap<(usize, Chunks), usize>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No choice of evictions fetches fewer equal chunks than MIN says, and some choice fetches as many.
    #[test]
    fn is_the_minimum_by_brute_force(trace in arbitrary(6, 5, false), extra in 0_u64..4, passes in 1_u32..4) {
        let room = widest(&trace) + extra;
        let sets: Vec<Chunks> =
            trace.steps.iter().map(|step| step.touches.iter().map(|touch| touch.chunk.chunk).collect()).collect();
        let all: Vec<Chunks> = sets.iter().cycle().take(sets.len() * passes as usize).cloned().collect();
        let fewest = brute_force(&all, 0, &Chunks::new(), room as usize, &mut Known::new());
        let counted: u64 = bytes_per_pass(&trace, room, passes).unwrap().iter().sum();
        prop_assert_eq!(counted, fewest as u64);
    }

    /// More room never costs bytes for equal chunks, and with room for all only the first pass reads.
    #[test]
    fn falls_with_room(trace in arbitrary(12, 20, false)) {
        let total = trace.distinct_bytes();
        let sums: Vec<u64> = (widest(&trace)..=total)
            .map(|room| bytes_per_pass(&trace, room, 4).unwrap().iter().sum())
            .collect();
        prop_assert!(sums.windows(2).all(|pair| pair[0] >= pair[1]));
        prop_assert_eq!(bytes_per_pass(&trace, total, 3).unwrap(), [total, 0, 0]);
    }
}

/// A ring of N chunks in room for C misses (N−C)/(N−1) of its uses, the known optimum.
#[test]
fn a_ring_misses_the_known_share() {
    for (n, room) in [(8, 3), (64, 16), (100, 99), (32, 24)] {
        // N−1 passes are a whole number of periods of MIN's choice; the first pass fills.
        let passes = n - 1;
        let bytes = bytes_per_pass(&ring(n, 1), u64::from(room * CHUNK), passes + 40).unwrap();
        let steady: u64 = bytes[20..][..passes as usize].iter().sum();
        assert_eq!(steady, u64::from(n * (n - room) * CHUNK), "ring {n} in {room}");
    }
}

/// Forward then backward, MIN reuses what it has at both ends: 2(N−C) of 2N uses miss.
#[test]
fn a_zigzag_misses_only_what_does_not_fit() {
    let bytes = bytes_per_pass(&zigzag(40), u64::from(10 * CHUNK), 4).unwrap();
    assert_eq!(bytes[2], u64::from(2 * 30 * CHUNK));
}

/// A step that cannot fit is an error that says how much there is, not a loop or a wrong number.
#[test]
fn a_step_wider_than_the_tier_is_refused() {
    let wide = trace([[0, 1, 2].as_slice()]);
    let error = bytes_per_pass(&wide, u64::from(2 * CHUNK), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Budget);
}

/// Empty traces and zero passes read nothing.
#[test]
fn nothing_reads_nothing() {
    assert_eq!(bytes_per_pass(&Trace::default(), 0, 2).unwrap(), [0, 0]);
    assert!(bytes_per_pass(&ring(4, 1), 10_000, 0).unwrap().is_empty());
}
