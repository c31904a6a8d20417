//! MIN conforms, and evicts what a scan for the farthest next use finds.

use super::super::conformance::{Call, calls, conforms, predict};
use super::*;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// What every policy owes.
    #[test]
    fn conforms_to_the_suite(calls in calls()) {
        conforms(&mut Min::new(), &calls);
    }

    /// The victim is the one with the farthest next use, the longest idle of equals; an overdue copy is found
    /// whenever there is one.
    #[test]
    fn evicts_like_a_scan(calls in calls()) {
        let mut policy = Min::new();
        // In order of insertion, so that the first of equals has been idle the longest.
        let mut list: Vec<(ChunkKey, NextUse)> = Vec::new();
        for call in calls {
            match call {
                Call::Insert(key, next_use) | Call::InsertUnused(key, next_use) => {
                    policy.insert(key, 1, next_use);
                    list.retain(|(other, _)| *other != key);
                    list.push((key, next_use));
                }
                Call::Remove(key) | Call::Gone(key) | Call::Forget(key) => {
                    policy.remove(key);
                    list.retain(|(other, _)| *other != key);
                }
                Call::Victim(limit) => {
                    let farthest = list.iter().rev().max_by_key(|(_, next_use)| *next_use);
                    let may_go = farthest.filter(|(_, next_use)| limit.is_none_or(|limit| next_use.yields_to(limit)));
                    let expected = may_go.map(|(key, _)| *key);
                    prop_assert_eq!(policy.victim(limit), expected);
                    list.retain(|(other, _)| Some(*other) != expected);
                }
                Call::Overdue(now) => {
                    let missed = |next_use: NextUse| next_use.position().is_some_and(|position| position < now);
                    let any = list.iter().any(|(_, next_use)| missed(*next_use));
                    let found = policy.overdue(now);
                    prop_assert_eq!(found.is_some(), any);
                    list.retain(|(other, _)| Some(*other) != found);
                }
                Call::Reset(seed) => {
                    policy.reset(&mut |key| predict(seed, key));
                    list.iter_mut().for_each(|(key, next_use)| *next_use = predict(seed, *key));
                }
            }
        }
    }
}

/// Streamed chunks go before kept ones, and unscheduled ones before all.
#[test]
fn kept_chunks_go_last() {
    let key = |chunk| ChunkKey { object: 0, chunk };
    let mut policy = Min::new();
    policy.insert(key(0), 1, NextUse::At(900));
    policy.insert(key(1), 1, NextUse::Streamed(5));
    policy.insert(key(2), 1, NextUse::Never);
    policy.insert(key(3), 1, NextUse::Never);
    let order: Vec<u32> = std::iter::from_fn(|| policy.victim(None)).map(|key| key.chunk).collect();
    assert_eq!(order, [2, 3, 1, 0]);
}
