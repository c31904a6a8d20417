//! LFU conforms, evicts the least used of a plain list, and forgets old fame.

use super::super::Evict;
use super::super::conformance::{Held, Naive, agrees, calls, conforms};
use super::*;
use crate::object::{ChunkKey, NextUse};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// What every policy owes.
    #[test]
    fn conforms_to_the_suite(calls in calls()) {
        conforms(&mut Lfu::new(), &calls);
    }

    /// The victims of plain vectors.
    #[test]
    fn evicts_like_its_naive_model(calls in calls()) {
        agrees::<Plain>(&mut Lfu::new(), &calls);
    }
}

/// In order of use.
#[derive(Debug, Default)]
struct Plain {
    copies: Vec<Held>,
}

impl Naive for Plain {
    fn lists(&mut self) -> Vec<&mut Vec<Held>> {
        vec![&mut self.copies]
    }

    fn enter(&mut self, held: Held) {
        self.copies.push(held);
    }

    fn used(&mut self, _: usize, at: usize, again: bool) {
        let held = self.copies.remove(at);
        self.copies.push(Held { count: held.count + u8::from(again), ..held });
    }

    fn back(&mut self, _: usize, at: usize) {
        let held = self.copies.remove(at);
        self.copies.push(held);
    }

    fn candidate(&mut self) -> (usize, usize) {
        let here = self.copies.iter().enumerate().filter(|(_, held)| !held.out);
        let least = here.min_by_key(|(_, held)| held.count);
        (0, least.expect("one is here").0)
    }

    fn evicted(&mut self, _: usize, _: Held) {}

    fn forget_ghost(&mut self, _: ChunkKey) {}
}

/// What was used a thousand times goes once it has been idle for long enough, whatever comes after it.
#[test]
fn old_fame_fades() {
    let key = |chunk| ChunkKey { object: 0, chunk };
    let mut policy = Lfu::new();
    for _ in 0..1000 {
        policy.insert(key(0), 1, NextUse::Never);
    }
    for turn in 0..2000 {
        policy.insert(key(1 + turn % 4), 1, NextUse::Never);
    }
    assert_eq!(policy.victim(None), Some(key(0)));
}
