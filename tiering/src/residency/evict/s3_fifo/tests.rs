//! S3-FIFO conforms, evicts as plain queues do, and resists scans.

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
        conforms(&mut S3Fifo::new(), &calls);
    }

    /// The victims of plain vectors.
    #[test]
    fn evicts_like_its_naive_model(calls in calls()) {
        agrees::<Plain>(&mut S3Fifo::new(), &calls);
    }
}

#[derive(Debug, Default)]
struct Plain {
    small: Vec<Held>,
    main: Vec<Held>,
    ghosts: Vec<Held>,
}

fn total(list: &[Held]) -> u64 {
    list.iter().map(|held| held.bytes).sum()
}

impl Naive for Plain {
    fn lists(&mut self) -> Vec<&mut Vec<Held>> {
        vec![&mut self.small, &mut self.main]
    }

    fn enter(&mut self, held: Held) {
        match self.ghosts.iter().position(|ghost| ghost.key == held.key) {
            Some(at) => {
                self.ghosts.remove(at);
                self.main.push(held);
            }
            None => self.small.push(held),
        }
    }

    fn used(&mut self, list: usize, at: usize, again: bool) {
        let held = &mut if list == 0 { &mut self.small } else { &mut self.main }[at];
        held.count = (held.count + u8::from(again)).min(3);
    }

    fn back(&mut self, _: usize, _: usize) {}

    fn candidate(&mut self) -> (usize, usize) {
        let mut leased = 0;
        loop {
            let small = total(&self.small);
            let over =
                self.main.is_empty() || leased > self.main.len() || small * 10 >= small + total(&self.main);
            if over && !self.small.is_empty() {
                if !self.small[0].out && self.small[0].count < 2 {
                    return (0, 0);
                }
                let held = self.small.remove(0);
                self.main.push(Held { count: 0, ..held });
            } else {
                if !self.main[0].out && self.main[0].count == 0 {
                    return (1, 0);
                }
                let held = self.main.remove(0);
                leased = if held.out { leased + 1 } else { 0 };
                self.main.push(Held { count: held.count.saturating_sub(1), ..held });
            }
        }
    }

    fn evicted(&mut self, list: usize, held: Held) {
        if list == 0 {
            self.ghosts.push(held);
            while total(&self.ghosts) > total(&self.main).max(total(&self.small)) {
                self.ghosts.remove(0);
            }
        }
    }

    fn forget_ghost(&mut self, key: ChunkKey) {
        self.ghosts.retain(|ghost| ghost.key != key);
    }
}

/// Hot chunks that came back once stay while a scan of a thousand passes by.
#[test]
fn a_scan_leaves_the_main_queue_alone() {
    let key = |chunk| ChunkKey { object: 0, chunk };
    let mut policy = S3Fifo::new();
    for chunk in (0..90).chain(0..90).chain(0..90) {
        policy.insert(key(chunk), 1, NextUse::Never);
    }
    for chunk in 90..100 {
        policy.insert(key(chunk), 1, NextUse::Never);
    }
    for chunk in 100..1100 {
        let victim = policy.victim(None).expect("a hundred are here");
        assert!(victim.chunk >= 90, "{victim:?} was hot");
        policy.insert(key(chunk), 1, NextUse::Never);
    }
}
