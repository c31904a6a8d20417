//! The heap with outdated entries is a tree without them.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    /// Whatever is put in, moved and taken out.
    #[test]
    fn it_orders_as_a_scan_does(calls in prop::collection::vec((0_u8..4, 0_u32..9, 0_u64..9), 0..400)) {
        let mut farthest = Farthest::new();
        let mut plain = BTreeMap::new();
        for (call, chunk, rank) in calls {
            let key = ChunkKey { object: 0, chunk };
            let last = plain.iter().map(|(key, rank)| (*rank, *key)).max();
            match call {
                0 | 1 => {
                    farthest.insert(key, rank);
                    plain.insert(key, rank);
                }
                2 => prop_assert_eq!(farthest.remove(key), plain.remove(&key)),
                _ => {
                    prop_assert_eq!(farthest.last(), last);
                    prop_assert_eq!(farthest.pop_last(), last);
                    last.map(|(_, key)| plain.remove(&key));
                }
            }
            prop_assert_eq!(farthest.is_empty(), plain.is_empty());
        }
    }
}

/// Moving a few chunks for ever takes no more memory for ever.
#[test]
fn outdated_entries_are_cleared() {
    let mut farthest = Farthest::new();
    for turn in 0..100_000_u64 {
        farthest.insert(ChunkKey { object: 0, chunk: turn as u32 % 8 }, turn);
    }
    assert!(farthest.heap.len() <= 2 * 8 + SLACK);
}
