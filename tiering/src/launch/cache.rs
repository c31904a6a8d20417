//! Images of compiled kernels on disk, by what they were made of.
//!
//! An entry is a file named after a hash of its key: source, name, options, capability and the compiler's version. It
//! holds the key too, so two keys of one hash never share an image.
//!
//! ```text
//! | "stratal-image-1\n" 16 | key bytes u64 | image bytes u64 | key | image | sum u64 of all before |   little endian
//! ```
//!
//! Invariants: an entry appears whole, by a rename, whoever else writes it at that moment; one that is cut, longer,
//! changed or of another key is not used and gets written anew; the folder stays below its bound, the entries that were
//! used least recently going first. Nothing here fails a launch: what cannot be read or kept is compiled.

use crate::device::{Driver, Image, Source};
use crate::error::Result;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

const MAGIC: &[u8; 16] = b"stratal-image-1\n";
/// Bytes that all entries of a user have together, at most.
const BYTES_MAX: u64 = 256 << 20;
/// What a process that died was writing is removed after this.
const STALE: Duration = Duration::from_secs(3600);

/// A folder of images.
///
/// Launches use that of [`Cache::of_user`]: the folder in `STRATAL_KERNEL_CACHE`, else `stratal/kernels` in
/// `XDG_CACHE_HOME`, else in `.cache` of the home folder; none where the variable is `off`.
///
/// ```
/// use stratal_tiering::device::Image;
/// use stratal_tiering::launch::Cache;
/// let folder = std::env::temp_dir().join(format!("stratal-doc-{}", std::process::id()));
/// let cache = Cache::at(&folder, 1 << 20);
/// assert!(cache.fetch(b"source, options, compiler").is_none());
/// cache.keep(b"source, options, compiler", &Image(vec![7; 100]));
/// assert_eq!(cache.fetch(b"source, options, compiler"), Some(Image(vec![7; 100])));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    bytes_max: u64,
}

impl Cache {
    /// The cache in a folder, which is made when something is first kept, of at most `bytes_max` bytes.
    #[must_use]
    pub fn at(folder: &Path, bytes_max: u64) -> Self {
        Self { folder: folder.to_owned(), bytes_max }
    }

    /// The user's, of at most 256 MiB.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let folder = match variable("STRATAL_KERNEL_CACHE") {
            Some(value) if value == OsStr::new("off") => return None,
            Some(value) => PathBuf::from(value),
            None => {
                let caches = variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
                let caches = caches.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")))?;
                caches.join("stratal").join("kernels")
            }
        };
        Some(Self::at(&folder, BYTES_MAX))
    }

    /// What an image is made of.
    pub(super) fn key(&self, driver: &Arc<dyn Driver>, source: &Source<'_>) -> Result<Vec<u8>> {
        let (compiler, capability) = (driver.compiler()?, driver.properties().capability);
        let Source { text, name, options } = source;
        Ok(format!("{compiler}\n{capability:?}\n{options:?}\n{name:?}\n{text}").into_bytes())
    }

    /// The image that was kept under a key; none if it is not there, or not as it was written.
    #[must_use]
    pub fn fetch(&self, key: &[u8]) -> Option<Image> {
        let path = self.path(key);
        let image = parse(&std::fs::read(&path).ok()?, key)?;
        // The time of its last use. Best effort: a folder that is not ours to write serves all the same.
        if let Ok(file) = std::fs::File::options().append(true).open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(image)
    }

    /// Keeps an image, if it can.
    pub fn keep(&self, key: &[u8], image: &Image) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let entry = entry(key, image);
        if entry.len() as u64 > self.bytes_max || std::fs::create_dir_all(&self.folder).is_err() {
            return;
        }
        let (number, process) = (NEXT.fetch_add(1, Ordering::Relaxed), std::process::id());
        let fresh = self.folder.join(format!(".{process}-{number}"));
        let kept = std::fs::write(&fresh, entry).and_then(|()| std::fs::rename(&fresh, self.path(key)));
        if kept.is_err() {
            let _ = std::fs::remove_file(&fresh);
        }
        self.bound();
    }

    fn path(&self, key: &[u8]) -> PathBuf {
        // Two sums of different starts: the key itself is compared after all.
        self.folder.join(format!("{:016x}{:016x}.image", sum(0, key), sum(0x9e37_79b9_7f4a_7c15, key)))
    }

    /// Removes what was used least recently until the rest is within the bound.
    fn bound(&self) {
        let Ok(folder) = std::fs::read_dir(&self.folder) else { return };
        let mut entries = Vec::new();
        for entry in folder.flatten() {
            let (path, Ok(about)) = (entry.path(), entry.metadata()) else { continue };
            let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                if used.elapsed().is_ok_and(|age| age > STALE) {
                    let _ = std::fs::remove_file(path);
                }
            } else if path.extension() == Some(OsStr::new("image")) {
                entries.push((used, about.len(), path));
            }
        }
        let mut total: u64 = entries.iter().map(|(_, len, _)| len).sum();
        entries.sort();
        for (_, len, path) in entries {
            if total <= self.bytes_max {
                return;
            }
            let _ = std::fs::remove_file(path);
            total -= len;
        }
    }
}

/// FNV-1a over 64 bits, from a start that `seed` moves: to notice damage, not to resist an attacker, who could as well
/// replace the program.
fn sum(seed: u64, bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    bytes.iter().fold(start, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn entry(key: &[u8], image: &Image) -> Vec<u8> {
    let mut entry = Vec::with_capacity(40 + key.len() + image.0.len());
    entry.extend_from_slice(MAGIC);
    entry.extend_from_slice(&(key.len() as u64).to_le_bytes());
    entry.extend_from_slice(&(image.0.len() as u64).to_le_bytes());
    entry.extend_from_slice(key);
    entry.extend_from_slice(&image.0);
    entry.extend_from_slice(&sum(0, &entry).to_le_bytes());
    entry
}

/// The image of an entry that is whole and of this key.
fn parse(entry: &[u8], key: &[u8]) -> Option<Image> {
    let (body, found) = entry.split_last_chunk::<8>()?;
    if sum(0, body) != u64::from_le_bytes(*found) {
        return None;
    }
    let rest = body.strip_prefix(MAGIC)?;
    let (key_len, rest) = rest.split_first_chunk::<8>()?;
    let (image_len, rest) = rest.split_first_chunk::<8>()?;
    let image = rest.strip_prefix(key)?;
    let lengths = (u64::from_le_bytes(*key_len), u64::from_le_bytes(*image_len));
    (lengths == (key.len() as u64, image.len() as u64)).then(|| Image(image.to_vec()))
}

#[cfg(test)]
mod tests;
