//! Routes are the cheapest over any number of tiers.

use super::*;
use crate::tier::{Tier, TierKind};
use proptest::prelude::*;

fn topology(tiers: u8, links: &[(u8, u8, Option<f64>, Option<u64>)]) -> Topology {
    let tier = |index: u8| Tier {
        name: format!("t{index}"),
        kind: TierKind::Dram,
        budget_bytes: None,
        device: None,
    };
    let link = |&(source, target, bandwidth_bytes_per_s, latency_ns): &(u8, u8, Option<f64>, Option<u64>)| {
        Link { source: TierId(source), target: TierId(target), bandwidth_bytes_per_s, latency_ns }
    };
    Topology { tiers: (0..tiers).map(tier).collect(), links: links.iter().map(link).collect() }
}

fn hops(route: Option<Route>) -> Option<Vec<u8>> {
    route.map(|route| route.tiers.iter().map(|tier| tier.0).collect())
}

/// Disk to device goes through host memory, unless a direct link is faster for these bytes.
#[test]
fn size_decides_between_latency_and_bandwidth() {
    let links =
        [(2, 1, Some(10e9), Some(1_000)), (1, 0, Some(50e9), Some(1_000)), (2, 0, Some(5e9), Some(100))];
    let topology = topology(3, &links);
    let route = |bytes| hops(cheapest(&topology, TierId(2), TierId(0), bytes));
    assert_eq!(route(4096), Some(vec![2, 0]));
    assert_eq!(route(64 << 20), Some(vec![2, 1, 0]));
}

/// No link, no route; no such tier, no route; the same tier, no hop.
#[test]
fn missing_links_give_no_route() {
    let topology = topology(3, &[(2, 1, None, None), (2, 9, None, None)]);
    assert_eq!(cheapest(&topology, TierId(1), TierId(2), 1), None);
    assert_eq!(cheapest(&topology, TierId(7), TierId(2), 1), None);
    assert_eq!(cheapest(&topology, TierId(2), TierId(7), 1), None);
    assert_eq!(hops(cheapest(&topology, TierId(1), TierId(1), 1)), Some(vec![1]));
    assert_eq!(hops(cheapest(&topology, TierId(2), TierId(1), 1)), Some(vec![2, 1]));
}

proptest! {
    /// As cheap as the cheapest found by relaxing every link until nothing changes.
    #[test]
    fn is_as_cheap_as_relaxation(
        links in prop::collection::vec((0_u8..6, 0_u8..6, 1_u32..100, 0_u64..1000), 0..20),
        bytes in 0_u64..1_000_000,
    ) {
        let links: Vec<_> = links
            .into_iter()
            .map(|(source, target, rate, latency)| (source, target, Some(f64::from(rate) * 1e6), Some(latency)))
            .collect();
        let topology = topology(6, &links);
        let mut best = [u64::MAX; 6];
        best[0] = 0;
        for _ in 0..6 {
            for link in &topology.links {
                let reached = best[usize::from(link.source.0)].saturating_add(hop_ns(link, bytes, 1.0));
                let place = &mut best[usize::from(link.target.0)];
                *place = reached.min(*place);
            }
        }
        for (target, cost_ns) in best.iter().enumerate() {
            let route = cheapest(&topology, TierId(0), TierId(target as u8), bytes);
            prop_assert_eq!(route.map_or(u64::MAX, |route| route.cost_ns), *cost_ns);
        }
    }
}
