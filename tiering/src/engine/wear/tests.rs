//! Promise: whatever is asked, in no day is more written than the policy allows, but for a fiftieth.

use super::*;
use proptest::prelude::*;

const GIB: u64 = 1 << 30;

proptest! {
    /// Spills at any moments: the bytes that were let through in any window of a day stay within 102 % of a day's.
    #[test]
    fn no_day_exceeds_its_bytes(
        per_day in 10 * GIB..1000 * GIB,
        steps in prop::collection::vec((0..DAY_NS / 40, 1..4 * GIB, any::<bool>()), 1..200),
    ) {
        let mut wear = Wear::new(Some(per_day), 0);
        let mut log: Vec<(u64, u64)> = Vec::new();
        let mut now_ns = 0;
        for (pause_ns, bytes, greedy) in steps {
            now_ns += pause_ns;
            let mut asked = if greedy { 1000 } else { 1 };
            while asked > 0 && wear.allows(bytes, now_ns) {
                wear.begin(bytes);
                wear.written(bytes, now_ns / DAY_NS);
                wear.end(bytes);
                log.push((now_ns, bytes));
                asked -= 1;
            }
            let window: u64 =
                log.iter().filter(|(at, _)| *at + DAY_NS > now_ns).map(|(_, bytes)| bytes).sum();
            prop_assert!(window <= per_day + per_day / 50, "{window} of {per_day}");
        }
    }
}

/// A spill that may not start is told when: exactly then it may, and not before.
#[test]
fn a_spill_that_waits_is_told_when() {
    let per_day = 86_400 * 1_000_000;
    let mut wear = Wear::new(Some(per_day), 0);
    let burst = per_day / BURST_PART;
    assert!(wear.allows(burst, 0) && wear.due(0).is_none());
    wear.begin(burst);
    assert!(!wear.allows(1_000_000, 0), "what is under way counts");
    wear.written(burst, 0);
    wear.end(burst);
    assert!(!wear.allows(1_000_000, 0) && wear.is_spent());
    assert_eq!(wear.due(0), Some(Duration::from_secs(1)));
    assert!(wear.due(0).is_none(), "nobody asked since");
    assert!(!wear.allows(1_000_000, 999_000_000));
    assert!(wear.allows(1_000_000, 1_000_000_000) && !wear.is_spent());
    assert!(wear.is_near(1_000_000_000) && !wear.is_near(DAY_NS));
}

/// What was written on request leaves a debt that later spills wait for; without a budget nothing waits, all is counted.
#[test]
fn debts_are_paid_and_days_are_told_apart() {
    let mut wear = Wear::new(Some(86_400 << 20), 0);
    wear.written(40_000 << 20, 5);
    assert!(!wear.allows(1, 10_000_000_000));
    assert!(wear.allows(1, DAY_NS / 2), "half a day pays for it");
    wear.written(7, 6);
    assert_eq!((wear.today, wear.total), ((6, 7), (40_000 << 20) + 7));
    let mut unbounded = Wear::new(None, 0);
    unbounded.written(u64::MAX / 2, 0);
    assert!(unbounded.allows(u64::MAX, 0) && !unbounded.is_near(0));
}

/// The report says what there is to say, and no share where none is known.
#[test]
fn the_report_tells_the_share() {
    let mut report =
        WearReport { today_bytes: GIB, total_bytes: 3 * GIB, per_day_bytes: None, endurance_bytes: None };
    assert_eq!(report.to_string(), "wear: 1.000 GiB written today");
    report.per_day_bytes = Some(2 * GIB);
    report.endurance_bytes = Some(300 * GIB);
    let text = "wear: 1.000 GiB written today of 2.000 a day, 1.000000 % of the rated endurance";
    assert_eq!(report.to_string(), text);
}
