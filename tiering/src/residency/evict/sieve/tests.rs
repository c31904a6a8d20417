//! SIEVE conforms, and evicts as a plain queue with a hand does.

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
        conforms(&mut Sieve::new(), &calls);
    }

    /// The victims of plain vectors.
    #[test]
    fn evicts_like_its_naive_model(calls in calls()) {
        agrees::<Plain>(&mut Sieve::new(), &calls);
    }
}

/// A vector and the key under the hand.
#[derive(Debug, Default)]
struct Plain {
    queue: Vec<Held>,
    hand: Option<ChunkKey>,
}

impl Naive for Plain {
    fn lists(&mut self) -> Vec<&mut Vec<Held>> {
        vec![&mut self.queue]
    }

    fn enter(&mut self, held: Held) {
        self.queue.push(held);
    }

    fn used(&mut self, _: usize, at: usize, again: bool) {
        if again {
            self.queue[at].count = 1;
        }
    }

    fn back(&mut self, _: usize, _: usize) {}

    fn candidate(&mut self) -> (usize, usize) {
        let mut at =
            self.hand.and_then(|hand| self.queue.iter().position(|held| held.key == hand)).unwrap_or(0);
        while self.queue[at].out || self.queue[at].count > 0 {
            self.queue[at].count = 0;
            at = (at + 1) % self.queue.len();
        }
        self.hand = Some(self.queue[at].key);
        (0, at)
    }

    fn leaving(&mut self, _: usize, at: usize) {
        if self.hand == Some(self.queue[at].key) {
            self.hand = self.queue.get(at + 1).map(|held| held.key);
        }
    }

    fn evicted(&mut self, _: usize, _: Held) {}

    fn forget_ghost(&mut self, _: ChunkKey) {}
}

/// The paper's point: what was used once since it came survives the newcomers.
#[test]
fn newcomers_do_not_push_out_what_was_used() {
    let key = |chunk| ChunkKey { object: 0, chunk };
    let mut policy = Sieve::new();
    for chunk in [0, 1, 2, 0] {
        policy.insert(key(chunk), 1, NextUse::Never);
    }
    let mut arrive = |chunk| {
        policy.insert(key(chunk), 1, NextUse::Never);
        policy.victim(None).map(|key| key.chunk)
    };
    let victims = [3, 4, 5, 6].map(&mut arrive);
    assert_eq!(victims, [Some(1), Some(2), Some(3), Some(4)]);
}
