//! A pass is found by itself, soon, and not where there is none.

use super::*;
use crate::plan::samples::{CHUNK, touch};

/// Records chunk numbers as one-chunk leases; the lengths of the passes found, with where.
fn found(leases: impl IntoIterator<Item = u32>) -> Vec<(usize, usize)> {
    let mut recorder = Recorder::new();
    let mut found = Vec::new();
    for (index, chunk) in leases.into_iter().enumerate() {
        if recorder.record(&[touch(chunk, CHUNK)]) {
            found.push((index + 1, recorder.repeating().unwrap().len()));
        }
    }
    found
}

fn repeated(pass: &[u32], passes: usize) -> impl Iterator<Item = u32> {
    pass.iter().copied().cycle().take(pass.len() * passes)
}

/// A pass of a hundred leases is found eight leases into its second round, once; a short one at its end.
#[test]
fn a_repeated_pass_is_found_in_its_second_round() {
    let hundred: Vec<u32> = (0..100).collect();
    assert_eq!(found(repeated(&hundred, 4)), [(108, 100)]);
    assert_eq!(found(repeated(&[1, 2, 3], 5)), [(6, 3)]);
}

/// Forward then backward uses every lease twice a pass; the pass is the whole of it.
#[test]
fn a_zigzag_is_one_pass() {
    let pass: Vec<u32> = (0..20).chain((0..20).rev()).collect();
    assert_eq!(found(repeated(&pass, 3)), [(48, 40)]);
}

/// A few identical leases in a row are no pass; many are.
#[test]
fn a_few_identical_leases_are_no_pass() {
    let pass: Vec<u32> = [7, 7, 7, 7].into_iter().chain(0..20).collect();
    assert_eq!(found(repeated(&pass, 3)), [(32, 24)]);
    assert_eq!(found(std::iter::repeat_n(7, 20)), [(9, 1)]);
}

/// An inner loop may be taken for a pass, but the pass around it is found when it has repeated.
#[test]
fn a_pass_around_an_inner_loop_is_found() {
    let pass = [1, 2, 1, 2, 3, 4, 5, 6, 7];
    assert_eq!(found(repeated(&pass, 4)).last().map(|(_, len)| *len), Some(9));
}

/// What never repeats is no pass.
#[test]
fn what_never_repeats_is_no_pass() {
    assert_eq!(found(0..1000), []);
}

/// Marked passes are what lies between two marks; what came before the first mark belongs to none.
#[test]
fn marked_passes_lie_between_marks() {
    let mut recorder = Recorder::new();
    recorder.record(&[touch(9, CHUNK)]);
    assert_eq!(recorder.begin_pass(), None);
    for chunk in [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2] {
        assert!(!recorder.record(&[touch(chunk, CHUNK), touch(chunk + 50, CHUNK)]));
    }
    let trace = recorder.begin_pass().unwrap();
    assert_eq!(
        (trace.steps.len(), &trace.steps[0].touches[..]),
        (11, &[touch(1, CHUNK), touch(51, CHUNK)][..])
    );
    assert_eq!(recorder.begin_pass(), None);
}

/// The history stays bounded, and a pass longer than what was trimmed away is still found.
#[test]
fn a_long_history_is_trimmed() {
    let mut recorder = Recorder::new();
    let wide: Vec<Touch> = (0..4096).map(|chunk| touch(chunk, CHUNK)).collect();
    for lease in 0..600_u32 {
        let mut touches = wide.clone();
        touches[0] = touch(10_000 + lease, CHUNK);
        recorder.record(&touches);
    }
    assert!(recorder.touches.len() <= HISTORY_TOUCHES + wide.len());
    assert_eq!(recorder.repeating(), None);
    for lease in [1, 2, 3, 4, 5].repeat(3) {
        recorder.record(&[touch(lease, CHUNK)]);
    }
    assert_eq!(recorder.repeating().map(|pass| pass.len()), Some(5));
    assert_eq!(recorder.trace(&recorder.repeating().unwrap()).steps[0].touches, [touch(1, CHUNK)]);
}
