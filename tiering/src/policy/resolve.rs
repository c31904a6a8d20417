//! The judge of a policy: words in, a possible [`Policy`] out. Pure but for asking how much memory there is.

use super::builder::{DiskWords, LinkWords, PolicyBuilder, Quantity, TenantWords, TierWords};
use super::nearest::nearest;
use super::units::{BYTES, RATE, Size, TIME};
use super::{Codec, Disk, LinkChoice, Policy, TenantChoice, TierChoice, memory};
use crate::error::{Error, ErrorKind, Result};
use crate::tier::{Quota, TierKind};
use std::path::PathBuf;
use std::time::Duration;

const MAX_TIERS: usize = 16;
/// Each is a file of its own at the driver.
const MAX_DISKS: usize = 256;
const MAX_TENANTS: usize = 1024;
const MAX_QUEUE_DEPTH: u32 = 4096;
const DEADLINE_DEFAULT: Duration = Duration::from_secs(30);
const HIGH_WATERMARK_DEFAULT: f64 = 0.90;
const LOW_WATERMARK_DEFAULT: f64 = 0.85;
const THROTTLE_WATERMARK_DEFAULT: f64 = 0.95;
const PRESSURE_LEVELS_DEFAULT: [f64; 3] = [0.70, 0.85, 0.95];
const MAX_LEVELS: usize = 16;
/// The automatic window never needs more: it covers the latency of any disk.
const WINDOW_LEAST: u64 = 32 << 20;
/// The automatic window as a part of the budget: 1 / this.
const WINDOW_PART: u64 = 8;

/// Checks `words` and fills in what they leave out.
///
/// # Errors
/// `Policy` naming the key.
pub(super) fn policy(words: PolicyBuilder) -> Result<Policy> {
    let tiers = tiers(words.tiers)?;
    let links = words.links.into_iter().enumerate().map(|(index, link)| self::link(index, link, &tiers));
    let links = distinct(links.collect::<Result<_>>()?)?;
    let dram = tiers.iter().find(|tier| tier.kind == TierKind::Dram).and_then(|tier| tier.budget_bytes);
    let budget = dram.ok_or_else(|| wrong("tier", "no tier is of kind \"dram\": leases live there"))?;
    let window = window(words.prefetch_window)?;
    let window_bytes = window.unwrap_or_else(|| automatic_window(budget));
    if window_bytes >= budget {
        let message =
            format!("{window_bytes} bytes leave nothing of the dram budget of {budget} bytes: allow less");
        return Err(wrong("prefetch_window", message));
    }
    let tenants = tenants(words.tenants, budget)?;
    let (high_watermark, low_watermark) = watermarks(words.high_watermark, words.low_watermark)?;
    let given = |key: &str, bytes: Option<Quantity>| bytes.map(|bytes| positive(key, bytes)).transpose();
    Ok(Policy {
        tiers,
        links,
        tenants,
        spill_disks: spill_disks(words.spill_directory, words.spill_disks)?,
        spill_capacity_bytes: given("spill.capacity", words.spill_capacity)?,
        store: store(words.store, words.encrypt)?,
        codec: codec(words.codec)?,
        encrypt: words.encrypt,
        eviction: words.eviction,
        window,
        window_bytes,
        high_watermark,
        low_watermark,
        throttle_watermark: throttle(words.throttle_watermark, high_watermark)?,
        pressure_levels: levels(words.pressure_levels)?,
        wear_per_day: given("spill.wear_per_day", words.wear_per_day)?,
        wear_exhausted: words.wear_exhausted,
        endurance: given("spill.endurance", words.endurance)?,
        deadline: deadline(words.deadline)?,
        io: words.io,
        queue_depth: queue_depth(words.queue_depth)?,
    })
}

/// An error about a key.
pub(super) fn wrong(key: impl std::fmt::Display, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Policy, message).with("key", key)
}

/// The tiers, fastest first: by kind, then as given. A disk is always there, named or not.
fn tiers(mut words: Vec<TierWords>) -> Result<Vec<TierChoice>> {
    if words.is_empty() {
        words.push(TierWords {
            name: "dram".to_owned(),
            kind: TierKind::Dram,
            budget: Some("auto".into()),
            device: None,
        });
    }
    if words.len() >= MAX_TIERS {
        return Err(wrong("tier", format!("{} tiers, fewer than {MAX_TIERS} are allowed", words.len())));
    }
    let mut tiers: Vec<TierChoice> = Vec::new();
    for (index, tier) in words.into_iter().enumerate() {
        if tiers.iter().any(|other| other.name == tier.name) {
            return Err(
                wrong(format!("tier[{index}].name"), "two tiers have one name").with("tier", tier.name)
            );
        }
        tiers.push(self::tier(index, tier)?);
    }
    if !tiers.iter().any(|tier| tier.kind == TierKind::Nvme) {
        let name = if tiers.iter().any(|tier| tier.name == "nvme") { "disk" } else { "nvme" };
        tiers.push(TierChoice {
            name: name.to_owned(),
            kind: TierKind::Nvme,
            budget: None,
            budget_bytes: None,
            device: None,
        });
    }
    tiers.sort_by_key(|tier| match tier.kind {
        TierKind::Hbm => 0,
        TierKind::Dram => 1,
        TierKind::Nvme => 2,
    });
    Ok(tiers)
}

