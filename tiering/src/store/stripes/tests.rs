//! Promises of the store: extents are shared out over the disks, and one that is full is no reason to refuse.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const BLOCK: u64 = 4096;

fn store(capacities: &[u64], capacity: Option<u64>) -> Store {
    let scratch = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    let disk = |capacity: &u64| Disk { directory: scratch.clone(), capacity_bytes: Some(*capacity) };
    Store::create(&capacities.iter().map(disk).collect::<Vec<_>>(), capacity).unwrap()
}

/// Extents go to the disks in turn.
#[test]
fn disks_take_turns() {
    let mut store = store(&[1 << 20; 3], None);
    let slots: Vec<_> = (0..9).map(|_| store.reserve(BLOCK).unwrap()).collect();
    let disks: Vec<_> = slots.iter().map(|slot| store.place(*slot).unwrap().disk).collect();
    assert_eq!(disks, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

/// A full disk is left out, the others go on; when all are full the error names every directory, and a release makes
/// room again.
#[test]
fn a_full_disk_leaves_the_others() {
    let mut store = store(&[2 * BLOCK, 6 * BLOCK], None);
    let slots: Vec<_> = std::iter::from_fn(|| store.reserve(BLOCK).ok()).collect();
    assert_eq!(slots.len(), 8);
    assert!(store.is_full());
    let error = store.reserve(BLOCK).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace);
    assert_eq!(error.fact("directories").unwrap().split(", ").count(), 2, "{error}");
    let on_first = slots.iter().find(|slot| store.place(**slot).unwrap().disk == 0).unwrap();
    store.release(*on_first);
    assert!(!store.is_full());
    assert_eq!(store.reserve(BLOCK).map(|slot| store.place(slot).unwrap().disk).unwrap(), 0);
}

/// A disk that has no room for a long extent still takes a short one.
#[test]
fn a_refused_length_refuses_no_shorter_one() {
    let mut store = store(&[4 * BLOCK, 2 * BLOCK], None);
    store.reserve(3 * BLOCK).unwrap();
    assert!(store.reserve(3 * BLOCK).is_err());
    let short = store.reserve(BLOCK).unwrap();
    assert_eq!(store.place(short).unwrap().len, BLOCK);
}

/// The capacity of the store holds for the disks together.
#[test]
fn the_capacity_is_that_of_all_disks() {
    let mut store = store(&[8 * BLOCK, 8 * BLOCK], Some(5 * BLOCK));
    let slots: Vec<_> = std::iter::from_fn(|| store.reserve(BLOCK).ok()).collect();
    assert_eq!(slots.len(), 5);
}

/// A slot gets its extent when its length is known, and gives it back when the chunk turns out to be constant.
#[test]
fn an_extent_may_come_later_and_go_earlier() {
    let mut store = store(&[4 * BLOCK], None);
    let slot = store.reserve_later();
    assert_eq!((store.place(slot), store.used_bytes()), (None, 0));
    assert_eq!(store.extend(slot, 5000).unwrap().len, 2 * BLOCK);
    let written = Written { bytes: 5000, ..Written::default() };
    store.note(slot, written);
    assert_eq!((store.written(slot), store.used_bytes()), (Some(written), 2 * BLOCK));
    store.note(slot, Written { form: Form::Constant(7), ..written });
    assert_eq!((store.place(slot), store.used_bytes()), (None, 0));
    store.release(slot);
    assert_eq!(store.extend(slot, 1).unwrap_err().kind(), ErrorKind::Missing);
}

proptest! {
    /// Whatever is reserved and released, no two copies share a byte and the bytes in use are those of the copies.
    #[test]
    fn copies_never_overlap(steps in prop::collection::vec((any::<bool>(), 1_u64..40_000, any::<prop::sample::Index>()), 1..80)) {
        let mut store = store(&[200_000, 100_000, 50_000], None);
        let mut held: BTreeMap<u64, Place> = BTreeMap::new();
        for (release, len, pick) in steps {
            if release && !held.is_empty() {
                let slot = *held.keys().nth(pick.index(held.len())).unwrap();
                held.remove(&slot);
                store.release(ExtentSlot(slot));
                prop_assert!(store.place(ExtentSlot(slot)).is_none());
            } else if let Ok(slot) = store.reserve(len) {
                let place = store.place(slot).unwrap();
                prop_assert!(place.len >= len);
                let apart = |other: &Place| {
                    other.disk != place.disk || other.offset + other.len <= place.offset || place.offset + place.len <= other.offset
                };
                prop_assert!(held.values().all(apart));
                prop_assert!(held.insert(slot.0, place).is_none(), "a slot names one copy");
            }
            prop_assert_eq!(store.used_bytes(), held.values().map(|place| place.len).sum::<u64>());
        }
    }
}
