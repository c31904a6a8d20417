//! The policy file: TOML in, builder calls out; every complaint gets the line it is about.
//!
//! Keys are spelled as paths, `tier[0].budget`, and each key that is present is filed with its line, so that the
//! builder's own complaints, which know only the key, end up with a line too.

use super::builder::{DiskWords, LinkWords, PolicyBuilder, Quantity, TenantWords};
use super::resolve::{unknown, wrong};
use super::{Codec, Eviction, IoChoice, Policy, WearExhausted};
use crate::error::{Error, ErrorKind, Result};
use crate::tier::TierKind;
use std::collections::HashMap;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A policy is written by hand; a larger file is a mistake.
const MAX_FILE_BYTES: u64 = 1 << 20;

const TIER_KINDS: [(&str, TierKind); 3] =
    [("hbm", TierKind::Hbm), ("dram", TierKind::Dram), ("nvme", TierKind::Nvme)];

/// Reads and checks the file at `path`.
pub(super) fn read(path: &Path) -> Result<Policy> {
    let read = || {
        let len = std::fs::metadata(path)?.len();
        if len > MAX_FILE_BYTES {
            let message = format!("the file has {len} bytes, at most {MAX_FILE_BYTES} are allowed");
            return Err(Error::new(ErrorKind::Policy, message));
        }
        parse(&std::fs::read_to_string(path)?)
    };
    read().map_err(|error: Error| error.with("file", path.display()))
}

/// Checks the text of a policy.
///
/// # Errors
/// `Policy` naming key and line.
pub(super) fn parse(text: &str) -> Result<Policy> {
    let document = DeTable::parse(text).map_err(|error| syntax(text, &error))?;
    let mut lines = Lines { text, of: HashMap::new() };
    let words = whole(document.get_ref(), &mut lines);
    words.and_then(PolicyBuilder::build).map_err(|error| lines.locate(error))
}

fn syntax(text: &str, error: &toml::de::Error) -> Error {
    let wrong = Error::new(ErrorKind::Policy, format!("not valid TOML: {}", error.message().trim_end()));
    match error.span() {
        Some(span) => wrong.with("line", line_at(text, span.start)),
        None => wrong,
    }
}

/// Line of a byte, counted from 1.
fn line_at(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
}

/// Where each key of the file stands.
struct Lines<'t> {
    text: &'t str,
    of: HashMap<String, usize>,
}

impl Lines<'_> {
    fn note(&mut self, key: &str, byte: usize) {
        self.of.insert(key.to_owned(), line_at(self.text, byte));
    }

    /// Adds the line of the error's key, or of the table that lacks it.
    fn locate(&self, error: Error) -> Error {
        let line = error.fact("key").and_then(|key| {
            let table = key.rsplit_once('.').map_or(key, |(table, _)| table);
            self.of.get(key).or_else(|| self.of.get(table)).copied()
        });
        match line {
            Some(line) => error.with("line", line),
            None => error,
        }
    }
}

/// One table of the file whose keys are known.
struct Section<'a> {
    path: String,
    table: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    /// Files the keys of `table` and refuses the first, by line, that is not `allowed`.
    fn open(path: &str, table: &'a DeTable<'a>, allowed: &[&str], lines: &mut Lines<'_>) -> Result<Self> {
        let section = Self { path: path.to_owned(), table };
        let mut keys: Vec<_> = table.keys().map(|key| (key.span().start, &**key.get_ref())).collect();
        keys.sort_unstable();
        for (byte, key) in keys {
            let path = section.key(key);
            lines.note(&path, byte);
            if !allowed.contains(&key) {
                return Err(unknown("key", &path, key, allowed));
            }
        }
        Ok(section)
    }

    /// The path of a key of this table.
    fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key, read by `read`.
    fn read<T>(&self, key: &str, read: impl Fn(&str, &'a DeValue<'a>) -> Result<T>) -> Result<Option<T>> {
        self.table.get(key).map(|value| read(&self.key(key), value.get_ref())).transpose()
    }

    /// The value of a key that must be there.
    fn demand<T>(&self, key: &str, read: impl Fn(&str, &'a DeValue<'a>) -> Result<T>) -> Result<T> {
        self.read(key, read)?.ok_or_else(|| wrong(self.key(key), format!("`{key}` is missing")))
    }
}

