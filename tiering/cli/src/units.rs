//! Bytes and times as people write and read them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes; reads `256MiB`, `1.5 GiB`, `268435456`; prints in the largest binary unit that keeps it above 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bytes(pub(crate) u64);

/// Binary units, largest first.
const BINARY: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
/// Decimal units, which are read but never printed.
const DECIMAL: [(&str, u64); 5] =
    [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("B", 1)];

/// Text that is not a number of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadBytes;

impl fmt::Display for BadBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a number of bytes; write for example 256MiB, 1.5GiB or 268435456")
    }
}

impl std::error::Error for BadBytes {}

impl FromStr for Bytes {
    type Err = BadBytes;

    fn from_str(text: &str) -> Result<Self, BadBytes> {
        let text = text.trim();
        let strip = |&(unit, bytes): &(&str, u64)| {
            let at = text.len().checked_sub(unit.len())?;
            let (number, suffix) = text.split_at_checked(at)?;
            suffix.eq_ignore_ascii_case(unit).then_some((number.trim_end(), bytes))
        };
        let (number, unit) = BINARY.iter().chain(&DECIMAL).find_map(strip).unwrap_or((text, 1));
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(unit).map(Self).ok_or(BadBytes);
        }
        let bytes = number.parse::<f64>().map_err(|_| BadBytes)? * unit as f64;
        let fits = bytes.is_finite() && (0.0..u64::MAX as f64).contains(&bytes);
        if fits { Ok(Self(bytes.round() as u64)) } else { Err(BadBytes) }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match BINARY.iter().find(|(_, unit)| self.0 >= *unit) {
            Some((name, unit)) if self.0.is_multiple_of(*unit) => write!(f, "{} {name}", self.0 / unit),
            Some((name, unit)) => write!(f, "{:.2} {name}", self.0 as f64 / *unit as f64),
            None => write!(f, "{} B", self.0),
        }
    }
}

/// Bytes per second, printed in decimal units as disks are sold.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Rate(pub(crate) f64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} GB/s", self.0 / 1e9)
    }
}

/// Nanoseconds, printed in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Nanos(pub(crate) u64);

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ms", self.0 as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests;
