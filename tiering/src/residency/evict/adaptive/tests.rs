//! The adaptive policy conforms, is as good as the best of its experts, and stays so when the program changes.

use super::super::conformance::{calls, conforms};
use super::super::lru::Lru;
use super::super::s3_fifo::S3Fifo;
use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// What every policy owes.
    #[test]
    fn conforms_to_the_suite(calls in calls()) {
        conforms(&mut Adaptive::new(), &calls);
    }
}

/// Uses of `chunks`, each chunk a byte, in a memory of `capacity`: how many hit.
fn hits(policy: &mut dyn Evict, chunks: impl IntoIterator<Item = u32>, capacity: usize) -> usize {
    let mut here = HashSet::new();
    let mut hits = 0;
    for chunk in chunks {
        let key = ChunkKey { object: 0, chunk };
        let hit = here.contains(&key);
        if hit {
            assert!(policy.remove(key), "{key:?} is evictable");
            hits += 1;
        } else {
            if here.len() == capacity {
                let victim = policy.victim(None).expect("memory is full");
                assert!(here.remove(&victim), "{victim:?} is here");
                policy.gone(victim);
            }
            here.insert(key);
        }
        policy.insert(key, 1, NextUse::Never);
        assert_eq!(policy.len(), here.len());
    }
    hits
}

/// Forward, then backward: the most recent are needed again first.
fn zigzag(chunks: u32, passes: u32) -> impl Iterator<Item = u32> {
    (0..passes).flat_map(move |_| (0..chunks).chain((0..chunks).rev()))
}

/// A hot set among one-time chunks: recency keeps what is never used again.
fn scans(turns: u32, hot: u32) -> impl Iterator<Item = u32> {
    (0..turns).flat_map(move |turn| [turn * 7919 % hot, 1_000 + 3 * turn, 1_001 + 3 * turn, 1_002 + 3 * turn])
}

/// Within a point of the better one, on programs that each defeat the other policy.
#[test]
fn it_is_as_good_as_the_best() {
    for (name, chunks, capacity) in
        [("zigzag", zigzag(500, 20).collect::<Vec<_>>(), 200), ("scans", scans(5000, 40).collect(), 100)]
    {
        let best = hits(&mut Lru::new(), chunks.clone(), capacity).max(hits(
            &mut S3Fifo::new(),
            chunks.clone(),
            capacity,
        ));
        let worst = hits(&mut Lru::new(), chunks.clone(), capacity).min(hits(
            &mut S3Fifo::new(),
            chunks.clone(),
            capacity,
        ));
        let own = hits(&mut Adaptive::new(), chunks.clone(), capacity);
        assert!(own * 100 + chunks.len() >= best * 100, "{name}: {own} of {best} in {}", chunks.len());
        assert!(best * 2 > worst * 3, "{name} tells them apart: {best} {worst}");
    }
}

/// However long one expert led, the other leads soon after the program turns to suit it.
#[test]
fn a_changed_program_is_followed() {
    let mut policy = Adaptive::new();
    hits(&mut policy, scans(20_000, 40), 100);
    assert_ne!(policy.leader(), "lru");
    let mut policy_after = policy;
    let keys: Vec<_> =
        policy_after.residents.iter().filter(|(_, one)| one.bytes > 0).map(|(key, _)| key).collect();
    keys.into_iter().for_each(|key| policy_after.gone(key));
    let chunks: Vec<_> = zigzag(250, 20).collect();
    let own = hits(&mut policy_after, chunks.clone(), 100);
    let best = hits(&mut Lru::new(), chunks.clone(), 100);
    assert!(own * 10 >= best * 8, "{own} of {best}");
}

/// Beyond the copies that shadows hold whole they sample: still the better of two, in bounded memory.
#[test]
fn samples_serve_many_copies() {
    let capacity = COPIES_COMPLETE + COPIES_COMPLETE / 2;
    let chunks: Vec<_> = zigzag(2 * capacity as u32, 4).collect();
    let mut policy = Adaptive::new();
    let own = hits(&mut policy, chunks.clone(), capacity);
    let best = hits(&mut Lru::new(), chunks.clone(), capacity);
    assert_eq!(policy.sampling.shift, 1);
    assert!(own * 100 >= best * 97, "{own} of {best}");
}
