//! The second pass uses what the first one taught, noise does not unlearn it, and a changed program is learned anew.

use super::*;
use crate::plan::samples::{CHUNK, ring, touch};

fn follower(chunks: u32, window: u32) -> Follower {
    Follower::new(u64::from(chunks * CHUNK), u64::from(window * CHUNK))
}

fn lease(follower: &mut Follower, chunk: u32) -> Followed {
    follower.lease(&[touch(chunk, CHUNK)])
}

/// Unmarked: learned eight leases into the second pass, then every lease is placed and prefetches come in order.
#[test]
fn a_pass_is_learned_by_itself() {
    let mut follower = follower(12, 4);
    for index in 0..28 {
        let expected = if index == 27 { Followed::Learned } else { Followed::Recording };
        assert_eq!(lease(&mut follower, index % 20), expected);
        assert_eq!(follower.next_use(touch(3, 0).chunk) == NextUse::Never, index < 27);
    }
    let schedule = follower.schedule().unwrap();
    assert_eq!((schedule.len(), schedule.kept_bytes()), (20, u64::from(8 * CHUNK)));
    // The pass as it was recorded ends with the latest lease, chunk 7.
    assert_eq!(follower.trace().unwrap().steps[0].touches, [touch(8, CHUNK)]);
    assert_eq!(follower.next_prefetch(&mut |_| false).map(|touch| touch.chunk.chunk), Some(8));
    assert_eq!(lease(&mut follower, 8), Followed::At(20));
    assert_eq!(follower.position(), Some(20));
}

/// Marked: learned when the second pass begins.
#[test]
fn a_marked_pass_is_learned_at_the_next_mark() {
    let mut follower = follower(12, 4);
    assert_eq!(follower.begin_pass(), Followed::Recording);
    for chunk in 0..20 {
        assert_eq!(lease(&mut follower, chunk), Followed::Recording);
    }
    assert_eq!(follower.begin_pass(), Followed::Learned);
    assert_eq!(follower.next_prefetch(&mut |_| false).map(|touch| touch.chunk.chunk), Some(0));
    assert_eq!(lease(&mut follower, 0), Followed::At(20));
    assert_eq!(follower.begin_pass(), Followed::At(39));
}

/// A dropped and an inserted lease change nothing but the place.
#[test]
fn noise_keeps_the_schedule() {
    let mut follower = follower(12, 4);
    for index in 0..40 {
        let _ = lease(&mut follower, index % 20);
    }
    let before = follower.trace().cloned();
    for pass in 0..10 {
        for chunk in (0..20).filter(|chunk| *chunk != 5 + pass) {
            let _ = lease(&mut follower, chunk);
        }
        assert_eq!(lease(&mut follower, 500 + pass), Followed::Unscheduled);
    }
    assert_eq!(follower.trace(), before.as_ref());
}

/// A program that changes altogether is learned anew within its second pass, marked or not.
#[test]
fn a_changed_program_is_learned_anew() {
    for marked in [false, true] {
        let mut follower = follower(12, 4);
        let mut learned = Vec::new();
        for pass in 0..8 {
            let first = if pass < 4 { 0 } else { 100 };
            let mut told = if marked { vec![follower.begin_pass()] } else { Vec::new() };
            told.extend((first..first + 20).map(|chunk| lease(&mut follower, chunk)));
            if told.contains(&Followed::Learned) {
                learned.push(pass);
            }
        }
        assert_eq!(learned, [1, 5], "marked: {marked}");
        assert_ne!(follower.next_use(touch(110, 0).chunk), NextUse::Never);
    }
}

/// A program that stops repeating loses its schedule after about a pass and is told so.
#[test]
fn a_schedule_that_fits_no_more_is_dropped() {
    let mut follower = follower(12, 4);
    for index in 0..40 {
        let _ = lease(&mut follower, index % 20);
    }
    let told: Vec<Followed> = (0..30).map(|index| lease(&mut follower, 1000 + index)).collect();
    assert_eq!(told.iter().position(|followed| *followed == Followed::Stale), Some(20));
    assert_eq!(told[29], Followed::Recording);
    assert_eq!(follower.next_use(touch(3, 0).chunk), NextUse::Never);
}

