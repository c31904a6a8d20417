//! What every eviction policy owes the engine, as a suite that each of them runs, against a naive set.

use super::Evict;
use crate::object::{ChunkKey, NextUse};
use proptest::prelude::*;
use std::collections::HashMap;

/// One call to a policy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    Insert(ChunkKey, NextUse),
    Remove(ChunkKey),
    Victim(Option<NextUse>),
    Overdue(u64),
    Reset(u64),
}

/// Keys of a few objects, so that calls meet.
pub(super) fn key() -> impl Strategy<Value = ChunkKey> {
    (0_u32..3, 0_u32..6).prop_map(|(object, chunk)| ChunkKey { object, chunk })
}

/// Near positions, so that ties are common.
pub(super) fn next_use() -> impl Strategy<Value = NextUse> {
    prop_oneof![
        3 => (0_u64..12).prop_map(NextUse::At),
        2 => (0_u64..12).prop_map(NextUse::Streamed),
        1 => Just(NextUse::Never),
    ]
}

/// Sequences of calls.
pub(super) fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        5 => (key(), next_use()).prop_map(|(key, next_use)| Call::Insert(key, next_use)),
        2 => key().prop_map(Call::Remove),
        2 => prop::option::of(next_use()).prop_map(Call::Victim),
        1 => (0_u64..14).prop_map(Call::Overdue),
        1 => (1_u64..9).prop_map(Call::Reset),
    ];
    prop::collection::vec(call, 0..120)
}

/// A new prediction for a key, of no meaning but deterministic.
pub(super) fn predict(seed: u64, key: ChunkKey) -> NextUse {
    match (u64::from(key.object) * 7 + u64::from(key.chunk) * 3) * seed % 13 {
        0 => NextUse::Never,
        odd if odd % 2 == 1 => NextUse::Streamed(odd),
        even => NextUse::At(even),
    }
}

/// Plays calls on a policy and a naive set, and checks what holds for any policy: it holds exactly what was put in
/// and not taken out, a victim is one of its own and yields to the limit, an overdue copy is overdue, and without a
/// limit there is a victim whenever there is a copy.
pub(super) fn conforms(policy: &mut dyn Evict, calls: &[Call]) {
    let mut held: HashMap<ChunkKey, NextUse> = HashMap::new();
    for call in calls {
        match *call {
            Call::Insert(key, next_use) => {
                policy.insert(key, 4096, next_use);
                held.insert(key, next_use);
            }
            Call::Remove(key) => assert_eq!(policy.remove(key), held.remove(&key).is_some()),
            Call::Victim(limit) => match policy.victim(limit) {
                Some(victim) => {
                    let next_use = held.remove(&victim).expect("a victim is one of the copies");
                    assert!(
                        limit.is_none_or(|limit| next_use.yields_to(limit)),
                        "{victim:?} {next_use:?} {limit:?}"
                    );
                }
                None => assert!(held.is_empty() || limit.is_some()),
            },
            Call::Overdue(now) => {
                if let Some(key) = policy.overdue(now) {
                    let next_use = held.remove(&key).expect("an overdue copy is one of the copies");
                    assert!(next_use.position().expect("it was predicted") < now);
                }
            }
            Call::Reset(seed) => {
                policy.reset(&mut |key| predict(seed, key));
                held.iter_mut().for_each(|(key, next_use)| *next_use = predict(seed, *key));
            }
        }
        assert_eq!((policy.len(), policy.is_empty()), (held.len(), held.is_empty()));
    }
    while let Some(victim) = policy.victim(None) {
        assert!(held.remove(&victim).is_some());
    }
    assert!(held.is_empty());
}
