//! Whatever a policy answers, the contained one conforms; one that behaves is followed.

use super::super::conformance::{calls, conforms};
use super::super::sieve::Sieve;
use super::*;
use proptest::prelude::*;

/// Answers by a die: keys that are not there, overdue ones without end, and a panic after so many questions.
#[derive(Debug)]
struct Unruly {
    state: u64,
    panics_after: u32,
}

impl Unruly {
    fn roll(&mut self) -> u64 {
        self.panics_after = self.panics_after.checked_sub(1).expect("a policy that panics");
        self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.state >> 40
    }

    fn any_key(&mut self) -> Option<ChunkKey> {
        let roll = self.roll() as u32;
        (!roll.is_multiple_of(4)).then_some(ChunkKey { object: roll % 3, chunk: roll / 7 % 8 })
    }
}

impl Evict for Unruly {
    fn name(&self) -> &'static str {
        "unruly"
    }

    fn insert(&mut self, _: ChunkKey, _: u64, _: NextUse) {
        self.roll();
    }

    fn remove(&mut self, _: ChunkKey) -> bool {
        self.roll().is_multiple_of(2)
    }

    fn victim(&mut self, _: Option<NextUse>) -> Option<ChunkKey> {
        self.any_key()
    }

    fn overdue(&mut self, _: u64) -> Option<ChunkKey> {
        Some(self.any_key().unwrap_or(ChunkKey { object: 0, chunk: 0 }))
    }

    fn reset(&mut self, _: &mut dyn FnMut(ChunkKey) -> NextUse) {
        self.roll();
    }

    fn len(&self) -> usize {
        usize::MAX
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every key it names is evictable, none is named twice, and there is a victim whenever a lease needs one.
    #[test]
    fn nothing_wrong_comes_out(calls in calls(), state: u64, panics_after in 0_u32..200) {
        let mut policy = Contained::new(Box::new(Unruly { state, panics_after }));
        let mut held = std::collections::HashSet::new();
        for call in calls {
            use super::super::conformance::Call::{Forget, Gone, Insert, InsertUnused, Overdue, Remove, Reset, Victim};
            match call {
                Insert(key, next_use) => { policy.insert(key, 1, next_use); held.insert(key); }
                InsertUnused(key, next_use) => { policy.insert_unused(key, 1, next_use); held.insert(key); }
                Remove(key) => prop_assert_eq!(policy.remove(key), held.remove(&key)),
                Gone(key) => { policy.gone(key); held.remove(&key); }
                Forget(key) => { policy.forget(key); held.remove(&key); }
                Victim(limit) => match policy.victim(limit) {
                    Some(key) => prop_assert!(held.remove(&key)),
                    None => prop_assert!(held.is_empty() || limit.is_some()),
                },
                // The engine's loop: it ends, though the policy never does.
                Overdue(now) => while let Some(key) = policy.overdue(now) {
                    prop_assert!(held.contains(&key));
                    policy.insert(key, 1, NextUse::Never);
                },
                Reset(_) => policy.reset(&mut |_| NextUse::Never),
            }
            prop_assert_eq!(policy.len(), held.len());
        }
    }

    /// One that keeps the contract is not in the way.
    #[test]
    fn conforms_to_the_suite(calls in calls()) {
        conforms(&mut Contained::new(Box::new(Sieve::new())), &calls);
    }
}

/// Its order is the policy's own.
#[test]
fn a_good_policy_is_followed() {
    let key = |chunk| ChunkKey { object: 0, chunk };
    let mut policy = Contained::new(Box::new(Sieve::new()));
    assert_eq!(policy.name(), "sieve");
    for chunk in [0, 1, 0, 2] {
        policy.insert(key(chunk), 1, NextUse::Never);
    }
    assert_eq!([policy.victim(None), policy.victim(None)], [Some(key(1)), Some(key(2))]);
}
