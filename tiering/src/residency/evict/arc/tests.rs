//! ARC conforms, and evicts as four plain lists and a target do.

use super::super::conformance::{Held, Naive, agrees, calls, conforms};
use super::*;
use crate::object::ChunkKey;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// What every policy owes.
    #[test]
    fn conforms_to_the_suite(calls in calls()) {
        conforms(&mut Arc::new(), &calls);
    }

    /// The victims of plain vectors.
    #[test]
    fn evicts_like_its_naive_model(calls in calls()) {
        agrees::<Plain>(&mut Arc::new(), &calls);
    }
}

#[derive(Debug, Default)]
struct Plain {
    once: Vec<Held>,
    again: Vec<Held>,
    once_ghosts: Vec<Held>,
    again_ghosts: Vec<Held>,
    target: u64,
}

/// Copies that are out are on no list until they are back.
fn total(list: &[Held]) -> u64 {
    list.iter().filter(|held| !held.out).map(|held| held.bytes).sum()
}

impl Plain {
    fn take(&mut self, list: usize, at: usize) -> Held {
        if list == 0 { self.once.remove(at) } else { self.again.remove(at) }
    }

    fn present(&self) -> u64 {
        total(&self.once) + total(&self.again)
    }
}

impl Naive for Plain {
    fn lists(&mut self) -> Vec<&mut Vec<Held>> {
        vec![&mut self.once, &mut self.again]
    }

    fn enter(&mut self, held: Held) {
        let (once, again) = (total(&self.once_ghosts), total(&self.again_ghosts));
        let ghost = |list: &[Held]| list.iter().position(|ghost| ghost.key == held.key);
        if let Some(at) = ghost(&self.once_ghosts) {
            let step = (held.bytes * again / once.max(1)).max(held.bytes);
            self.target = (self.target + step).min(self.present());
            self.once_ghosts.remove(at);
            self.again.push(held);
        } else if let Some(at) = ghost(&self.again_ghosts) {
            let step = (held.bytes * once / again.max(1)).max(held.bytes);
            self.target = self.target.saturating_sub(step);
            self.again_ghosts.remove(at);
            self.again.push(held);
        } else {
            self.once.push(held);
        }
    }

    fn used(&mut self, list: usize, at: usize, again: bool) {
        let held = self.take(list, at);
        if again || list == 1 { self.again.push(held) } else { self.once.push(held) }
    }

    fn back(&mut self, list: usize, at: usize) {
        let held = self.take(list, at);
        if list == 0 { self.once.push(held) } else { self.again.push(held) }
    }

    fn candidate(&mut self) -> (usize, usize) {
        let oldest = |list: &[Held]| list.iter().position(|held| !held.out);
        match (oldest(&self.once), oldest(&self.again)) {
            (once, Some(at)) if once.is_none() || total(&self.once) <= self.target => (1, at),
            (once, _) => (0, once.expect("one is here")),
        }
    }

    fn evicted(&mut self, list: usize, held: Held) {
        if list == 0 {
            self.once_ghosts.push(held)
        } else {
            self.again_ghosts.push(held)
        }
        let present = self.present();
        while total(&self.once_ghosts) > 0 && total(&self.once_ghosts) + total(&self.once) > present {
            self.once_ghosts.remove(0);
        }
        while total(&self.again_ghosts) > 0 && total(&self.again_ghosts) + total(&self.again) > present {
            self.again_ghosts.remove(0);
        }
    }

    fn forget_ghost(&mut self, key: ChunkKey) {
        self.once_ghosts.retain(|ghost| ghost.key != key);
        self.again_ghosts.retain(|ghost| ghost.key != key);
    }
}
