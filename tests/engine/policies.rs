//! Promise: any policy, the application's own too, may be slow, never wrong.

use crate::world;
use std::path::Path;
use stratal::tiering::object::{ChunkKey, NextUse};
use stratal::tiering::residency::evict::Evict;
use stratal::tiering::tier::TierKind;
use stratal::{Dyn, Engine, Eviction, Policy, Tensor};

/// Elements of a tensor: a chunk and a half.
const ELEMENTS: usize = 3 << 18;

const TENSORS: usize = 10;

/// Leases in an order of no meaning, some of them writes, and every byte is what it must be.
fn serves(dir: &Path, engine: &Engine) {
    let path = world::checkpoint(dir, &[ELEMENTS; TENSORS]);
    let read: Vec<_> = world::load(engine, &path, TENSORS);
    let state: Vec<Tensor<f32, (Dyn,)>> =
        (0..4).map(|i| engine.zeros(&format!("state.{i}"), [ELEMENTS]).unwrap()).collect();
    for turn in 0..120_usize {
        let i = turn * 7 % TENSORS;
        let lease = read[i].read().unwrap();
        for at in [0, turn, ELEMENTS / 2, ELEMENTS - 1] {
            assert_eq!(lease[at], world::value(i, at), "tensor {i} at {at} in turn {turn}");
        }
        drop(lease);
        let one = &state[turn * 5 % 4];
        let before = one.read().unwrap()[ELEMENTS - 1];
        one.write().unwrap().as_mut_slice().fill(before + 1.0);
    }
    let total: f32 = state.iter().map(|one| one.read().unwrap()[0]).sum();
    assert_eq!(total, 120.0, "no write was lost");
}

/// Every word of the policy file.
#[test]
fn every_word_serves_the_right_bytes() {
    let words =
        [Eviction::Min, Eviction::Adaptive, Eviction::Lru, Eviction::S3Fifo, Eviction::Sieve, Eviction::Arc];
    for word in words {
        let dir = world::directory();
        let policy = Policy::builder().tier("dram", TierKind::Dram, "12 MiB").spill_directory(dir.path());
        let policy = policy.eviction(word).deadline("20 s").build().unwrap();
        serves(dir.path(), &Engine::builder().policy(policy).build().unwrap());
    }
}

/// Names keys by a die, whatever is there; after so many questions it panics.
#[derive(Debug)]
struct Unruly {
    state: u64,
    questions: u32,
}

impl Unruly {
    fn key(&mut self) -> ChunkKey {
        self.questions = self.questions.checked_sub(1).expect("this policy panics");
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ChunkKey { object: (self.state >> 33) as u32 % 16, chunk: (self.state >> 60) as u32 % 3 }
    }
}

impl Evict for Unruly {
    fn name(&self) -> &'static str {
        "unruly"
    }

    fn insert(&mut self, _: ChunkKey, _: u64, _: NextUse) {}

    fn remove(&mut self, _: ChunkKey) -> bool {
        true
    }

    fn victim(&mut self, _: Option<NextUse>) -> Option<ChunkKey> {
        Some(self.key())
    }

    fn overdue(&mut self, _: u64) -> Option<ChunkKey> {
        Some(self.key())
    }

    fn reset(&mut self, _: &mut dyn FnMut(ChunkKey) -> NextUse) {}

    fn len(&self) -> usize {
        0
    }
}

/// One that answers nonsense for ever, and one that soon panics.
#[test]
fn a_bad_policy_is_slow_and_never_wrong() {
    for questions in [u32::MAX, 40] {
        let dir = world::directory();
        let policy = world::policy(dir.path(), "12 MiB", "20 s").unwrap();
        let unruly = Box::new(Unruly { state: 7, questions });
        serves(dir.path(), &Engine::builder().policy(policy).evict(unruly).build().unwrap());
    }
}
