//! The cheapest path between two tiers over the links of a topology.

use crate::tier::{Link, TierId, Topology};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Assumed of a link when no link of the topology declares or has measured a bandwidth.
const UNKNOWN_BYTES_PER_S: f64 = 1e9;

/// The hops from one tier to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Tiers passed, both ends included; one alone where source and target are the same.
    pub tiers: Vec<TierId>,
    /// Estimated time of moving the bytes hop by hop.
    pub cost_ns: u64,
}

/// The cheapest route for `bytes` from `source` to `target`, by latency and bandwidth of each hop; `None` where no
/// links connect them. A link of unknown bandwidth counts as slow as the slowest known one.
#[must_use]
pub fn cheapest(topology: &Topology, source: TierId, target: TierId, bytes: u64) -> Option<Route> {
    topology.tier(source)?;
    topology.tier(target)?;
    let known = topology.links.iter().filter_map(|link| link.bandwidth_bytes_per_s);
    let slowest = known.min_by(f64::total_cmp).unwrap_or(UNKNOWN_BYTES_PER_S);
    let tiers = topology.tiers.len();
    let mut best = vec![(u64::MAX, None); tiers];
    best[usize::from(source.0)].0 = 0;
    let mut open = BinaryHeap::from([(Reverse(0_u64), source)]);
    while let Some((Reverse(cost_ns), tier)) = open.pop() {
        if tier == target {
            break;
        }
        if cost_ns > best[usize::from(tier.0)].0 {
            continue;
        }
        for link in topology.links.iter().filter(|link| link.source == tier) {
            let Some(place) = best.get_mut(usize::from(link.target.0)) else { continue };
            let reached_ns = cost_ns.saturating_add(hop_ns(link, bytes, slowest));
            if reached_ns < place.0 {
                *place = (reached_ns, Some(tier));
                open.push((Reverse(reached_ns), link.target));
            }
        }
    }
    let (cost_ns, _) = best[usize::from(target.0)];
    let back = |tier: &TierId| best[usize::from(tier.0)].1;
    let mut tiers: Vec<TierId> = std::iter::successors(Some(target), back).collect();
    tiers.reverse();
    (cost_ns != u64::MAX).then_some(Route { tiers, cost_ns })
}

/// Time of one hop; at least 1, so that of free routes the shortest wins.
fn hop_ns(link: &Link, bytes: u64, slowest: f64) -> u64 {
    let bandwidth = link.bandwidth_bytes_per_s.unwrap_or(slowest);
    let transfer_ns = (bytes as f64 * 1e9 / bandwidth) as u64;
    link.latency_ns.unwrap_or(0).saturating_add(transfer_ns).max(1)
}

#[cfg(test)]
mod tests;
