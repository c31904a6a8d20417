//! Makes a new safetensors file: header first, then the payload streamed tensor by tensor.
//!
//! The header is padded with spaces so that the payload starts on a 4096-byte boundary, which makes direct reads of
//! it aligned. Bytes go to a temporary name beside the target, which is renamed into place once they are complete
//! and synced: whoever opens the target sees the old file or the whole new one, and an open home never changes.

use super::super::catalogue::TensorEntry;
use super::super::dtype::StoredDtype;
use super::header;
use crate::error::{Error, ErrorKind, Result};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The payload starts on a multiple of this.
const PAYLOAD_ALIGNMENT: usize = 4096;
const BUFFER_BYTES: usize = 256 << 10;

/// What a tensor will be: name, dtype and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Unique name.
    pub name: String,
    /// How its elements are stored.
    pub dtype: StoredDtype,
    /// Dims, outermost first.
    pub shape: Vec<usize>,
}

impl TensorSpec {
    /// A tensor called `name`, of `dtype` and `shape` (elements; of a [`DType`](stratal_runtime::tensor::DType) those
    /// of a tensor, so pairs where it packs two).
    #[must_use]
    pub fn new(name: impl Into<String>, dtype: impl Into<StoredDtype>, shape: impl Into<Vec<usize>>) -> Self {
        Self { name: name.into(), dtype: dtype.into(), shape: shape.into() }
    }
}

/// Writes one safetensors file; without [`finish`](Self::finish) nothing of it remains.
///
/// ```
/// use stratal_runtime::tensor::DType;
/// use stratal_tiering::origin::{TensorSpec, Writer};
/// # fn main() -> stratal_tiering::error::Result<()> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("model.safetensors");
/// let specs = [TensorSpec::new("a", DType::U8, [3]), TensorSpec::new("b", DType::BF16, [2, 2])];
/// let mut writer = Writer::create(&path, &specs, &[("format", "pt")])?;
/// writer.tensor("a", &[1, 2, 3])?;
/// writer.append(&[0; 4])?; // a large tensor may come in pieces
/// writer.append(&[0; 4])?;
/// writer.finish()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Writer {
    file: BufWriter<File>,
    partial: Partial,
    target: PathBuf,
    entries: Vec<TensorEntry>,
    /// Index of the tensor that the next byte belongs to; empty tensors are skipped.
    current: usize,
    /// Bytes of it that are written.
    written: u64,
}

impl Writer {
    /// Starts `path` with a header for `tensors`, in that order, and free-form `metadata`.
    ///
    /// # Errors
    /// `Format` when the header would not be accepted (two tensors with one name, a name that is refused, a size
    /// that cannot exist), `Io` and its kin when the system refuses the file; they name the file.
    pub fn create(path: impl AsRef<Path>, tensors: &[TensorSpec], metadata: &[(&str, &str)]) -> Result<Self> {
        let path = path.as_ref();
        Self::start(path, tensors, metadata).map_err(|error| error.with("file", path.display()))
    }

