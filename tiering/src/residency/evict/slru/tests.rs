//! Segmented LRU conforms, and evicts as two plain lists do.

use super::super::conformance::{Held, Naive, agrees, calls, conforms};
use super::*;
use crate::object::ChunkKey;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// What every policy owes.
    #[test]
    fn conforms_to_the_suite(calls in calls()) {
        conforms(&mut Slru::new(), &calls);
    }

    /// The victims of plain vectors.
    #[test]
    fn evicts_like_its_naive_model(calls in calls()) {
        agrees::<Plain>(&mut Slru::new(), &calls);
    }
}

#[derive(Debug, Default)]
struct Plain {
    probation: Vec<Held>,
    protected: Vec<Held>,
}

fn total(list: &[Held]) -> u64 {
    list.iter().filter(|held| !held.out).map(|held| held.bytes).sum()
}

impl Plain {
    fn take(&mut self, list: usize, at: usize) -> Held {
        if list == 0 { self.probation.remove(at) } else { self.protected.remove(at) }
    }
}

impl Naive for Plain {
    fn lists(&mut self) -> Vec<&mut Vec<Held>> {
        vec![&mut self.probation, &mut self.protected]
    }

    fn enter(&mut self, held: Held) {
        self.probation.push(held);
    }

    fn used(&mut self, list: usize, at: usize, again: bool) {
        let held = self.take(list, at);
        if again {
            self.protected.push(held)
        } else {
            self.probation.push(held)
        }
        let here = |plain: &Self| plain.protected.iter().filter(|held| !held.out).count();
        while total(&self.protected) * 5 > (total(&self.protected) + total(&self.probation)) * 4
            && here(self) > 1
        {
            let oldest = self.protected.iter().position(|held| !held.out).expect("two are here");
            let held = self.protected.remove(oldest);
            self.probation.push(held);
        }
    }

    fn back(&mut self, list: usize, at: usize) {
        let held = self.take(list, at);
        if list == 0 { self.probation.push(held) } else { self.protected.push(held) }
    }

    fn candidate(&mut self) -> (usize, usize) {
        let oldest = |list: &[Held]| list.iter().position(|held| !held.out);
        match (oldest(&self.probation), oldest(&self.protected)) {
            (Some(at), _) => (0, at),
            (None, at) => (1, at.expect("one is here")),
        }
    }

    fn evicted(&mut self, _: usize, _: Held) {}

    fn forget_ghost(&mut self, _: ChunkKey) {}
}
