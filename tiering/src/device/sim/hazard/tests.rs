//! The book of uses, asked directly: order is known through events and the host, and splits keep what they split.

use super::{Access, Hazards, Place, Violation};

const PLACE: Place = Place::Device(0);

fn touch(range: std::ops::Range<u64>, writes: bool) -> [Access; 1] {
    [Access { place: PLACE, range, writes }]
}

fn seen(hazards: &Hazards) -> Vec<Violation> {
    hazards.seen().iter().map(|seen| seen.violation).collect()
}

#[test]
fn parts_of_a_range_keep_their_own_writers() {
    let mut hazards = Hazards::default();
    hazards.submit(1, "write", &touch(0..100, true));
    hazards.submit(2, "write", &touch(100..200, true));
    hazards.record(7, 1);
    hazards.wait(3, 7);
    hazards.submit(3, "read", &touch(50..100, false));
    assert_eq!(seen(&hazards), []);
    hazards.submit(3, "read", &touch(50..101, false));
    assert_eq!(seen(&hazards), [Violation::Early]);
    hazards.submit(3, "read", &touch(150..201, false));
    assert_eq!(seen(&hazards), [Violation::Early, Violation::Early, Violation::Unwritten]);
}

#[test]
fn what_the_host_saw_is_known_to_all_that_comes_later() {
    let mut hazards = Hazards::default();
    hazards.submit(1, "write", &touch(0..10, true));
    hazards.record(7, 1);
    hazards.host_saw(7);
    hazards.submit(2, "write", &touch(0..10, true));
    hazards.free("unmap", PLACE, 0..10, false);
    assert_eq!(seen(&hazards), [Violation::Freed]);
    hazards.all_ended();
    hazards.free("unmap", PLACE, 0..10, true);
    hazards.submit(2, "read", &touch(0..10, false));
    assert_eq!(seen(&hazards), [Violation::Freed, Violation::Unwritten]);
}

#[test]
fn waits_carry_what_the_waited_for_had_waited_for() {
    let mut hazards = Hazards::default();
    hazards.submit(1, "write", &touch(0..10, true));
    hazards.record(1, 1);
    hazards.wait(2, 1);
    hazards.submit(2, "other", &[]);
    hazards.record(2, 2);
    hazards.submit(2, "read", &touch(0..10, false));
    hazards.wait(3, 2);
    hazards.submit(3, "read", &touch(0..10, false));
    assert_eq!(seen(&hazards), []);
    hazards.submit(3, "write", &touch(5..6, true));
    assert_eq!(seen(&hazards), [Violation::Overwritten]);
}

#[test]
fn what_a_kernel_may_have_written_is_no_longer_unwritten() {
    let mut hazards = Hazards::default();
    hazards.submit(1, "launch", &touch(10..11, true));
    hazards.presume(PLACE, 10..100);
    hazards.submit(1, "read", &touch(10..100, false));
    hazards.submit(2, "write", &touch(50..60, true));
    hazards.submit(2, "read", &touch(50..60, false));
    assert_eq!(seen(&hazards), [Violation::Overwritten]);
    hazards.submit(1, "read", &touch(9..12, false));
    assert_eq!(seen(&hazards), [Violation::Overwritten, Violation::Unwritten]);
}
