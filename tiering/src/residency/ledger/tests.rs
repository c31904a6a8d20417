//! The budget of a tier is never passed, whatever is asked.

use super::*;
use crate::tier::{Tier, TierKind};
use proptest::prelude::*;

const DRAM: TierId = TierId(0);

fn ledger(budget_bytes: Option<u64>) -> Ledger {
    let tier = Tier { name: "dram".into(), kind: TierKind::Dram, budget_bytes };
    Ledger::new(&Topology { tiers: vec![tier], links: Vec::new() })
}

proptest! {
    /// Used bytes equal the granted minus the released ones, never pass the budget, and a refusal says what was free.
    #[test]
    fn used_never_passes_the_budget(budget in 0_u64..100, asks in prop::collection::vec((0_u64..40, any::<bool>()), 0..60)) {
        let mut ledger = ledger(Some(budget));
        let mut granted: Vec<u64> = Vec::new();
        let mut peak = 0;
        for (bytes, give_back) in asks {
            if give_back && let Some(bytes) = granted.pop() {
                ledger.release(DRAM, bytes);
            } else {
                let used: u64 = granted.iter().sum();
                match ledger.reserve(DRAM, bytes) {
                    Ok(()) => granted.push(bytes),
                    Err(over) => prop_assert!(over.free_bytes == budget - used && bytes > over.free_bytes),
                }
            }
            let used: u64 = granted.iter().sum();
            peak = peak.max(used);
            prop_assert!(used <= budget);
            prop_assert_eq!((ledger.used_bytes(DRAM), ledger.peak_bytes(DRAM)), (used, peak));
        }
    }
}

proptest! {
    /// Budgets that change at any time: use never rises above the budget of the moment, whatever was used before.
    #[test]
    fn use_only_falls_while_it_is_over_the_budget(
        steps in prop::collection::vec((0_u64..60, 0..3_u8), 0..80),
    ) {
        let mut ledger = ledger(Some(50));
        let mut granted: Vec<u64> = Vec::new();
        let mut budget = 50;
        for (bytes, what) in steps {
            let before: u64 = granted.iter().sum();
            match what {
                0 => {
                    budget = bytes;
                    ledger.set_budget(DRAM, bytes);
                }
                1 => if let Some(bytes) = granted.pop() {
                    ledger.release(DRAM, bytes);
                },
                _ => match ledger.reserve(DRAM, bytes) {
                    Ok(()) => {
                        granted.push(bytes);
                        prop_assert!(before + bytes <= budget || bytes == 0);
                    }
                    Err(over) => prop_assert!(before + bytes > budget && over.budget_bytes == budget),
                },
            }
            let used: u64 = granted.iter().sum();
            prop_assert_eq!(ledger.used_bytes(DRAM), used);
            prop_assert_eq!(ledger.over_bytes(DRAM), used.saturating_sub(budget));
            prop_assert_eq!(ledger.free_bytes(DRAM), budget.saturating_sub(used));
        }
    }
}

/// An unbounded tier takes anything, an unknown one nothing, and a shrunk budget refuses until use has fallen.
#[test]
fn unbounded_unknown_and_shrunk_tiers() {
    let mut open = ledger(None);
    assert_eq!(open.reserve(DRAM, u64::MAX / 2), Ok(()));
    assert!(open.reserve(TierId(9), 1).is_err());
    let mut full = ledger(Some(10));
    full.reserve(DRAM, 8).unwrap();
    full.set_budget(DRAM, 4);
    assert_eq!(full.reserve(DRAM, 1).unwrap_err().free_bytes, 0);
    full.release(DRAM, 8);
    assert_eq!(full.reserve(DRAM, 4), Ok(()));
}

/// The error a user sees says how much was asked and how much there is.
#[test]
fn refusal_names_the_bytes() {
    let error = Error::from(ledger(Some(4)).reserve(DRAM, 8).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Budget);
    assert_eq!(error.to_string(), "over budget: needs 8 bytes, 4 of 4 are free");
}