/// An inner loop taken for a pass gives way to the pass around it.
#[test]
fn an_inner_loop_gives_way() {
    let mut follower = follower(4, 1);
    for pass in [[1, 2, 1, 2, 1, 2, 3, 4, 5, 6, 7].as_slice(), &[11, 12, 11, 12, 13]] {
        for chunk in pass.repeat(6) {
            let _ = lease(&mut follower, chunk);
        }
        assert_eq!(follower.schedule().map(Schedule::len), Some(pass.len() as u64));
    }
}

/// A pass whose lease the tier cannot hold is not planned, and nothing breaks.
#[test]
fn an_impossible_pass_is_not_planned() {
    let mut follower = follower(1, 0);
    for step in ring(8, 2).steps.iter().cycle().take(12) {
        assert_eq!(follower.lease(&step.touches), Followed::Recording);
    }
    assert!(follower.schedule().is_none());
}

/// Another capacity: the same pass is planned for it and followed from where it was; too small a one drops it.
#[test]
fn a_resized_tier_is_planned_anew() {
    let mut follower = follower(12, 4);
    for index in 0..45 {
        let _ = lease(&mut follower, index % 20);
    }
    let position = follower.position();
    let bytes = |chunks: u32| u64::from(chunks * CHUNK);
    for (capacity, window, kept) in [(8, 2, 6), (18, 4, 14), (25, 4, 20), (12, 4, 8)] {
        assert_eq!(follower.resize(bytes(capacity), bytes(window)), Followed::Learned);
        assert_eq!(follower.schedule().unwrap().kept_bytes(), bytes(kept), "{capacity} chunks");
        assert_eq!(follower.position(), position);
    }
    assert_eq!(lease(&mut follower, 5), Followed::At(position.unwrap() + 1));
    assert_eq!(follower.resize(1, 1), Followed::Stale);
    assert!(follower.schedule().is_none());
    assert_eq!(follower.resize(bytes(12), bytes(4)), Followed::Recording);
}

/// A long pass is planned by whoever takes the task; the follower goes on, and is where the program is when the plan
/// comes.
#[test]
fn a_long_pass_is_planned_aside() {
    let mut follower = Follower::new(u64::from(1000 * CHUNK), u64::from(100 * CHUNK)).planned_aside();
    let len = PLANNED_AT_ONCE as u32 + 100;
    for _ in 0..2 {
        assert_eq!(follower.begin_pass(), Followed::Recording);
        (0..len).for_each(|chunk| assert_eq!(lease(&mut follower, chunk), Followed::Recording));
    }
    let task = follower.task().expect("a pass is to be planned");
    assert!(follower.task().is_none() && follower.schedule().is_none());
    assert_eq!(follower.begin_pass(), Followed::Recording);
    (0..50).for_each(|chunk| assert_eq!(lease(&mut follower, chunk), Followed::Recording));
    assert_eq!(follower.install(task.plan()), Followed::Learned);
    assert_eq!(follower.schedule().map(Schedule::len), Some(u64::from(len)));
    assert!(matches!(lease(&mut follower, 50), Followed::At(position) if position % u64::from(len) == 50));
}

/// Of a tier that has another size by now, or a program that does something else, no plan is followed.
#[test]
fn a_plan_that_comes_too_late_is_dropped() {
    let len = PLANNED_AT_ONCE as u32 + 100;
    let learning = || {
        let mut follower = Follower::new(u64::from(1000 * CHUNK), u64::from(100 * CHUNK)).planned_aside();
        for _ in 0..2 {
            let _ = follower.begin_pass();
            (0..len).for_each(|chunk| assert_eq!(lease(&mut follower, chunk), Followed::Recording));
        }
        let task = follower.task().expect("a pass is to be planned");
        (follower, task)
    };
    let (mut follower, task) = learning();
    assert_eq!(follower.resize(u64::from(500 * CHUNK), u64::from(50 * CHUNK)), Followed::Recording);
    assert_eq!(follower.install(task.plan()), Followed::Unscheduled);
    let anew = follower.task().expect("planned for the new size");
    assert_eq!(follower.install(anew.plan()), Followed::Learned);
    assert_eq!(follower.schedule().map(Schedule::capacity_bytes), Some(u64::from(500 * CHUNK)));

    let (mut follower, task) = learning();
    for chunk in 0..500 {
        let _ = lease(&mut follower, 9000 + chunk * 37 % 501);
    }
    assert_eq!(follower.install(task.plan()), Followed::Unscheduled);
    assert!(follower.schedule().is_none());
}
