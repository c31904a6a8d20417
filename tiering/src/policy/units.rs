//! Numbers with units: exact to read, exact to print.
//!
//! Invariant: what [`Scale::print`] writes, [`Scale::read`] reads back as the same number.

use crate::error::{Error, ErrorKind, Result};

/// One kind of quantity: what it is called, and its units from the smallest (1) up.
pub(super) struct Scale {
    noun: &'static str,
    units: &'static [(&'static str, u64)],
}

/// Bytes.
pub(super) const BYTES: Scale = Scale {
    noun: "a size",
    units: &[
        ("B", 1),
        ("KB", 1_000),
        ("KiB", 1 << 10),
        ("MB", 1_000_000),
        ("MiB", 1 << 20),
        ("GB", 1_000_000_000),
        ("GiB", 1 << 30),
        ("TB", 1_000_000_000_000),
        ("TiB", 1 << 40),
    ],
};

/// Bytes per second.
pub(super) const RATE: Scale = Scale {
    noun: "a bandwidth",
    units: &[
        ("B/s", 1),
        ("KB/s", 1_000),
        ("KiB/s", 1 << 10),
        ("MB/s", 1_000_000),
        ("MiB/s", 1 << 20),
        ("GB/s", 1_000_000_000),
        ("GiB/s", 1 << 30),
    ],
};

/// Nanoseconds.
pub(super) const TIME: Scale = Scale {
    noun: "a time",
    units: &[("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000)],
};

/// Hundredths of a percent.
const PERCENT: Scale = Scale { noun: "a part", units: &[("%", 100)] };
const WHOLE_BASIS_POINTS: u64 = 10_000;

impl Scale {
    /// The number that `text`, such as `2.5 GiB`, stands for, in the smallest unit and rounded down.
    ///
    /// # Errors
    /// `Policy` when it is no number with a unit of this scale, negative, or above `i64::MAX`.
    pub(super) fn read(&self, text: &str) -> Result<u64> {
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
        let (number, unit) = (&text[..end], text[end..].trim_start());
        if text.starts_with('-') {
            return Err(self.wrong(text, "is negative"));
        }
        let Some((_, scale)) = self.units.iter().find(|(name, _)| *name == unit) else {
            return Err(self.wrong(text, &format!("is not {}", self.noun)));
        };
        let value =
            exact(number, *scale).ok_or_else(|| self.wrong(text, &format!("is not {}", self.noun)))?;
        match i64::try_from(value) {
            Ok(value) => Ok(value.unsigned_abs()),
            Err(_) => Err(self.wrong(text, "is too large")),
        }
    }

    /// `value` in the largest unit that divides it.
    pub(super) fn print(&self, value: u64) -> String {
        let fits = |unit: &&(&str, u64)| value.is_multiple_of(unit.1) && value >= unit.1;
        let (name, scale) = self.units.iter().rev().find(fits).unwrap_or(&self.units[0]);
        format!("{} {name}", value / scale)
    }

    /// An error that says what is allowed.
    pub(super) fn wrong(&self, text: &str, what: &str) -> Error {
        let units: Vec<&str> = self.units.iter().map(|(name, _)| *name).collect();
        let message = format!("`{text}` {what}: write a number and one of {}", units.join(", "));
        Error::new(ErrorKind::Policy, message)
    }
}

/// `number` (digits, `_` between them, at most one dot) times `scale`, rounded down; saturates where it is huge.
fn exact(number: &str, scale: u64) -> Option<u128> {
    let digits: String = number.chars().filter(|c| *c != '_').collect();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let scale = u128::from(scale);
    let whole: u128 = whole.parse().unwrap_or(u128::MAX);
    // Eighteen decimals tell apart any two numbers below 2^59 of any unit; further ones cannot change a whole result.
    let kept = &fraction[..fraction.len().min(18)];
    let parts = kept.parse::<u128>().ok()? * scale / 10u128.pow(kept.len() as u32);
    Some(whole.saturating_mul(scale).saturating_add(parts))
}

/// How large a budget is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// Half of the memory that this process may use.
    Auto,
    /// Bytes.
    Bytes(u64),
    /// Hundredths of a percent of the memory that this process may use.
    BasisPoints(u64),
}

impl Size {
    /// Reads `auto`, a percentage, or bytes.
    pub(super) fn read(text: &str) -> Result<Self> {
        match text.trim() {
            "auto" => Ok(Self::Auto),
            part if part.ends_with('%') => match PERCENT.read(part)? {
                points @ 1..=WHOLE_BASIS_POINTS => Ok(Self::BasisPoints(points)),
                _ => Err(PERCENT.wrong(part, "is not above 0 % and at most 100 %")),
            },
            bytes => BYTES.read(bytes).map(Self::Bytes),
        }
    }

    /// As `read` reads it.
    pub(super) fn print(self) -> String {
        match self {
            Self::Auto => "auto".to_owned(),
            Self::Bytes(bytes) => BYTES.print(bytes),
            Self::BasisPoints(points) if points.is_multiple_of(100) => format!("{} %", points / 100),
            Self::BasisPoints(points) => format!("{}.{:02} %", points / 100, points % 100),
        }
    }

    /// Bytes of it where `memory_bytes` may be used.
    pub(super) fn bytes(self, memory_bytes: u64) -> u64 {
        let part = |points| {
            u64::try_from(u128::from(memory_bytes) * u128::from(points) / 10_000).unwrap_or(u64::MAX)
        };
        match self {
            Self::Auto => part(WHOLE_BASIS_POINTS / 2),
            Self::Bytes(bytes) => bytes,
            Self::BasisPoints(points) => part(points),
        }
    }
}

#[cfg(test)]
mod tests;
