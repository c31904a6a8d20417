//! Promises of trails: steps are read once, whole and in order, and those that found no room are counted.

use super::*;

#[cfg(not(stratal_loom))]
mod real {
    use super::*;
    use std::thread;

    /// Whatever the reader does meanwhile, read and lost steps together are all steps, in order.
    #[test]
    fn every_step_is_read_or_counted() {
        let trail = Trail::new(64);
        let steps = if cfg!(miri) { 200 } else { 200_000 };
        let (mut seen, mut lost) = (Vec::new(), 0);
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                (0..steps).filter(|at| !trail.note(Step { at: *at, what: !*at }, 1)).count() as u64
            });
            while !writer.is_finished() {
                lost += trail.read(&mut |step| seen.push(step)).lost;
            }
            lost += trail.read(&mut |step| seen.push(step)).lost;
            assert_eq!(writer.join().unwrap(), lost);
        });
        assert!(trail.is_empty());
        assert_eq!(seen.len() as u64 + lost, steps);
        assert!(seen.is_sorted() && seen.iter().all(|step| step.what == !step.at));
    }

    /// Skipping counts what it threw away.
    #[test]
    fn skipped_steps_are_counted() {
        let trail = Trail::new(4);
        let noted = (0..6).filter(|at| trail.note(Step { at: *at, what: 0 }, 2)).count();
        let all = Told { lost: 6, weight: 12 };
        assert_eq!((noted, trail.skip(), trail.is_empty(), trail.skip()), (4, all, true, Told::default()));
    }
}

#[cfg(stratal_loom)]
mod modelled {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    /// Three steps through two slots: what is read is whole and in order.
    #[test]
    fn loom_finds_every_step_whole() {
        loom::model(|| {
            let ring = Arc::new(Ring::<Paired>::new(2));
            let other = Arc::clone(&ring);
            let writer = thread::spawn(move || {
                (1..=3).filter(|at| !other.note(Step { at: *at, what: at * 10 }, 1)).count() as u64
            });
            let mut seen = Vec::new();
            let mut lost = ring.read(&mut |step| seen.push(step)).lost;
            let refused = writer.join().unwrap();
            lost += ring.read(&mut |step| seen.push(step)).lost;
            assert_eq!((lost, seen.len() as u64 + lost), (refused, 3));
            let whole = |step: &Step| step.at > 0 && step.what == step.at * 10;
            assert!(seen.iter().all(whole), "half a step: {seen:?}");
            assert!(seen.is_sorted(), "out of order: {seen:?}");
        });
    }
}
