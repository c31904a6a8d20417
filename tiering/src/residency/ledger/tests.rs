//! The budget of a tier is never passed, whatever is asked.

use super::*;
use crate::tier::{Tier, TierKind};
use proptest::prelude::*;

const DRAM: TierId = TierId(0);

fn ledger(budget_bytes: Option<u64>) -> Ledger {
    let tier = Tier { name: "dram".into(), kind: TierKind::Dram, budget_bytes, device: None };
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

/// Tenants of a tier, with what they used last.
fn shared(budget: u64, quotas: &[(u64, Option<u64>)]) -> Ledger {
    let quota = |(reserved_bytes, cap_bytes): &(u64, Option<u64>)| Quota {
        reserved_bytes: *reserved_bytes,
        cap_bytes: *cap_bytes,
    };
    ledger(Some(budget)).shared(DRAM, quotas.iter().map(quota))
}

proptest! {
    /// Whatever is asked by whom, and however the budget changes: caps hold, what is reserved for one is never taken by
    /// others, the parts add up, and evicting what the givers have makes room.
    #[test]
    fn quotas_hold_while_budgets_change(
        quotas in prop::collection::vec((0_u64..20, prop::option::of(20_u64..50)), 1..4),
        steps in prop::collection::vec((0_u64..30, 0_u16..4, 0..4_u8), 0..120),
    ) {
        let aside: u64 = quotas.iter().map(|(reserved, _)| reserved).sum();
        let mut ledger = shared(100, &quotas);
        let mut budget = 100;
        let mut granted: Vec<Vec<u64>> = vec![Vec::new(); quotas.len() + 1];
        let used = |granted: &Vec<Vec<u64>>, of: usize| granted[of].iter().sum::<u64>();
        for (bytes, tenant, what) in steps {
            let of = usize::from(tenant) % granted.len();
            let id = TenantId(of as u16);
            match what {
                0 => {
                    budget = aside.max(40) + bytes * 2;
                    ledger.set_budget(DRAM, budget);
                }
                1 => if let Some(bytes) = granted[of].pop() {
                    ledger.release_for(DRAM, id, bytes);
                },
                _ => {
                    let shortage = ledger.shortage(DRAM, id, bytes);
                    let granted_now = ledger.reserve_for(DRAM, id, bytes);
                    prop_assert_eq!(granted_now.is_ok(), shortage.is_none());
                    if granted_now.is_ok() {
                        granted[of].push(bytes);
                        let all: u64 = (0..granted.len()).map(|of| used(&granted, of)).sum();
                        let kept: u64 = (1..granted.len())
                            .filter(|other| *other != of)
                            .map(|other| quotas[other - 1].0.saturating_sub(used(&granted, other)))
                            .sum();
                        prop_assert!(all + kept <= budget || bytes == 0);
                    } else if let Some(shortage) = shortage && bytes <= ledger.most_for(DRAM, id, 0) {
                        let mut emptied = ledger.clone();
                        while emptied.shortage(DRAM, id, bytes).is_some() {
                            let kind = emptied.shortage(DRAM, id, bytes).unwrap_or(shortage);
                            let giver = emptied.givers(DRAM, id, kind).first().copied();
                            prop_assert!(giver.is_some(), "nobody gives");
                            emptied.release_for(DRAM, giver.unwrap(), 1);
                        }
                    }
                }
            }
            for (at, (reserved, cap)) in quotas.iter().enumerate() {
                let id = TenantId(at as u16 + 1);
                prop_assert_eq!(ledger.used_by(DRAM, id).0, used(&granted, at + 1));
                prop_assert!(cap.is_none_or(|cap| ledger.used_by(DRAM, id).0 <= cap));
                let all: u64 = (0..granted.len()).map(|of| used(&granted, of)).sum();
                if all <= budget && ledger.is_set_aside(DRAM, id, 1) && *reserved <= cap.unwrap_or(u64::MAX) {
                    let missing = reserved - used(&granted, at + 1);
                    let excess: u64 = quotas.iter().enumerate().map(|(other, (reserved, _))| {
                        reserved.saturating_sub(used(&granted, other + 1))
                    }).sum();
                    // Unless a lowered budget has not been reached, what is set aside is there.
                    prop_assert!(all + excess > budget || ledger.free_for(DRAM, id) >= missing);
                }
            }
        }
    }
}

/// A tenant at its cap makes room by itself; one short of the tier takes from who has most beyond its reserved part.
#[test]
fn who_gives_depends_on_what_is_short() {
    let mut ledger = shared(100, &[(30, Some(40)), (10, None)]);
    let (nobody, capped, other) = (TenantId(0), TenantId(1), TenantId(2));
    ledger.reserve_for(DRAM, capped, 40).unwrap();
    ledger.reserve_for(DRAM, other, 35).unwrap();
    ledger.reserve(DRAM, 25).unwrap();
    assert_eq!(ledger.shortage(DRAM, capped, 1), Some(Shortage::Cap));
    assert_eq!(ledger.givers(DRAM, capped, Shortage::Cap), [capped]);
    assert_eq!(ledger.shortage(DRAM, other, 1), Some(Shortage::Tier));
    assert_eq!(ledger.givers(DRAM, other, Shortage::Tier), [nobody, other, capped]);
    ledger.release_for(DRAM, capped, 15);
    assert_eq!(ledger.free_bytes(DRAM), 10, "five of the fifteen are set aside");
    assert_eq!(ledger.free_for(DRAM, capped), 15);
    assert_eq!(ledger.givers(DRAM, nobody, Shortage::Tier), [nobody, other]);
    assert_eq!((ledger.most_for(DRAM, capped, 0), ledger.most_for(DRAM, nobody, 8)), (40, 52));
    assert_eq!((ledger.set_aside_bytes(DRAM), ledger.used_by(DRAM, capped)), (40, (25, 40)));
}