fn tier(index: usize, words: TierWords) -> Result<TierChoice> {
    let TierWords { name, kind, budget, device } = words;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(wrong(format!("tier[{index}].name"), "a tier needs a name without control characters"));
    }
    let key = format!("tier[{index}].budget");
    let budget = match (budget, kind) {
        (None, TierKind::Nvme) => None,
        (None, _) => return Err(wrong(key, "a tier of memory needs a budget").with("tier", name)),
        (Some(words), _) => Some(budget_size(&key, kind, words).map_err(|error| error.with("tier", &name))?),
    };
    let budget_bytes = budget.map(|size| size.bytes(memory::limit().bytes));
    if budget_bytes == Some(0) {
        return Err(wrong(key, "a budget of 0 bytes holds nothing: allow at least 1 B").with("tier", name));
    }
    let device = self::device(&format!("tier[{index}].device"), kind, device)
        .map_err(|error| error.with("tier", &name))?;
    Ok(TierChoice { name, kind, budget, budget_bytes, device })
}

/// The device of a tier of kind hbm: a kind and a number. Whether there is such a device, the engine finds out.
fn device(key: &str, kind: TierKind, words: Option<String>) -> Result<Option<String>> {
    let name = match (words, kind) {
        (None, TierKind::Hbm) => "cuda:0".to_owned(),
        (Some(name), TierKind::Hbm) => name,
        (None, _) => return Ok(None),
        (Some(_), _) => return Err(wrong(key, format!("a tier of kind \"{kind}\" is on no device"))),
    };
    let known = |(kind, number): (&str, &str)| {
        ["cuda", "sim"].contains(&kind) && number.parse::<u32>().is_ok_and(|n| n.to_string() == number)
    };
    if name.split_once(':').is_some_and(known) {
        return Ok(Some(name));
    }
    Err(wrong(key, format!("`{name}` names no device: write `cuda:0` or `sim:0`, or another number")))
}

/// The budget of a tier; only memory of this host is measured in parts of it.
fn budget_size(key: &str, kind: TierKind, words: Quantity) -> Result<Size> {
    let size = match words {
        Quantity::Text(text) => Size::read(&text).map_err(|error| error.with("key", key))?,
        other => Size::Bytes(bytes(key, other)?),
    };
    match size {
        Size::Auto | Size::BasisPoints(_) if kind != TierKind::Dram => {
            let message = format!("`{}` is for tiers of kind \"dram\": give bytes", size.print());
            Err(wrong(key, message))
        }
        size => Ok(size),
    }
}

fn link(index: usize, words: LinkWords, tiers: &[TierChoice]) -> Result<LinkChoice> {
    let find = |end: &str, name: &str| {
        let position = tiers.iter().position(|tier| tier.name == name).and_then(|at| u8::try_from(at).ok());
        position.ok_or_else(|| {
            let names: Vec<&str> = tiers.iter().map(|tier| tier.name.as_str()).collect();
            unknown("tier", &format!("link[{index}].{end}"), name, &names)
        })
    };
    let (source, target) = (find("source", &words.source)?, find("target", &words.target)?);
    if source == target {
        return Err(
            wrong(format!("link[{index}].target"), "a link ends where it starts").with("tier", words.target)
        );
    }
    let bandwidth = |words| {
        let key = format!("link[{index}].bandwidth");
        match rate(&key, words)? {
            0 => Err(wrong(key, "a bandwidth of 0 moves nothing: leave it out to have it measured")),
            bytes_per_s => Ok(bytes_per_s),
        }
    };
    let latency = |words| nanoseconds(&format!("link[{index}].latency"), words);
    Ok(LinkChoice {
        source,
        target,
        bandwidth_bytes_per_s: words.bandwidth.map(bandwidth).transpose()?,
        latency_ns: words.latency.map(latency).transpose()?,
    })
}

/// No two links join the same tiers in the same direction.
fn distinct(links: Vec<LinkChoice>) -> Result<Vec<LinkChoice>> {
    for (index, link) in links.iter().enumerate() {
        if links[..index].iter().any(|other| (other.source, other.target) == (link.source, link.target)) {
            return Err(wrong(format!("link[{index}]"), "two links have the same source and target"));
        }
    }
    Ok(links)
}

