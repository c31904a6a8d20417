//! Promise: an optimiser whose states do not fit gives the bits that it gives in memory, within its budget; groups that
//! are frozen are never written.

use crate::world::{directory, engine, value};
use stratal::{Dyn, Engine, Policy, Tensor, TierKind};

type State = Tensor<f32, (Dyn,)>;

const LEN: usize = 300_000;

fn states(engine: &Engine, name: &str, groups: usize) -> Vec<State> {
    (0..groups).map(|group| engine.zeros(&format!("{name}.{group}"), [LEN]).unwrap()).collect()
}

fn gradient(step: i32, group: usize, at: usize, parameter: f32) -> f32 {
    0.1 * parameter + ((step as usize * 7 + group * 13 + at) % 97) as f32 / 97.0 - 0.5
}

/// A step over a group; the gradient has been made.
fn adam(step: i32, gradient: &[f32], states: [&mut [f32]; 3]) {
    let [parameters, first, second] = states;
    let corrected = [1.0 - 0.9_f32.powi(step), 1.0 - 0.999_f32.powi(step)];
    for (at, g) in gradient.iter().enumerate() {
        first[at] = 0.9 * first[at] + 0.1 * g;
        second[at] = 0.999 * second[at] + 0.001 * g * g;
        parameters[at] -= 1e-3 * (first[at] / corrected[0]) / ((second[at] / corrected[1]).sqrt() + 1e-8);
    }
}

fn in_memory(group: usize, steps: i32) -> Vec<f32> {
    let [mut p, mut m, mut v] = [(); 3].map(|()| vec![0.0; LEN]);
    for step in 1..=steps {
        let pull: Vec<f32> = p.iter().enumerate().map(|(at, p)| gradient(step, group, at, *p)).collect();
        adam(step, &pull, [&mut p, &mut m, &mut v]);
    }
    p
}

/// Three times the budget: parameters, moments and the gradient of one group at a time, all counted.
#[test]
fn adam_gives_the_bits_that_it_gives_in_memory() {
    let dir = directory();
    let engine = engine(dir.path(), "12 MiB");
    let [p, m, v] = ["p", "m", "v"].map(|name| states(&engine, name, 10));
    let pull: State = engine.zeros("gradient", [LEN]).unwrap();
    for step in 1..=4 {
        engine.begin_pass();
        for group in 0..p.len() {
            let [mut p, mut m, mut v] = [&p, &m, &v].map(|states| states[group].write().unwrap());
            let mut pull = pull.write().unwrap();
            for (at, (g, p)) in pull.as_mut_slice().iter_mut().zip(p.iter()).enumerate() {
                *g = gradient(step, group, at, *p);
            }
            adam(step, &pull, [p.as_mut_slice(), m.as_mut_slice(), v.as_mut_slice()]);
        }
    }
    for (group, found) in p.iter().enumerate() {
        let (found, right) = (found.read().unwrap(), in_memory(group, 4));
        let wrong = found.iter().zip(&right).position(|(found, right)| found.to_bits() != right.to_bits());
        assert_eq!(wrong, None, "group {group}");
    }
    let report = engine.report();
    assert!(report.peak_bytes <= 12 << 20 && report.counters.spills > 0, "{report}");
}

/// What the learned plan lets go is written down when its lease ends, so that what is fetched next finds clean copies:
/// without it every eviction of an optimiser's states waits for a write.
#[test]
fn states_are_written_before_their_room_is_needed() {
    let dir = directory();
    let policy = Policy::builder().tier("dram", TierKind::Dram, "12 MiB").spill_directory(dir.path());
    // Only the plan writes early.
    let policy = policy.prefetch_window("3 MiB").high_watermark(1.0).low_watermark(1.0).build().unwrap();
    let engine = Engine::builder().policy(policy).build().unwrap();
    let p = states(&engine, "p", 24);
    let pass = || {
        engine.begin_pass();
        for parameters in &p {
            parameters.write().unwrap().as_mut_slice().iter_mut().for_each(|p| *p += 1.0);
        }
    };
    (0..3).for_each(|_| pass());
    let before = engine.counters();
    (0..4).for_each(|_| pass());
    let moved = engine.counters() - before;
    assert!(moved.evictions_clean > 0, "{moved}");
    // Every write is one that an eviction needs, but for those of copies that are still here.
    assert!(moved.spills <= moved.evictions_clean + moved.evictions_spilled + 12, "{moved}");
    assert!(p.iter().all(|parameters| parameters.read().unwrap().iter().all(|p| *p == 7.0)));
}

/// Parameters that are only read cost their spill once, and no byte after it.
#[test]
fn frozen_groups_are_never_written() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let p = states(&engine, "p", 16);
    for (group, parameters) in p.iter().enumerate() {
        parameters
            .write()
            .unwrap()
            .as_mut_slice()
            .iter_mut()
            .enumerate()
            .for_each(|(at, p)| *p = value(group, at));
    }
    let pass = || {
        engine.begin_pass();
        for (group, parameters) in p.iter().enumerate() {
            assert!(parameters.read().unwrap().iter().enumerate().all(|(at, &p)| p == value(group, at)));
        }
    };
    // The last dirty copies go down.
    pass();
    pass();
    let before = engine.counters();
    (0..4).for_each(|_| pass());
    let moved = engine.counters() - before;
    assert_eq!(moved.bytes_written, 0, "{moved}");
    assert!(moved.bytes_read > 0, "{moved}");
}
