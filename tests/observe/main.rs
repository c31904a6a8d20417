//! Promise: what the engine does can be seen: a report whose figures obey their equations, spans and events for a
//! `tracing` subscriber, figures for a `metrics` recorder.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test that it stands in")]

mod figures;
mod report;
mod spans;

use std::path::Path;
use stratal::tiering::io::sim::{Faults, Sim};
use stratal::{Dyn, Engine, Policy, Tensor, TierKind};
use tempfile::TempDir;

fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// An engine of 4 MiB on a simulated disk, on which every step takes a millisecond.
fn engine(dir: &Path) -> Engine {
    let policy = Policy::builder().tier("dram", TierKind::Dram, "4 MiB").prefetch_window("256 KiB");
    let policy = policy.spill_directory(dir).deadline("20 s").build().unwrap();
    let slow = Faults { latency: std::time::Duration::from_millis(1), ..Faults::none(1) };
    Engine::builder().policy(policy).driver(move || Ok(Box::new(Sim::open(8, slow)?))).build().unwrap()
}

/// Twelve tensors `t.0` … of half a MiB, written with noise: a third more than fits.
fn tensors(engine: &Engine) -> Vec<Tensor<u64, (Dyn,)>> {
    let mut state = 7_u64;
    let made = (0..12).map(|i| {
        let tensor = engine.zeros(&format!("t.{i}"), [1 << 16]).unwrap();
        for word in tensor.write().unwrap().as_mut_slice() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *word = state;
        }
        tensor
    });
    made.collect()
}

/// Passes over all tensors.
fn passes(engine: &Engine, tensors: &[Tensor<u64, (Dyn,)>], count: usize) {
    for _ in 0..count {
        engine.begin_pass();
        tensors.iter().for_each(|tensor| assert_ne!(tensor.read().unwrap()[77], 0));
    }
}