/// The tenants, whose reserved parts leave an eighth of the budget.
fn tenants(words: Vec<TenantWords>, budget: u64) -> Result<Vec<TenantChoice>> {
    if words.len() > MAX_TENANTS {
        let message = format!("{} tenants, at most {MAX_TENANTS} are allowed", words.len());
        return Err(wrong("tenant", message));
    }
    let mut tenants: Vec<TenantChoice> = Vec::new();
    for (index, TenantWords { name, reserved, cap }) in words.into_iter().enumerate() {
        let key = |word: &str| format!("tenant[{index}].{word}");
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(wrong(key("name"), "a tenant needs a name without control characters"));
        }
        if tenants.iter().any(|other| other.name == name) {
            return Err(wrong(key("name"), "two tenants have one name").with("tenant", name));
        }
        let reserved_bytes = reserved.map_or(Ok(0), |words| bytes(&key("reserved"), words))?;
        let cap_bytes = cap.map(|words| positive(&key("cap"), words)).transpose()?;
        if cap_bytes.is_some_and(|cap| cap < reserved_bytes) {
            let message = format!("{reserved_bytes} bytes are more than the cap allows");
            return Err(wrong(key("reserved"), message).with("tenant", name));
        }
        tenants.push(TenantChoice { name, quota: Quota { reserved_bytes, cap_bytes } });
    }
    let least = least_budget(&tenants);
    if least > budget {
        let message = format!(
            "what is reserved needs a dram budget of {least} bytes, an eighth for everybody; it is {budget}"
        );
        return Err(wrong("tenant", message));
    }
    Ok(tenants)
}

/// The least budget in which what is reserved leaves an eighth.
pub(super) fn least_budget(tenants: &[TenantChoice]) -> u64 {
    let reserved: u128 = tenants.iter().map(|tenant| u128::from(tenant.quota.reserved_bytes)).sum();
    u64::try_from((reserved * 8).div_ceil(7)).unwrap_or(u64::MAX)
}

/// A word that is none of `known`, and which of them is nearest.
pub(super) fn unknown(noun: &str, key: &str, word: &str, known: &[&str]) -> Error {
    let near = nearest(word, known).unwrap_or("none");
    let message =
        format!("unknown {noun} `{word}`, the nearest is `{near}`; allowed here: {}", known.join(", "));
    wrong(key, message)
}

fn window(words: Option<Quantity>) -> Result<Option<u64>> {
    match words {
        None => Ok(None),
        Some(Quantity::Text(text)) if text.trim() == "auto" => Ok(None),
        Some(words) => bytes("prefetch_window", words).map(Some),
    }
}

/// The larger of 32 MiB and an eighth of the budget, where that is at most half of it; else an eighth.
pub(super) fn automatic_window(budget: u64) -> u64 {
    let part = budget / WINDOW_PART;
    if WINDOW_LEAST <= budget / 2 { part.max(WINDOW_LEAST) } else { part }
}

fn watermarks(high: Option<f64>, low: Option<f64>) -> Result<(f64, f64)> {
    let high = high.unwrap_or(HIGH_WATERMARK_DEFAULT);
    let low = low.unwrap_or(LOW_WATERMARK_DEFAULT.min(high));
    for (key, part) in [("watermarks.high", high), ("watermarks.low", low)] {
        if !(part > 0.0 && part <= 1.0) {
            return Err(wrong(key, format!("{part} is not a part of a budget: above 0.0, at most 1.0")));
        }
    }
    if low > high {
        return Err(wrong("watermarks.low", format!("{low} is above the high watermark of {high}")));
    }
    Ok((high, low))
}

/// The mark above which writers wait: nothing is written back below the high one, so it is not below that.
fn throttle(part: Option<f64>, high: f64) -> Result<f64> {
    let part = part.unwrap_or(THROTTLE_WATERMARK_DEFAULT.max(high));
    if !(part >= high && part <= 1.0) {
        let message = format!("{part} is not from the high watermark of {high} to 1.0");
        return Err(wrong("watermarks.throttle", message));
    }
    Ok(part)
}

fn levels(parts: Option<Vec<f64>>) -> Result<Vec<f64>> {
    let parts = parts.unwrap_or_else(|| PRESSURE_LEVELS_DEFAULT.to_vec());
    if parts.len() > MAX_LEVELS {
        let message = format!("{} levels, at most {MAX_LEVELS} are allowed", parts.len());
        return Err(wrong("pressure.levels", message));
    }
    if let Some(part) = parts.iter().find(|part| !(**part > 0.0 && **part <= 1.0)) {
        let message = format!("{part} is not a part of a budget: above 0.0, at most 1.0");
        return Err(wrong("pressure.levels", message));
    }
    if !parts.is_sorted_by(|a, b| a < b) {
        return Err(wrong("pressure.levels", "levels are given once each, the least first"));
    }
    Ok(parts)
}