    fn start(path: &Path, tensors: &[TensorSpec], metadata: &[(&str, &str)]) -> Result<Self> {
        let (text, payload_bytes) = header_text(tensors, metadata)?;
        let start = header::PREFIX_BYTES + text.len() as u64;
        let (catalogue, _) = header::parse(text.as_bytes(), start + payload_bytes)?.into_parts();
        let mut entries = Vec::with_capacity(tensors.len());
        for spec in tensors {
            entries.extend(catalogue.get(&spec.name).cloned());
        }
        let (partial, file) = Partial::create(path)?;
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, file);
        file.write_all(&(text.len() as u64).to_le_bytes())?;
        file.write_all(text.as_bytes())?;
        let mut writer = Self { file, partial, target: path.to_owned(), entries, current: 0, written: 0 };
        writer.skip_complete();
        Ok(writer)
    }

    /// Writes the whole of the next tensor, which must be `name` (empty tensors may be left out).
    ///
    /// # Errors
    /// `Format` when another tensor is due or `bytes` is not its length; `Io` and its kin.
    pub fn tensor(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let Some(due) = self.entries.get(self.current) else {
            return if bytes.is_empty() { Ok(()) } else { Err(self.wrong("the file is complete", name)) };
        };
        if bytes.is_empty() && self.entries.iter().any(|entry| entry.bytes == 0 && *entry.name == *name) {
            return Ok(());
        }
        if *due.name != *name || self.written != 0 {
            let message = format!("`{}` is due at its byte {}", due.name, self.written);
            return Err(self.wrong(message, name));
        }
        if due.bytes != bytes.len() as u64 {
            return Err(self.wrong(format!("it has {} bytes, {} were given", due.bytes, bytes.len()), name));
        }
        self.append(bytes)
    }

    /// Writes the next `bytes` of the payload, at most to the end of the tensor that is due.
    ///
    /// # Errors
    /// `Format` when the tensor has fewer bytes left; `Io` and its kin.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let (name, left) = match self.entries.get(self.current) {
            Some(due) => (&*due.name, due.bytes - self.written),
            None => ("", 0),
        };
        if bytes.len() as u64 > left {
            let message = format!("it has {left} bytes left, {} were given", bytes.len());
            return Err(self.wrong(message, name));
        }
        let named = |error| Error::from(error).with("tensor", name).with("file", self.target.display());
        self.file.write_all(bytes).map_err(named)?;
        self.written += bytes.len() as u64;
        self.skip_complete();
        Ok(())
    }

    /// Syncs the file and gives it its name.
    ///
    /// # Errors
    /// `Truncated` naming the first tensor whose bytes are missing; `Io` and its kin. Nothing is left behind.
    pub fn finish(mut self) -> Result<()> {
        if let Some(due) = self.entries.get(self.current) {
            let message = format!("{} of its {} bytes were written", self.written, due.bytes);
            let lacking = Error::new(ErrorKind::Truncated, message).with("tensor", &due.name);
            return Err(lacking.with("file", self.target.display()));
        }
        let mut publish = || {
            self.file.flush()?;
            self.file.get_ref().sync_all()?;
            std::fs::rename(&self.partial.path, &self.target)
        };
        publish().map_err(|error| Error::from(error).with("file", self.target.display()))?;
        self.partial.published = true;
        Ok(())
    }

    /// Steps over tensors that have all their bytes.
    fn skip_complete(&mut self) {
        while self.entries.get(self.current).is_some_and(|entry| entry.bytes == self.written) {
            self.current += 1;
            self.written = 0;
        }
    }

    fn wrong(&self, message: impl Into<String>, tensor: &str) -> Error {
        Error::new(ErrorKind::Format, message).with("tensor", tensor).with("file", self.target.display())
    }
}

/// A file under its temporary name, locked while it is written, removed unless it was renamed. What a killed writer
/// left behind is not locked, and is taken over.
#[derive(Debug)]
struct Partial {
    path: PathBuf,
    published: bool,
}

impl Partial {
    /// Opens the empty file beside `target`.
    fn create(target: &Path) -> Result<(Self, File)> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let path = target.with_file_name(name);
        loop {
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create(true)
                .truncate(false)
                .custom_flags(libc::O_NOFOLLOW)
                .open(&path)?;
            file.try_lock().map_err(|error| match error {
                TryLockError::WouldBlock => Error::new(ErrorKind::Io, "another writer is making this file"),
                TryLockError::Error(error) => error.into(),
            })?;
            // Before the lock was taken, another writer may have given the file its final name: then it is not ours.
            if is_at(&file, &path)? {
                file.set_len(0)?;
                return Ok((Self { path, published: false }, file));
            }
        }
    }
}

/// Whether `path` still names `file`.
fn is_at(file: &File, path: &Path) -> Result<bool> {
    let own = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (own.dev(), own.ino())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            // A failed removal leaves a `.partial` file, which nobody opens.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The padded header of `tensors` back to back, and the bytes of their payload.
fn header_text(tensors: &[TensorSpec], metadata: &[(&str, &str)]) -> Result<(String, u64)> {
    let mut text = String::from("{");
    if !metadata.is_empty() {
        let pairs: Vec<String> =
            metadata.iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
        text += &format!("\"__metadata__\":{{{}}}", pairs.join(","));
    }
    let mut begin = 0u64;
    for spec in tensors {
        let impossible = || {
            let message = format!("shape {:?} of {} has no byte size that can exist", spec.shape, spec.dtype);
            Error::new(ErrorKind::Format, message).with("tensor", &spec.name)
        };
        let unknown = || {
            let message = format!("the format has no dtype for a tensor of {}", spec.dtype);
            Error::new(ErrorKind::Unsupported, message).with("tensor", &spec.name)
        };
        let bytes = spec.dtype.bytes_of(&spec.shape).ok_or_else(impossible)?;
        let (dtype, shape) = spec.dtype.stored_as(&spec.shape).ok_or_else(unknown)?;
        let end = begin.checked_add(bytes).ok_or_else(impossible)?;
        let comma = if text.len() > 1 { "," } else { "" };
        let name = quoted(&spec.name);
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "{comma}{name}:{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{begin},{end}]}}"
        );
        begin = end;
    }
    text.push('}');
    let unpadded = header::PREFIX_BYTES as usize + text.len();
    let padding = unpadded.next_multiple_of(PAYLOAD_ALIGNMENT) - unpadded;
    text.extend(std::iter::repeat_n(' ', padding));
    Ok((text, begin))
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
