//! Adam whose parameters and moments, 24 MiB of them, live under a budget of 8: what does not fit is on disk, and every
//! bit is as in memory.
//!
//! `cargo run --example 05_adam_under_a_budget`

use stratal::{Dyn, Engine, Policy, Result, Tensor, TierKind};

const GROUPS: usize = 8;
const LEN: usize = 1 << 18;
const STEPS: i32 = 4;
/// The last groups are frozen: their parameters are used and never change.
const FROZEN: usize = 2;

type State = Tensor<f32, (Dyn,)>;

/// One step of Adam over a group; all four slices have the same length.
fn adam(step: i32, gradient: &[f32], parameters: &mut [f32], first: &mut [f32], second: &mut [f32]) {
    let (c1, c2) = (1.0 / (1.0 - 0.9_f32.powi(step)), 1.0 / (1.0 - 0.999_f32.powi(step)));
    for (((g, p), m), v) in gradient.iter().zip(parameters).zip(first).zip(second) {
        *m = 0.9 * *m + 0.1 * g;
        *v = 0.999 * *v + 0.001 * g * g;
        *p -= 1e-3 * (*m * c1) / ((*v * c2).sqrt() + 1e-8);
    }
}

fn begin(group: usize, parameters: &mut [f32]) {
    parameters
        .iter_mut()
        .enumerate()
        .for_each(|(at, p)| *p = ((group * 31 + at) % 1009) as f32 / 1009.0 - 0.5);
}

/// Made for one group at a time, and so never more than that in memory.
fn gradient(step: i32, parameters: &[f32], gradient: &mut [f32]) {
    gradient.iter_mut().zip(parameters).for_each(|(g, p)| *g = 0.1 * p + 1e-2 * step as f32);
}

fn main() -> Result<()> {
    let policy = Policy::builder().tier("dram", TierKind::Dram, "8 MiB").build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let states = |name: &str| -> Result<Vec<State>> {
        (0..GROUPS).map(|group| engine.zeros(&format!("{name}.{group}"), [LEN])).collect()
    };
    let [parameters, first, second] = [states("parameters")?, states("first")?, states("second")?];
    let pull: State = engine.zeros("gradient", [LEN])?; // counts against the budget like everything else

    for (group, parameters) in parameters.iter().enumerate() {
        begin(group, parameters.write()?.as_mut_slice());
    }
    for step in 1..=STEPS {
        engine.begin_pass(); // the engine learns the order, fetches ahead and writes behind
        for group in 0..GROUPS {
            if group >= GROUPS - FROZEN {
                parameters[group].read()?; // a clean copy is forgotten, not written
                continue;
            }
            let (mut p, mut m, mut v) =
                (parameters[group].write()?, first[group].write()?, second[group].write()?);
            let mut g = pull.write()?;
            gradient(step, &p, g.as_mut_slice());
            adam(step, &g, p.as_mut_slice(), m.as_mut_slice(), v.as_mut_slice());
        }
    }

    for (group, managed) in parameters.iter().enumerate() {
        let [mut p, mut m, mut v, mut g] = [(); 4].map(|()| vec![0.0; LEN]);
        begin(group, &mut p);
        for step in (1..=STEPS).filter(|_| group < GROUPS - FROZEN) {
            gradient(step, &p, &mut g);
            adam(step, &g, &mut p, &mut m, &mut v);
        }
        let same = managed.read()?.iter().zip(&p).all(|(found, right)| found.to_bits() == right.to_bits());
        assert!(same, "group {group} differs from Adam in memory");
    }
    let report = engine.report();
    println!("{} steps, {} MiB written to disk; {report}", STEPS, report.counters.bytes_written >> 20);
    assert!(report.peak_bytes <= 8 << 20 && report.counters.bytes_written > 0);
    Ok(())
}
