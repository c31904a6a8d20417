//! Predictions and a fallback conform together, over any fallback, and each orders its own.

use super::super::adaptive::Adaptive;
use super::super::conformance::{calls, conforms};
use super::super::lru::Lru;
use super::super::s3_fifo::S3Fifo;
use super::*;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// What every policy owes.
    #[test]
    fn conforms_to_the_suite(calls in calls()) {
        conforms(&mut Guided::new(Box::new(Lru::new())), &calls);
        conforms(&mut Guided::new(Box::new(S3Fifo::new())), &calls);
        conforms(&mut Guided::new(Box::new(Adaptive::new())), &calls);
    }
}

/// The unpredicted goes first by its own order; a schedule that ends hands everything to the fallback, the longest
/// idle first.
#[test]
fn schedules_come_and_go() {
    let key = |chunk| ChunkKey { object: 0, chunk };
    let mut policy = Guided::new(Box::new(Lru::new()));
    for (chunk, next_use) in
        [(0, NextUse::At(9)), (1, NextUse::Never), (2, NextUse::At(20)), (3, NextUse::Never)]
    {
        policy.insert(key(chunk), 1, next_use);
    }
    assert_eq!(policy.victim(None), Some(key(1)));
    policy.reset(&mut |_| NextUse::Never);
    policy.insert(key(1), 1, NextUse::Never);
    assert_eq!(policy.victim(None), Some(key(3)), "it was the fallback's already");
    assert_eq!(
        [policy.victim(None), policy.victim(None)],
        [Some(key(0)), Some(key(2))],
        "in order of idleness"
    );
    policy.insert(key(4), 1, NextUse::Never);
    policy.reset(&mut |key| NextUse::At(u64::from(key.chunk)));
    assert_eq!(
        [policy.victim(None), policy.victim(None), policy.victim(None)],
        [Some(key(4)), Some(key(1)), None]
    );
}
