//! Promise: what a builder leaves out is filled in as documented, and what cannot be is refused by its key.

use super::*;
use crate::policy::Eviction;
use crate::tier::TierId;

fn dram(budget: &str) -> PolicyBuilder {
    Policy::builder().tier("dram", TierKind::Dram, budget)
}

fn refused(builder: PolicyBuilder, key: &str, says: &str) {
    let error = builder.build().expect_err(says);
    assert_eq!((error.kind(), error.fact("key")), (ErrorKind::Policy, Some(key)), "{error}");
    assert!(error.to_string().contains(says), "`{error}` does not say `{says}`");
}

#[test]
fn the_defaults_are_half_of_memory_min_and_thirty_seconds() {
    let policy = Policy::default();
    assert_eq!(policy.dram_budget_bytes(), memory::limit().bytes / 2);
    assert_eq!(policy.eviction(), Eviction::Min);
    assert_eq!(policy.deadline(), Duration::from_secs(30));
    assert_eq!((policy.high_watermark(), policy.low_watermark()), (0.90, 0.85));
    assert_eq!((policy.spill_capacity_bytes(), policy.queue_depth()), (None, None));
    let topology = policy.topology();
    assert_eq!(
        (topology.by_kind(TierKind::Dram), topology.by_kind(TierKind::Nvme)),
        (Some(TierId(0)), Some(TierId(1)))
    );
    assert_eq!(topology.tiers[1].budget_bytes, None);
}

#[test]
fn tiers_are_sorted_fastest_first_and_links_follow() {
    let policy = Policy::builder()
        .unbounded_tier("disk", TierKind::Nvme)
        .tier("host", TierKind::Dram, 1u64 << 30)
        .tier("gpu", TierKind::Hbm, "80 GB")
        .link("disk", "host", "2.5 GB/s", Duration::from_micros(100))
        .build()
        .unwrap();
    let topology = policy.topology();
    let names: Vec<&str> = topology.tiers.iter().map(|tier| tier.name.as_str()).collect();
    assert_eq!(names, ["gpu", "host", "disk"]);
    let link = topology.link(TierId(2), TierId(1)).unwrap();
    assert_eq!((link.bandwidth_bytes_per_s, link.latency_ns), (Some(2.5e9), Some(100_000)));
    assert!(topology.link(TierId(1), TierId(2)).is_none());
}

#[test]
fn the_automatic_window_follows_the_budget() {
    let window = |budget: &str| dram(budget).build().unwrap().window_bytes();
    assert_eq!(window("1 GiB"), 128 << 20);
    assert_eq!(window("256 MiB"), 32 << 20);
    assert_eq!(window("64 MiB"), 32 << 20);
    assert_eq!(window("24 MiB"), 3 << 20);
    for budget in 1..200u64 {
        let (budget, window) = (budget << 20, automatic_window(budget << 20));
        assert!(window <= budget / 2 && window <= (32 << 20).max(budget / 8), "{budget}: {window}");
    }
    assert_eq!(dram("1 GiB").prefetch_window("auto").build().unwrap().window_bytes(), 128 << 20);
    assert_eq!(dram("1 GiB").prefetch_window("1 MiB").build().unwrap().window_bytes(), 1 << 20);
    let off = dram("1 GiB").prefetch_window(0).build().unwrap();
    assert_eq!(
        (off.window_bytes(), &crate::policy::Policy::parse(&off.to_string(), "its own words").unwrap()),
        (0, &off)
    );
}

#[test]
fn the_spill_is_bounded_by_its_capacity_and_by_its_tier() {
    let capacity = |builder: PolicyBuilder| builder.build().unwrap().spill_capacity_bytes();
    assert_eq!(capacity(dram("1 MiB").spill_capacity("5 GiB")), Some(5 << 30));
    assert_eq!(capacity(dram("1 MiB").tier("nvme", TierKind::Nvme, "3 GiB")), Some(3 << 30));
    assert_eq!(
        capacity(dram("1 MiB").tier("nvme", TierKind::Nvme, "3 GiB").spill_capacity("5 GiB")),
        Some(3 << 30)
    );
}

#[test]
fn impossible_budgets_are_refused() {
    refused(dram("0 B"), "tier[0].budget", "a budget of 0 bytes");
    refused(
        Policy::builder().tier("dram", TierKind::Dram, 0u64),
        "tier[0].budget",
        "(key `tier[0].budget`, tier `dram`)",
    );
    refused(dram("0.4 B"), "tier[0].budget", "a budget of 0 bytes");
    refused(dram("-1 B"), "tier[0].budget", "is negative");
    refused(dram("8 EiB"), "tier[0].budget", "is not a size");
    refused(dram("9000000 TiB"), "tier[0].budget", "is too large");
    refused(Policy::builder().tier("dram", TierKind::Dram, u64::MAX), "tier[0].budget", "is too large");
    refused(
        Policy::builder().tier("dram", TierKind::Dram, Duration::ZERO),
        "tier[0].budget",
        "is not a size",
    );
    refused(
        dram("1 GiB").tier("gpu", TierKind::Hbm, "auto"),
        "tier[1].budget",
        "is for tiers of kind \"dram\"",
    );
    refused(
        dram("1 GiB").tier("nvme", TierKind::Nvme, "5 %"),
        "tier[1].budget",
        "`5 %` is for tiers of kind",
    );
    refused(Policy::builder().unbounded_tier("dram", TierKind::Dram), "tier[0].budget", "needs a budget");
}

