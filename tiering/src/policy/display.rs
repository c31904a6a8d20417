//! A policy as the TOML that makes it.

use super::units::{BYTES, RATE, TIME};
use super::{Codec, Eviction, IoChoice, Policy, TenantChoice, WearExhausted};
use std::fmt;

impl Eviction {
    /// Every choice, by its word in the file.
    pub(super) const WORDS: [(&'static str, Self); 8] = [
        ("min", Self::Min),
        ("adaptive", Self::Adaptive),
        ("lru", Self::Lru),
        ("s3-fifo", Self::S3Fifo),
        ("lfu", Self::Lfu),
        ("sieve", Self::Sieve),
        ("slru", Self::Slru),
        ("arc", Self::Arc),
    ];
}

impl fmt::Display for Eviction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(&Self::WORDS, *self))
    }
}

impl IoChoice {
    /// Every choice, by its word in the file.
    pub(super) const WORDS: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("io_uring", Self::IoUring), ("threads", Self::Threads)];
}

impl fmt::Display for IoChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(&Self::WORDS, *self))
    }
}

impl Codec {
    /// Every choice, by its word.
    pub(super) const WORDS: [(&'static str, Self); 5] = [
        ("raw", Self::Raw),
        ("lossless", Self::Lossless),
        ("bf16", Self::Bf16),
        ("f16", Self::F16),
        ("int8", Self::Int8),
    ];
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(&Self::WORDS, *self))
    }
}

impl WearExhausted {
    /// Every choice, by its word in the file.
    pub(super) const WORDS: [(&'static str, Self); 2] = [("wait", Self::Wait), ("fail", Self::Fail)];
}

impl fmt::Display for WearExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(&Self::WORDS, *self))
    }
}

/// The word of a choice.
fn word<T: PartialEq>(words: &[(&'static str, T)], choice: T) -> &'static str {
    words.iter().find(|(_, known)| *known == choice).map_or("", |(word, _)| word)
}

impl fmt::Display for Policy {
    /// A directory that is not Unicode is printed lossily.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "eviction = \"{}\"", self.eviction)?;
        let window = self.window.map_or("auto".to_owned(), |bytes| BYTES.print(bytes));
        writeln!(f, "prefetch_window = \"{window}\"")?;
        let deadline_ns = u64::try_from(self.deadline.as_nanos()).unwrap_or(u64::MAX);
        writeln!(f, "deadline = \"{}\"", TIME.print(deadline_ns))?;
        writeln!(f, "io = \"{}\"", self.io)?;
        match self.queue_depth {
            Some(flights) => writeln!(f, "queue_depth = {flights}")?,
            None => writeln!(f, "queue_depth = \"auto\"")?,
        }
        self.write_tiers(f)?;
        self.write_links(f)?;
        self.write_tenants(f)?;
        self.write_spill(f)?;
        writeln!(f, "\n[watermarks]\nhigh = {:?}\nlow = {:?}", self.high_watermark, self.low_watermark)?;
        writeln!(f, "throttle = {:?}\n\n[pressure]", self.throttle_watermark)?;
        writeln!(f, "levels = {:?}", self.pressure_levels)
    }
}

impl Policy {
    fn write_tiers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tier in &self.tiers {
            writeln!(f, "\n[[tier]]\nname = {}\nkind = \"{}\"", Quoted(&tier.name), tier.kind)?;
            if let Some(budget) = tier.budget {
                writeln!(f, "budget = \"{}\"", budget.print())?;
            }
            if let Some(device) = &tier.device {
                writeln!(f, "device = {}", Quoted(device))?;
            }
        }
        Ok(())
    }

    fn write_tenants(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for TenantChoice { name, quota } in &self.tenants {
            writeln!(f, "\n[[tenant]]\nname = {}", Quoted(name))?;
            writeln!(f, "reserved = \"{}\"", BYTES.print(quota.reserved_bytes))?;
            if let Some(bytes) = quota.cap_bytes {
                writeln!(f, "cap = \"{}\"", BYTES.print(bytes))?;
            }
        }
        Ok(())
    }

    fn write_spill(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n[spill]")?;
        let alone = matches!(&self.spill_disks[..], [disk] if disk.capacity_bytes.is_none());
        if alone {
            writeln!(f, "directory = {}", Quoted(&self.spill_directory().to_string_lossy()))?;
        }
        if let Some(bytes) = self.spill_capacity_bytes {
            writeln!(f, "capacity = \"{}\"", BYTES.print(bytes))?;
        }
        if let Some(name) = &self.store {
            writeln!(f, "store = {}", Quoted(name))?;
        }
        writeln!(f, "codec = \"{}\"\nencrypt = {}", self.codec, self.encrypt)?;
        if let Some(bytes) = self.wear_per_day {
            writeln!(f, "wear_per_day = \"{}\"", BYTES.print(bytes))?;
        }
        writeln!(f, "wear_exhausted = \"{}\"", self.wear_exhausted)?;
        if let Some(bytes) = self.endurance {
            writeln!(f, "endurance = \"{}\"", BYTES.print(bytes))?;
        }
        for disk in self.spill_disks.iter().filter(|_| !alone) {
            writeln!(f, "\n[[spill.disk]]\ndirectory = {}", Quoted(&disk.directory.to_string_lossy()))?;
            if let Some(bytes) = disk.capacity_bytes {
                writeln!(f, "capacity = \"{}\"", BYTES.print(bytes))?;
            }
        }
        Ok(())
    }

    fn write_links(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for link in &self.links {
            let name = |tier: u8| Quoted(&self.tiers[usize::from(tier)].name);
            writeln!(f, "\n[[link]]\nsource = {}\ntarget = {}", name(link.source), name(link.target))?;
            if let Some(bytes_per_s) = link.bandwidth_bytes_per_s {
                writeln!(f, "bandwidth = \"{}\"", RATE.print(bytes_per_s))?;
            }
            if let Some(ns) = link.latency_ns {
                writeln!(f, "latency = \"{}\"", TIME.print(ns))?;
            }
        }
        Ok(())
    }
}

/// A basic string of TOML.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                control if control.is_control() => write!(f, "\\u{:04X}", u32::from(control))?,
                plain => write!(f, "{plain}")?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests;
