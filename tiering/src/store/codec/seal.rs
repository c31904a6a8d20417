//! Encryption at rest: ChaCha20-Poly1305 (RFC 8439) under a key that only this engine has and that dies with it.
//!
//! Invariant: no two chunks are sealed with one nonce: it is a counter, and the key is new for each sealer. A sealed
//! chunk opens only with the nonce and tag that its record keeps, so bytes that were changed, swapped or replayed on
//! the disk do not open.

use crate::error::{Error, ErrorKind, Result};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce, Tag};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use zeroize::Zeroize;

/// What a sealed chunk opens with, besides the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    nonce: u64,
    tag: [u8; 16],
}

/// Seals and opens chunks. The key is zeroised when it is dropped.
///
/// ```
/// use stratal_tiering::store::codec::Sealer;
/// let sealer = Sealer::new()?;
/// let mut bytes = *b"weights";
/// let seal = sealer.seal(&mut bytes)?;
/// assert_ne!(&bytes, b"weights");
/// sealer.open(&seal, &mut bytes)?;
/// assert_eq!(&bytes, b"weights");
/// # Ok::<(), stratal_tiering::error::Error>(())
/// ```
pub struct Sealer {
    cipher: ChaCha20Poly1305,
    next_nonce: AtomicU64,
}

impl fmt::Debug for Sealer {
    /// Not the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("sealed", &self.next_nonce).finish_non_exhaustive()
    }
}

impl Sealer {
    /// A sealer with a key from the system's generator.
    ///
    /// # Errors
    /// `Io` where the system gives no random bytes.
    pub fn new() -> Result<Self> {
        let mut key = Key::default();
        super::super::random::fill(&mut key)?;
        let cipher = ChaCha20Poly1305::new(&key);
        key.as_mut_slice().zeroize();
        Ok(Self { cipher, next_nonce: AtomicU64::new(0) })
    }

    /// Encrypts `bytes` where they are.
    ///
    /// # Errors
    /// `Unsupported` when the nonces are used up, after 2^64 chunks.
    pub fn seal(&self, bytes: &mut [u8]) -> Result<Seal> {
        let nonce = self.next_nonce.fetch_add(1, Ordering::Relaxed);
        let used_up = || Error::new(ErrorKind::Unsupported, "the key has sealed all it may");
        if nonce == u64::MAX {
            // Stays there: every later call is refused as well.
            self.next_nonce.store(u64::MAX, Ordering::Relaxed);
            return Err(used_up());
        }
        let sealed = self.cipher.encrypt_inout_detached(&whole(nonce), &[], bytes.into());
        let tag = sealed.map_err(|_| used_up())?;
        Ok(Seal { nonce, tag: tag.into() })
    }

    /// Decrypts `bytes` where they are.
    ///
    /// # Errors
    /// `Corrupt` when they are not what was sealed; they are then of no use.
    pub fn open(&self, seal: &Seal, bytes: &mut [u8]) -> Result<()> {
        let opened =
            self.cipher.decrypt_inout_detached(&whole(seal.nonce), &[], bytes.into(), &Tag::from(seal.tag));
        opened.map_err(|_| Error::new(ErrorKind::Corrupt, "a sealed chunk does not open"))
    }
}

/// The twelve bytes of a counted nonce.
fn whole(nonce: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&nonce.to_le_bytes());
    bytes.into()
}

#[cfg(test)]
mod tests;