#[test]
fn impossible_tiers_are_refused() {
    refused(dram("1 MiB").tier("dram", TierKind::Nvme, "1 MiB"), "tier[1].name", "two tiers have one name");
    refused(Policy::builder().tier("", TierKind::Dram, "1 MiB"), "tier[0].name", "needs a name");
    refused(Policy::builder().tier("a\nb", TierKind::Dram, "1 MiB"), "tier[0].name", "control characters");
    refused(Policy::builder().unbounded_tier("nvme", TierKind::Nvme), "tier", "no tier is of kind \"dram\"");
    let many =
        (0..16).fold(Policy::builder(), |words, n| words.tier(format!("t{n}"), TierKind::Dram, "1 MiB"));
    refused(many, "tier", "fewer than 16");
    let clash = Policy::builder().tier("nvme", TierKind::Dram, "1 MiB").build().unwrap();
    assert_eq!(clash.topology().tiers[1].name, "disk");
}

#[test]
fn impossible_links_are_refused() {
    let link = |source: &str, target: &str, rate: &str| dram("1 MiB").link(source, target, rate, "1 us");
    refused(
        link("nvmee", "dram", "1 GB/s"),
        "link[0].source",
        "unknown tier `nvmee`, the nearest is `nvme`; allowed here: dram, nvme",
    );
    refused(link("nvme", "hbm", "1 GB/s"), "link[0].target", "unknown tier `hbm`");
    refused(link("dram", "dram", "1 GB/s"), "link[0].target", "ends where it starts");
    refused(link("nvme", "dram", "0 B/s"), "link[0].bandwidth", "a bandwidth of 0");
    refused(link("nvme", "dram", "fast"), "link[0].bandwidth", "is not a bandwidth");
    let twice = link("nvme", "dram", "1 GB/s")
        .link("dram", "nvme", "1 GB/s", "1 us")
        .link("nvme", "dram", "1 GB/s", "1 us");
    refused(twice, "link[2]", "same source and target");
}

#[test]
fn impossible_settings_are_refused() {
    let some = || dram("256 MiB");
    refused(some().prefetch_window("256 MiB"), "prefetch_window", "leave nothing of the dram budget");
    refused(dram("1 B").prefetch_window("1 B"), "prefetch_window", "leave nothing");
    refused(some().spill_capacity(0u64), "spill.capacity", "0 bytes");
    refused(some().spill_directory(""), "spill.directory", "an empty path");
    refused(some().deadline("0 s"), "deadline", "a deadline of 0");
    refused(some().deadline(Duration::ZERO), "deadline", "a deadline of 0");
    refused(some().deadline(Duration::MAX), "deadline", "is too large");
    refused(some().deadline(30u64), "deadline", "`30` has no unit");
    refused(some().deadline("1000000 h"), "deadline", "is not a time");
    refused(
        some().high_watermark(0.5).low_watermark(0.6),
        "watermarks.low",
        "0.6 is above the high watermark of 0.5",
    );
    refused(some().high_watermark(1.1), "watermarks.high", "1.1 is not a part");
    refused(some().low_watermark(0.0), "watermarks.low", "0 is not a part");
    refused(some().low_watermark(f64::NAN), "watermarks.low", "NaN is not a part");
    refused(some().throttle_watermark(0.8), "watermarks.throttle", "from the high watermark of 0.9 to 1.0");
    refused(some().throttle_watermark(1.5), "watermarks.throttle", "1.5 is not");
    refused(some().pressure_levels([0.5, 1.2]), "pressure.levels", "1.2 is not a part");
    refused(some().pressure_levels([0.5, 0.5]), "pressure.levels", "the least first");
    refused(some().pressure_levels(vec![0.5; 17]), "pressure.levels", "at most 16");
    refused(some().wear_per_day(0u64), "spill.wear_per_day", "0 bytes");
    refused(some().endurance("0 TB"), "spill.endurance", "0 bytes");
    refused(some().queue_depth(0), "queue_depth", "0 is not in 1..=4096");
    refused(some().queue_depth(4097), "queue_depth", "4097 is not in 1..=4096");
}

#[test]
fn impossible_tenants_are_refused() {
    let some = || dram("64 MiB");
    refused(some().uncapped_tenant("", "1 MiB"), "tenant[0].name", "needs a name");
    let twice = some().uncapped_tenant("a", "1 MiB").uncapped_tenant("a", "1 MiB");
    refused(twice, "tenant[1].name", "two tenants have one name");
    refused(some().tenant("a", "2 MiB", "1 MiB"), "tenant[0].reserved", "more than the cap");
    refused(some().tenant("a", "0 B", "0 B"), "tenant[0].cap", "0 bytes");
    refused(some().uncapped_tenant("a", "57 MiB"), "tenant", "an eighth for everybody");
    let policy = some().uncapped_tenant("a", "56 MiB").tenant("b", "0 B", "1 MiB").build().unwrap();
    assert_eq!((policy.tenants().len(), policy.least_budget_bytes()), (2, 64 << 20));
    assert_eq!(policy.tenants()[1].quota.cap_bytes, Some(1 << 20));
}

#[test]
fn a_low_high_watermark_takes_the_low_one_with_it() {
    let policy = dram("1 MiB").high_watermark(0.5).build().unwrap();
    assert_eq!((policy.high_watermark(), policy.low_watermark()), (0.5, 0.5));
}