/// The whole document.
fn whole(table: &DeTable<'_>, lines: &mut Lines<'_>) -> Result<PolicyBuilder> {
    const KEYS: [&str; 11] = [
        "tier",
        "link",
        "tenant",
        "spill",
        "eviction",
        "prefetch_window",
        "watermarks",
        "pressure",
        "deadline",
        "io",
        "queue_depth",
    ];
    let top = Section::open("", table, &KEYS, lines)?;
    let mut words = Policy::builder();
    for (path, tier) in tables(&top, "tier", lines)? {
        words = self::tier(&path, tier, words, lines)?;
    }
    for (path, link) in tables(&top, "link", lines)? {
        words = self::link(&path, link, words, lines)?;
    }
    for (path, tenant) in tables(&top, "tenant", lines)? {
        let section = Section::open(&path, tenant, &["name", "reserved", "cap"], lines)?;
        words = words.add_tenant(TenantWords {
            name: section.demand("name", as_text)?.to_owned(),
            reserved: section.read("reserved", as_quantity)?,
            cap: section.read("cap", as_quantity)?,
        });
    }
    if let Some(table) = top.read("spill", as_table)? {
        words = spill(table, words, lines)?;
    }
    if let Some(table) = top.read("watermarks", as_table)? {
        let marks = Section::open("watermarks", table, &["high", "low", "throttle"], lines)?;
        words.high_watermark = marks.read("high", as_part)?;
        words.low_watermark = marks.read("low", as_part)?;
        words.throttle_watermark = marks.read("throttle", as_part)?;
    }
    if let Some(table) = top.read("pressure", as_table)? {
        words.pressure_levels =
            Section::open("pressure", table, &["levels"], lines)?.read("levels", as_parts)?;
    }
    words.eviction =
        top.read("eviction", |key, value| choice(key, value, &Eviction::WORDS))?.unwrap_or_default();
    words.io = top.read("io", |key, value| choice(key, value, &IoChoice::WORDS))?.unwrap_or_default();
    words.prefetch_window = top.read("prefetch_window", as_quantity)?;
    words.deadline = top.read("deadline", as_quantity)?;
    words.queue_depth = top.read("queue_depth", as_queue_depth)?.flatten();
    Ok(words)
}

/// The tables of an array such as `[[tier]]`, each with its path.
fn tables<'a>(top: &Section<'a>, key: &str, lines: &mut Lines<'_>) -> Result<Vec<(String, &'a DeTable<'a>)>> {
    let list = |key: &str, value: &'a DeValue<'a>| {
        value.as_array().ok_or_else(|| wrong(key, format!("write it as `[[{key}]]`, once for each")))
    };
    let mut found = Vec::new();
    for (index, item) in top.read(key, list)?.into_iter().flatten().enumerate() {
        let item: &'a Spanned<DeValue<'a>> = item;
        let path = format!("{}[{index}]", top.key(key));
        lines.note(&path, item.span().start);
        found.push((path.clone(), as_table(&path, item.get_ref())?));
    }
    Ok(found)
}

fn tier(
    path: &str,
    table: &DeTable<'_>,
    words: PolicyBuilder,
    lines: &mut Lines<'_>,
) -> Result<PolicyBuilder> {
    let section = Section::open(path, table, &["name", "kind", "budget", "device"], lines)?;
    let kind = section.demand("kind", |key, value| choice(key, value, &TIER_KINDS))?;
    let name = section.read("name", as_text)?.map_or_else(|| kind.to_string(), str::to_owned);
    let budget = section.read("budget", as_quantity)?;
    let automatic = (kind == TierKind::Dram).then(|| "auto".into());
    let device = section.read("device", as_text)?.map(str::to_owned);
    Ok(words.add_tier(name, kind, budget.or(automatic), device))
}

fn link(
    path: &str,
    table: &DeTable<'_>,
    words: PolicyBuilder,
    lines: &mut Lines<'_>,
) -> Result<PolicyBuilder> {
    let section = Section::open(path, table, &["source", "target", "bandwidth", "latency"], lines)?;
    Ok(words.add_link(LinkWords {
        source: section.demand("source", as_text)?.to_owned(),
        target: section.demand("target", as_text)?.to_owned(),
        bandwidth: section.read("bandwidth", as_text)?.map(Quantity::from),
        latency: section.read("latency", as_text)?.map(Quantity::from),
    }))
}