fn spill_directory(given: Option<PathBuf>) -> Result<PathBuf> {
    match given {
        Some(directory) if directory.as_os_str().is_empty() => {
            Err(wrong("spill.directory", "an empty path names no directory"))
        }
        Some(directory) => Ok(directory),
        None => Ok(Some(std::env::temp_dir())
            .filter(|path| !path.as_os_str().is_empty())
            .unwrap_or("/tmp".into())),
    }
}

fn store(name: Option<String>, encrypt: bool) -> Result<Option<String>> {
    let Some(name) = name else { return Ok(None) };
    let plain = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    if name.is_empty() || name.len() > 100 || name.starts_with('.') || !name.chars().all(plain) {
        let message = "a store's name is of letters, digits, `-`, `_` and `.`, at most 100 bytes, no path";
        return Err(wrong("spill.store", message));
    }
    if encrypt {
        let message = "the key of an encrypted store ends with its engine: it cannot have a name";
        return Err(wrong("spill.store", message));
    }
    Ok(Some(name))
}

fn codec(codec: Codec) -> Result<Codec> {
    match codec {
        Codec::Raw | Codec::Lossless => Ok(codec),
        lossy => {
            let message = format!("`{lossy}` changes numbers: ask for it tensor by tensor");
            Err(wrong("spill.codec", message))
        }
    }
}

/// The disks, or the one directory in their place.
fn spill_disks(directory: Option<PathBuf>, disks: Vec<DiskWords>) -> Result<Vec<Disk>> {
    if disks.is_empty() {
        return Ok(vec![Disk { directory: spill_directory(directory)?, capacity_bytes: None }]);
    }
    if directory.is_some() {
        let message = "give one directory, or disks with a directory each, not both";
        return Err(wrong("spill.directory", message));
    }
    if disks.len() > MAX_DISKS {
        return Err(wrong("spill.disk", format!("{} disks, at most {MAX_DISKS} are allowed", disks.len())));
    }
    let disk = |(index, words): (usize, DiskWords)| {
        if words.directory.as_os_str().is_empty() {
            return Err(wrong(format!("spill.disk[{index}].directory"), "an empty path names no directory"));
        }
        let capacity = |bytes| positive(&format!("spill.disk[{index}].capacity"), bytes);
        Ok(Disk { directory: words.directory, capacity_bytes: words.capacity.map(capacity).transpose()? })
    };
    disks.into_iter().enumerate().map(disk).collect()
}

fn deadline(words: Option<Quantity>) -> Result<Duration> {
    let Some(words) = words else { return Ok(DEADLINE_DEFAULT) };
    match nanoseconds("deadline", words)? {
        0 => Err(wrong("deadline", "a deadline of 0 lets nothing be waited for: allow at least 1 ns")),
        ns => Ok(Duration::from_nanos(ns)),
    }
}

fn queue_depth(flights: Option<u32>) -> Result<Option<u32>> {
    match flights {
        Some(flights) if flights == 0 || flights > MAX_QUEUE_DEPTH => {
            Err(wrong("queue_depth", format!("{flights} is not in 1..={MAX_QUEUE_DEPTH}")))
        }
        flights => Ok(flights),
    }
}

/// Bytes above 0.
fn positive(key: &str, words: Quantity) -> Result<u64> {
    match bytes(key, words)? {
        0 => Err(wrong(key, "0 bytes hold nothing: allow at least 1 B, or leave it out")),
        bytes => Ok(bytes),
    }
}

fn bytes(key: &str, words: Quantity) -> Result<u64> {
    match words {
        Quantity::Text(text) => BYTES.read(&text).map_err(|error| error.with("key", key)),
        Quantity::Number(bytes) if i64::try_from(bytes).is_ok() => Ok(bytes),
        Quantity::Number(bytes) => Err(BYTES.wrong(&bytes.to_string(), "is too large").with("key", key)),
        Quantity::Time(time) => Err(BYTES.wrong(&format!("{time:?}"), "is not a size").with("key", key)),
    }
}

fn rate(key: &str, words: Quantity) -> Result<u64> {
    match words {
        Quantity::Text(text) => RATE.read(&text).map_err(|error| error.with("key", key)),
        other => bytes(key, other),
    }
}

fn nanoseconds(key: &str, words: Quantity) -> Result<u64> {
    match words {
        Quantity::Text(text) => TIME.read(&text).map_err(|error| error.with("key", key)),
        Quantity::Time(time) => match i64::try_from(time.as_nanos()) {
            Ok(ns) => Ok(ns.unsigned_abs()),
            Err(_) => Err(TIME.wrong(&format!("{time:?}"), "is too large").with("key", key)),
        },
        Quantity::Number(number) => Err(TIME.wrong(&number.to_string(), "has no unit").with("key", key)),
    }
}

#[cfg(test)]
mod tests;
