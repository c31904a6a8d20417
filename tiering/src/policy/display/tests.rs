//! Promise: a policy prints as the TOML that makes it again.

use crate::policy::{Eviction, IoChoice, Policy, WearExhausted};
use crate::tier::TierKind;
use proptest::prelude::*;

#[test]
fn the_words_are_those_of_the_file() {
    let policy = Policy::builder()
        .device_tier("gpu", "sim:1", "64 MiB")
        .tier("host \"fast\"\\", TierKind::Dram, "25 %")
        .tier("nvme", TierKind::Nvme, "1500 GB")
        .link("nvme", "host \"fast\"\\", "2.5 GB/s", "100 us")
        .spill_directory("/var/tmp/\u{7f}")
        .eviction(Eviction::Lru)
        .prefetch_window("1536 KiB")
        .deadline("1.5 s")
        .io(IoChoice::IoUring)
        .queue_depth(64)
        .high_watermark(1.0)
        .build()
        .unwrap();
    let text = r#"eviction = "lru"
prefetch_window = "1536 KiB"
deadline = "1500 ms"
io = "io_uring"
queue_depth = 64

[[tier]]
name = "gpu"
kind = "hbm"
budget = "64 MiB"
device = "sim:1"

[[tier]]
name = "host \"fast\"\\"
kind = "dram"
budget = "25 %"

[[tier]]
name = "nvme"
kind = "nvme"
budget = "1500 GB"

[[link]]
source = "nvme"
target = "host \"fast\"\\"
bandwidth = "2500 MB/s"
latency = "100 us"

[spill]
directory = "/var/tmp/\u007F"
codec = "raw"
encrypt = false
wear_exhausted = "wait"

[watermarks]
high = 1.0
low = 0.85
throttle = 1.0

[pressure]
levels = [0.7, 0.85, 0.95]
"#;
    assert_eq!(policy.to_string(), text);
    assert_eq!(Policy::parse(text, "printed").unwrap(), policy);
}

#[test]
fn the_default_prints_as_itself() {
    let policy = Policy::default();
    assert_eq!(Policy::parse(&policy.to_string(), "printed").unwrap(), policy);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Any possible policy comes back equal.
    #[test]
    fn print_then_parse_is_identity(
        names in proptest::collection::btree_set("[^\\x00-\\x1f\\x7f-\\x9f]{1,6}", 2),
        budget in 1..=i64::MAX as u64,
        percent in proptest::option::of(1..=100u64),
        rate in 1..=i64::MAX as u64,
        ns in 1..=i64::MAX as u64,
        marks in (0.01..1.0f64, 0.01..=1.0f64),
        directory in "\\PC{1,12}",
        disks in proptest::collection::vec(proptest::option::of(1..=i64::MAX as u64), 0..4),
        capacity in proptest::option::of(1..=i64::MAX as u64),
        depth in proptest::option::of(1..=4096u32),
        levels in proptest::collection::btree_set(1..=1000u32, 0..5),
        (lru, io, window) in (any::<bool>(), 0..3usize, any::<bool>()),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let words = percent.map_or(crate::policy::Quantity::Number(budget), |part| format!("{part} %").into());
        let mut builder = Policy::builder()
            .unbounded_tier(&names[0], TierKind::Nvme)
            .tier(&names[1], TierKind::Dram, words)
            .link(&names[0], &names[1], format!("{rate} B/s"), std::time::Duration::from_nanos(ns))
            .high_watermark(marks.0.max(marks.1))
            .low_watermark(marks.0.min(marks.1))
            .deadline(std::time::Duration::from_nanos(ns))
            .io([IoChoice::Auto, IoChoice::IoUring, IoChoice::Threads][io])
            .codec(if window { crate::policy::Codec::Lossless } else { crate::policy::Codec::Raw })
            .encrypt(lru)
            .eviction(if lru { Eviction::Lru } else { Eviction::Min });
        if disks.is_empty() {
            builder = builder.spill_directory(&directory);
        }
        for (i, capacity) in disks.into_iter().enumerate() {
            let directory = format!("{directory}{i}");
            builder = match capacity {
                Some(bytes) => builder.spill_disk(directory, bytes),
                None => builder.unbounded_spill_disk(directory),
            };
        }
        if let Some(bytes) = capacity {
            builder = builder.spill_capacity(bytes).wear_per_day(bytes).endurance(bytes);
        }
        if io > 0 {
            let small = budget / 16;
            builder = builder.uncapped_tenant("a \"b\"", if percent.is_none() { small } else { 0 });
            builder = builder.tenant("c", 0, budget);
        }
        if lru {
            let parts: Vec<f64> = levels.into_iter().map(|part| f64::from(part) / 1000.0).collect();
            builder = builder.pressure_levels(parts).throttle_watermark(1.0).wear_exhausted(WearExhausted::Fail);
        }
        if let Some(depth) = depth {
            builder = builder.queue_depth(depth);
        }
        if window && budget > 1 && percent.is_none() {
            builder = builder.prefetch_window(budget - 1);
        }
        let policy = builder.build().unwrap();
        prop_assert_eq!(&Policy::parse(&policy.to_string(), "printed").unwrap(), &policy, "{}", policy);
    }
}
