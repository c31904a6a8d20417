//! The journal of a named store's index: commits one after the other, each whole or not there.
//!
//! Invariant: [`replay`] of a journal that was cut anywhere, or whose last commit was torn, is the journal without that
//! commit; one that was damaged before its last commit is an error, so that no older record takes the place of a newer
//! one. `tiering/FORMAT.md` specifies the bytes.
//!
//! ```text
//! |magic|len|seq|store|sum of payload|sum of header| payload ... |pad to 32| next commit ...
//! ```

use crate::error::{Error, ErrorKind, Result};
use crate::store::checksum::Checksum;
use std::ops::Range;

/// Bytes of a commit's header, and what its length is padded to.
pub(super) const HEADER_BYTES: usize = 32;

const MAGIC: [u8; 4] = *b"SJC1";

/// Largest payload of a commit.
pub(super) const PAYLOAD_MAX: usize = 64 << 20;

/// Appends a commit to `bytes`.
pub(super) fn append(bytes: &mut Vec<u8>, store: u64, seq: u64, payload: &[u8]) {
    let mut header = [0_u8; HEADER_BYTES];
    header[..4].copy_from_slice(&MAGIC);
    // At most `PAYLOAD_MAX`, which has 32 bits.
    header[4..8].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[8..16].copy_from_slice(&seq.to_le_bytes());
    header[16..24].copy_from_slice(&store.to_le_bytes());
    header[24..28].copy_from_slice(&Checksum::of(payload).bits().to_le_bytes());
    let sum = Checksum::of(&header[..28]);
    header[28..].copy_from_slice(&sum.bits().to_le_bytes());
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(payload);
    bytes.resize(bytes.len().next_multiple_of(HEADER_BYTES), 0);
}

/// What a journal holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Replay {
    /// Payload of each commit, in order.
    pub(super) payloads: Vec<Range<usize>>,
    /// Number of the next commit.
    pub(super) next_seq: u64,
    /// Where the next commit goes: behind the last whole one.
    pub(super) end: usize,
}

/// Reads a journal from `start` on.
///
/// # Errors
/// `Format` where a commit is damaged and a later one is not: acknowledged records are lost.
pub(super) fn replay(bytes: &[u8], start: usize, store: u64) -> Result<Replay> {
    let mut replay = Replay { payloads: Vec::new(), next_seq: 0, end: start };
    while let Some(payload) = commit(bytes, replay.end, store, |seq| seq == replay.next_seq) {
        replay.end = payload.end.next_multiple_of(HEADER_BYTES);
        replay.next_seq += 1;
        replay.payloads.push(payload);
    }
    let mut at = replay.end + HEADER_BYTES;
    while at + HEADER_BYTES <= bytes.len() {
        if bytes[at..].starts_with(&MAGIC) && commit(bytes, at, store, |seq| seq >= replay.next_seq).is_some()
        {
            let error = Error::new(
                ErrorKind::Format,
                "a commit of the store's index is damaged, and later ones are not",
            );
            return Err(error.with("offset", replay.end).with("commit", replay.next_seq));
        }
        at += HEADER_BYTES;
    }
    Ok(replay)
}

/// The payload of a whole commit at `at`, if there is one whose number is expected.
fn commit(bytes: &[u8], at: usize, store: u64, expected: impl Fn(u64) -> bool) -> Option<Range<usize>> {
    let header: &[u8; HEADER_BYTES] = bytes.get(at..)?.first_chunk()?;
    let word = |range: Range<usize>| header[range].first_chunk::<4>().map(|word| u32::from_le_bytes(*word));
    let long = |range: Range<usize>| header[range].first_chunk::<8>().map(|word| u64::from_le_bytes(*word));
    let sound = header[..4] == MAGIC && Checksum::of(&header[..28]).bits() == word(28..32)?;
    if !sound || long(16..24)? != store || !expected(long(8..16)?) {
        return None;
    }
    let start = at + HEADER_BYTES;
    let end = start.checked_add(word(4..8)? as usize).filter(|end| *end <= bytes.len())?;
    (Checksum::of(&bytes[start..end]).bits() == word(24..28)?).then_some(start..end)
}

#[cfg(test)]
mod tests;