fn spill(table: &DeTable<'_>, mut words: PolicyBuilder, lines: &mut Lines<'_>) -> Result<PolicyBuilder> {
    const KEYS: [&str; 9] = [
        "directory",
        "capacity",
        "store",
        "codec",
        "encrypt",
        "wear_per_day",
        "wear_exhausted",
        "endurance",
        "disk",
    ];
    let section = Section::open("spill", table, &KEYS, lines)?;
    words.spill_directory = section.read("directory", as_text)?.map(Into::into);
    words.spill_capacity = section.read("capacity", as_quantity)?;
    words.store = section.read("store", as_text)?.map(str::to_owned);
    words.codec = section.read("codec", |key, value| choice(key, value, &Codec::WORDS))?.unwrap_or_default();
    words.encrypt = section.read("encrypt", as_truth)?.unwrap_or_default();
    words.wear_per_day = section.read("wear_per_day", as_quantity)?;
    let exhausted = section.read("wear_exhausted", |key, value| choice(key, value, &WearExhausted::WORDS))?;
    words.wear_exhausted = exhausted.unwrap_or_default();
    words.endurance = section.read("endurance", as_quantity)?;
    for (path, disk) in tables(&section, "disk", lines)? {
        let disk = Section::open(&path, disk, &["directory", "capacity"], lines)?;
        words = words.add_disk(DiskWords {
            directory: disk.demand("directory", as_text)?.into(),
            capacity: disk.read("capacity", as_quantity)?,
        });
    }
    Ok(words)
}

/// A value of another type than the key takes.
fn mistyped(key: &str, wanted: &str, value: &DeValue<'_>) -> Error {
    wrong(key, format!("expected {wanted}, found a TOML {}", value.type_str()))
}

fn as_table<'a>(key: &str, value: &'a DeValue<'a>) -> Result<&'a DeTable<'a>> {
    value.as_table().ok_or_else(|| mistyped(key, "a table", value))
}

fn as_text<'a>(key: &str, value: &'a DeValue<'a>) -> Result<&'a str> {
    value.as_str().ok_or_else(|| mistyped(key, "text in quotes", value))
}

fn as_truth(key: &str, value: &DeValue<'_>) -> Result<bool> {
    value.as_bool().ok_or_else(|| mistyped(key, "true or false", value))
}

/// One of a few words.
fn choice<T: Copy>(key: &str, value: &DeValue<'_>, words: &[(&str, T)]) -> Result<T> {
    let Some(word) = value.as_str() else { return Err(mistyped(key, "a word in quotes", value)) };
    let found = words.iter().find(|(known, _)| *known == word).map(|(_, choice)| *choice);
    let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
    found.ok_or_else(|| unknown("word", key, word, &known))
}

/// Text with a unit, or a bare number.
fn as_quantity(key: &str, value: &DeValue<'_>) -> Result<Quantity> {
    match value {
        DeValue::String(text) => Ok(Quantity::Text(text.to_string())),
        DeValue::Integer(_) => as_integer(key, value).map(Quantity::Number),
        _ => Err(mistyped(key, "text with a unit, such as \"32 MiB\" or \"30 s\"", value)),
    }
}

fn as_integer(key: &str, value: &DeValue<'_>) -> Result<u64> {
    let Some(integer) = value.as_integer() else { return Err(mistyped(key, "a whole number", value)) };
    u64::from_str_radix(integer.as_str(), integer.radix())
        .map_err(|_| wrong(key, format!("{integer} is not a whole number from 0 to {}", i64::MAX)))
}

/// A number of flights, or `auto`.
fn as_queue_depth(key: &str, value: &DeValue<'_>) -> Result<Option<u32>> {
    match value {
        DeValue::String(text) if text.trim() == "auto" => Ok(None),
        DeValue::Integer(_) => Ok(Some(u32::try_from(as_integer(key, value)?).unwrap_or(u32::MAX))),
        _ => Err(mistyped(key, "a whole number or \"auto\"", value)),
    }
}

/// A part of a whole.
fn as_part(key: &str, value: &DeValue<'_>) -> Result<f64> {
    let digits = match value {
        DeValue::Float(float) => float.as_str(),
        DeValue::Integer(integer) => integer.as_str(),
        _ => return Err(mistyped(key, "a number from 0.0 to 1.0", value)),
    };
    digits.parse().map_err(|_| wrong(key, format!("`{digits}` is not a number from 0.0 to 1.0")))
}

/// A list of parts.
fn as_parts(key: &str, value: &DeValue<'_>) -> Result<Vec<f64>> {
    let list = value.as_array().ok_or_else(|| mistyped(key, "a list of numbers from 0.0 to 1.0", value))?;
    list.iter().map(|part| as_part(key, part.get_ref())).collect()
}

#[cfg(test)]
mod tests;
