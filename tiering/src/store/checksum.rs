//! Checksums of stored bytes: CRC-32C, by the processor's own instruction where it has one.
//!
//! A checksum is taken over the bytes as they go to the file and kept in memory, beside the place they go to; so a
//! read that brings other bytes of the same length, as a misdirected one does, is noticed like a flipped bit is.
//!
//! Source: Castagnoli, Bräuer, Herrmann, "Optimization of Cyclic Redundancy-Check Codes with 24 and 32 Parity Bits",
//! IEEE Transactions on Communications 41 (1993); the polynomial is that of RFC 3720.

use crate::error::{Error, ErrorKind};
use std::fmt;

/// What stored bytes must add up to.
///
/// ```
/// use stratal_tiering::store::checksum::Checksum;
/// let sum = Checksum::of(b"123456789");
/// assert_eq!(sum.to_string(), "e3069283"); // the check value of RFC 3720
/// assert!(sum.verify(b"123456788").is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Checksum(u32);

impl Checksum {
    /// The checksum of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(crc32c::crc32c(bytes))
    }

    /// The checksum of what was summed so far, followed by `bytes`.
    #[must_use]
    pub fn and(self, bytes: &[u8]) -> Self {
        Self(crc32c::crc32c_append(self.0, bytes))
    }

    /// One that was stored.
    #[must_use]
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// As it is stored.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Judges bytes that came back.
    ///
    /// # Errors
    /// `Corrupt` when they are others than were summed.
    pub fn verify(self, bytes: &[u8]) -> Result<(), Error> {
        let found = Self::of(bytes);
        if found == self {
            return Ok(());
        }
        let message = format!("{} bytes came back with checksum {found}, written with {self}", bytes.len());
        Err(Error::new(ErrorKind::Corrupt, message))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests;
