//! The cursor keeps its place through dropped, inserted and repeated leases, and knows when the trace is over.

use super::*;
use crate::plan::samples::{CHUNK, ring, touch, trace, zigzag};
use proptest::prelude::*;

fn see(cursor: &mut Cursor, chunk: u32) -> Sighting {
    cursor.advance(&[touch(chunk, CHUNK)])
}

/// An exact repetition is expected step by step, positions counting on over passes.
#[test]
fn exact_passes_are_expected() {
    let mut cursor = Cursor::new(&ring(10, 1));
    for position in 10..40 {
        assert_eq!(see(&mut cursor, position as u32 % 10), Sighting::Expected(position));
    }
}

/// Dropped leases are skipped, inserted ones leave the place, repeated ones stay, a return is a return.
#[test]
fn small_deviations_are_resumed() {
    let mut cursor = Cursor::new(&ring(100, 1));
    assert_eq!(see(&mut cursor, 0), Sighting::Expected(100));
    assert_eq!(see(&mut cursor, 4), Sighting::Resumed(104));
    assert_eq!(see(&mut cursor, 777), Sighting::Unknown);
    assert_eq!(cursor.position(), 104);
    assert_eq!(see(&mut cursor, 5), Sighting::Expected(105));
    assert_eq!(see(&mut cursor, 5), Sighting::Resumed(105));
    assert_eq!(see(&mut cursor, 2), Sighting::Resumed(102));
    assert_eq!(see(&mut cursor, 3), Sighting::Expected(103));
    assert!(!cursor.is_stale() && !cursor.is_lost());
}

/// A lone lease from far away does not move the cursor; a run of them, whose context matches, does.
#[test]
fn far_places_need_context() {
    let mut cursor = Cursor::new(&ring(200, 1));
    assert_eq!(see(&mut cursor, 100), Sighting::Unknown);
    assert_eq!(see(&mut cursor, 101), Sighting::Unknown);
    assert_eq!(see(&mut cursor, 102), Sighting::Resumed(302));
    assert_eq!(see(&mut cursor, 103), Sighting::Expected(303));
}

/// Among several places of the same lease the one whose preceding leases match is taken.
#[test]
fn context_decides_between_places() {
    let pass = [1, 2, 9, 3, 4, 9, 5, 6, 7, 8];
    let mut cursor = Cursor::new(&trace(pass.chunks(1)));
    see(&mut cursor, 4);
    assert_eq!(see(&mut cursor, 9), Sighting::Expected(15));
    let mut cursor = Cursor::new(&trace(pass.chunks(1)));
    assert_eq!(see(&mut cursor, 9), Sighting::Resumed(12));
}

/// A marked pass begins at the first step, wherever the last one ended.
#[test]
fn a_mark_goes_to_the_first_step() {
    let mut cursor = Cursor::new(&ring(10, 1));
    cursor.begin_pass();
    assert_eq!(see(&mut cursor, 0), Sighting::Expected(10));
    see(&mut cursor, 6);
    cursor.begin_pass();
    assert_eq!(see(&mut cursor, 0), Sighting::Expected(20));
}

/// A changed program makes the trace stale after about a pass, and lost soon; a trace of nothing finds nothing.
#[test]
fn a_changed_program_is_noticed() {
    let mut cursor = Cursor::new(&ring(50, 1));
    for lease in 0..50 {
        assert_eq!(see(&mut cursor, 1000 + lease), Sighting::Unknown);
        assert_eq!(cursor.is_lost(), lease >= 7);
        assert!(!cursor.is_stale());
    }
    see(&mut cursor, 2000);
    assert!(cursor.is_stale());
    assert_eq!(see(&mut Cursor::new(&Trace::default()), 1), Sighting::Unknown);
}

/// Plays passes of `trace` with one in `rarity` leases dropped or inserted; the share of sightings at the true step.
fn placed(trace: &Trace, noise: &[(u8, u32)], rarity: u8) -> f64 {
    let mut cursor = Cursor::new(trace);
    let (mut right, mut all) = (0, 0);
    let mut noise = noise.iter().cycle();
    for step in (0..trace.steps.len()).cycle().take(8 * trace.steps.len()) {
        let (roll, foreign) = *noise.next().unwrap();
        if roll % (2 * rarity) == 0 {
            continue;
        }
        if roll % (2 * rarity) == 1 {
            cursor.advance(&[touch(1000 + foreign, CHUNK)]);
        }
        cursor.advance(&trace.steps[step].touches);
        all += 1;
        right += u32::from(cursor.position() % trace.steps.len() as u64 == step as u64);
    }
    assert!(!cursor.is_stale());
    f64::from(right) / f64::from(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// With a twentieth of the leases dropped or inserted the cursor is nearly always at the true step.
    #[test]
    fn noise_is_followed(noise in prop::collection::vec(any::<(u8, u32)>(), 997)) {
        prop_assert!(placed(&ring(200, 1), &noise, 20) > 0.99);
        prop_assert!(placed(&zigzag(100), &noise, 20) > 0.97);
    }
}
