//! LRU conforms, and evicts in the order of a plain list.

use super::super::Evict;
use super::super::conformance::{Call, calls, conforms, predict};
use super::*;
use crate::object::{ChunkKey, NextUse};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// What every policy owes.
    #[test]
    fn conforms_to_the_suite(calls in calls()) {
        conforms(&mut Lru::new(), &calls);
    }

    /// The victim is the coldest of a plain list, or none where that one may not go.
    #[test]
    fn evicts_like_a_plain_list(calls in calls()) {
        let mut policy = Lru::new();
        let mut list: Vec<(ChunkKey, NextUse)> = Vec::new();
        for call in calls {
            match call {
                Call::Insert(key, next_use) => {
                    policy.insert(key, 1, next_use);
                    list.retain(|(other, _)| *other != key);
                    list.push((key, next_use));
                }
                Call::InsertUnused(key, next_use) => {
                    policy.insert_unused(key, 1, next_use);
                    match list.iter_mut().find(|(other, _)| *other == key) {
                        Some(there) => there.1 = next_use,
                        None => list.push((key, next_use)),
                    }
                }
                Call::Remove(key) | Call::Gone(key) | Call::Forget(key) => {
                    match call {
                        Call::Remove(_) => drop(policy.remove(key)),
                        Call::Gone(_) => policy.gone(key),
                        _ => policy.forget(key),
                    }
                    list.retain(|(other, _)| *other != key);
                }
                Call::Victim(limit) => {
                    let may_go = |(_, next_use): &&(ChunkKey, NextUse)| limit.is_none_or(|limit| next_use.yields_to(limit));
                    let coldest = list.first().filter(may_go).map(|(key, _)| *key);
                    prop_assert_eq!(policy.victim(limit), coldest);
                    list.retain(|(other, _)| Some(*other) != coldest);
                }
                Call::Overdue(now) => prop_assert_eq!(policy.overdue(now), None),
                Call::Reset(seed) => {
                    policy.reset(&mut |key| predict(seed, key));
                    list.iter_mut().for_each(|(key, next_use)| *next_use = predict(seed, *key));
                }
            }
        }
    }
}

/// A million turns of a small working set do not grow the slab.
#[test]
fn nodes_are_reused() {
    let mut policy = Lru::new();
    for turn in 0..1_000_000_u32 {
        policy.insert(ChunkKey { object: 0, chunk: turn % 8 }, 1, NextUse::Never);
        if turn % 3 == 0 {
            policy.victim(None);
        }
    }
    assert!(policy.shelf().slots() <= 9);
}
